"""A reading as a row of integers, and the meter it belongs to.

A row is a plain tuple because a million of them pass through in seconds; `ROW_FIELDS` names its places.
"""

from dataclasses import dataclass
from typing import Self

from metering.quantity import COLUMNS

# seq >= 1, channel >= 1, taken_ms UTC ms since 1970 or None while undated, then the quantities or None.
Row = tuple[int | None, ...]
ROW_FIELDS: tuple[str, ...] = ("seq", "channel", "taken_ms", *COLUMNS)
SEQ, CHANNEL, TAKEN_MS, FIRST_VALUE = 0, 1, 2, 3


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
        source, slash, channel = key.rpartition("/")
        if not (slash and source and channel.isascii() and channel.isdigit()):
            raise ValueError(f"meter {key!r} is not <source>/<channel>, for example garage/1")
        return cls(source, int(channel))
