"""Sets of S1 lines: which earlier boots a device still holds records of, once the set is complete.

A hello says how many S1 lines follow it. A set is believed when it came in one piece (one datagram, or lines
in a row), because lines of two hellos that overtook each other could otherwise make a set that never was, and
a boot that is wrongly ended loses records. A set that came in pieces counts when the next hello repeats it.
"""

from edge.boots import Boot, Sender
from edge.line import Hello


class EarlierSets:
    def __init__(self) -> None:
        self._boot: Boot | None = None
        self._awaited = 0
        self._named: set[int] = set()
        self._whole = True
        self._before: tuple[Boot, frozenset[int]] | None = None
        self._sender: Sender | None = None

    def begin(self, sender: Sender) -> None:
        """Lines that arrived together begin here."""
        self._whole = self._whole and sender is self._sender
        self._sender = sender

    def interrupt(self) -> None:
        """Something else came between: what follows may belong to another hello."""
        self._whole = False

    def hello(self, boot: Boot, hello: Hello) -> None:
        self._boot, self._awaited, self._named, self._whole = boot, hello.earlier, set(), True

    def name(self, boot: Boot) -> None:
        """An S1 line names an earlier boot; those of other devices belong to other sets."""
        if self._boot and boot.stream.source == self._boot.stream.source:
            self._named.add(boot.wire_boot)

    def complete(self) -> tuple[Boot, frozenset[int]] | None:
        """The newer boot and the earlier ones it names, when its set has just become complete."""
        if self._boot is None or len(self._named) < self._awaited:
            return None
        found = (self._boot, frozenset(self._named))
        self._boot = None
        believed = self._whole or (
            self._before is not None and self._before[0] is found[0] and self._before[1] == found[1]
        )
        self._before = found
        return found if believed else None
