"""One field of a line: how its text is read, checked and written.

Knows nothing of tags, order or CRC: edge/line.py puts fields together into lines.
"""

import re
from dataclasses import dataclass


class Impossible(ValueError):
    """A field that no device of ours can have meant; the message names field, text and expectation."""


@dataclass(frozen=True, slots=True)
class Number:
    """A field of decimal digits; `factor` turns what is sent into our small unit, `empty` may be missing.

    `left_out` is what a field at the line's end means when the line ends before it.
    """

    name: str
    least: int
    most: int
    factor: int = 1
    empty: bool = False
    left_out: str | None = None

    def read(self, text: str) -> int | None:
        if self.empty and not text:
            return None
        # str.isdigit accepts superscripts and int() accepts "1_0" and " 1": neither is sent by a device.
        if not (text.isascii() and text.isdigit() and self.least <= int(text) <= self.most):
            raise Impossible(f"{self.name} {text!r} is not a number in {self.least}..{self.most}")
        return int(text) * self.factor

    def write(self, value: int | None) -> str:
        return "" if value is None else str(value // self.factor)


@dataclass(frozen=True, slots=True)
class Word:
    """A field of a few safe characters."""

    name: str
    pattern: re.Pattern[str]
    left_out: str | None = None

    def read(self, text: str) -> str:
        if not self.pattern.fullmatch(text):
            raise Impossible(f"{self.name} {text!r} does not match {self.pattern.pattern}")
        return text

    def write(self, value: str) -> str:
        return value


Field = Number | Word
