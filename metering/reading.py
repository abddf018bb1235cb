"""A reading as a row of integers, and the meter it belongs to.

A row is a plain tuple because a million of them pass through in seconds; `ROW_FIELDS` names its places.
"""

import re
from dataclasses import dataclass
from typing import Self

from metering.quantity import COLUMNS

# seq >= 1, channel >= 1, taken_ms UTC ms since 1970 or None while undated, then the quantities or None.
Row = tuple[int | None, ...]
ROW_FIELDS: tuple[str, ...] = ("seq", "channel", "taken_ms", *COLUMNS)
SEQ, CHANNEL, TAKEN_MS, FIRST_VALUE = 0, 1, 2, 3

# No zero in front, so that a meter has one key only; five digits, because channels have 16 bits at most.
_KEY = re.compile(r"(.+)/([1-9][0-9]{0,4})", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Meter:
    """One channel of one source; its key `garage/1` is its name for ever."""

    source: str
    channel: int

    @property
    def key(self) -> str:
        return f"{self.source}/{self.channel}"

    @classmethod
    def parse(cls, key: str) -> Self:
        """The meter of a key; ValueError says what was expected."""
        found = _KEY.fullmatch(key)
        if not found:
            raise ValueError(f"meter {key[:40]!r} is not <source>/<channel>, for example garage/1")
        return cls(found[1], int(found[2]))
