"""Bytes in any portions in, lines out.

No I/O, no clock; what a line says is edge/line.py's business.

1. A line ends at "\\n"; a "\\r" before it, empty lines, and remarks for people ("# ...") are skipped.
2. Never more than one line is kept: a longer one is reported once as Garbled and skipped up to its "\\n".
3. Whatever came before, the line after the next "\\n" is read.
"""

from edge.line import LINE_BYTES_MOST, Garbled, Line, parse

# What a device says to a person at its serial port; no tag begins so.
REMARK = b"#"


class LineDecoder:
    """One per datagram, closed with end(), or one per serial link for as long as the link is open."""

    def __init__(self) -> None:
        self._begun = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[Line | Garbled]:
        """The lines that these bytes complete, and what turned out not to be one."""
        *pieces, rest = data.split(b"\n")
        found: list[Line | Garbled] = []
        for piece in pieces:
            found += self._continue(piece)
            found += self._finish()
        return found + self._continue(rest)

    def end(self) -> list[Line | Garbled]:
        """No more bytes come: a begun line has lost its end."""
        begun, self._begun, self._skipping = self._begun, b"", False
        return [Garbled(begun, "cut off before its end")] if begun else []

    def _continue(self, piece: bytes) -> list[Line | Garbled]:
        if self._skipping:
            return []
        # One byte more than fits shows that the line is too long.
        self._begun += piece[: LINE_BYTES_MOST + 1 - len(self._begun)]
        if len(self._begun) <= LINE_BYTES_MOST:
            return []
        too_long, self._begun, self._skipping = self._begun, b"", True
        return [parse(too_long)]

    def _finish(self) -> list[Line | Garbled]:
        line, self._begun, self._skipping = self._begun.removesuffix(b"\r"), b"", False
        return [parse(line)] if line and not line.startswith(REMARK) else []
