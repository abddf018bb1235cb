"""Digests: a proof of what a twin holds of one meter in one UTC hour; equal when the rows are equal, to the last bit.

blake2b (RFC 7693) of 16 bytes over the rows as a JSON list of [boot, seq, taken_ms, values...], in the order of boot
and seq. It is worked out from the rows as they lie on disk whenever it is asked for: one that was remembered would
prove what had been written, not what is there.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Protocol

import orjson

from metering.energy import HOUR_MS
from metering.quantity import COLUMNS
from metering.reading import Meter
from store.meters import Meters

DIGEST_BYTES = 16

Name = tuple[str, int, int]  # source, boot, seq


class Scanned(Protocol):
    """What both layouts offer; tuples begin (boot, seq, taken_ms, ...)."""

    meters: Meters
    intact: str

    def scan(
        self, meter: Meter, from_ms: int, to_ms: int, columns: str = ..., also: str = ...
    ) -> Iterator[tuple[Any, ...]]: ...


class Seal(Protocol):
    """What is kept of an hour whose rows were pruned (store/sealing.py)."""

    @property
    def rows(self) -> int: ...
    @property
    def digest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class HourDigest:
    """What one twin holds of a meter between hour_ms and an hour later; `rows` is never 0."""

    meter: Meter
    hour_ms: int
    rows: int
    digest: str
    sealed: bool = field(default=False, compare=False)  # the rows themselves were pruned here


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One intact row: its channel, its date and its values in the order of the columns asked for."""

    channel: int
    taken_ms: int
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """The intact rows of a source between two instants, by their names; `damaged` ones are only counted."""

    rows: dict[tuple[int, int], HeldRow]
    damaged: int


def digest_of(rows: Iterable[Sequence[Any]]) -> str:
    """The digest of rows [boot, seq, taken_ms, values...] in any order, as 32 hex digits."""
    # A damaged row may hold what JSON has no word for: then it only has to differ.
    return blake2b(orjson.dumps(sorted(rows), default=repr), digest_size=DIGEST_BYTES).hexdigest()


class Content:
    """What one twin holds, for comparing; `columns` are those that both twins know.

    `sealed` gives the seal of (meter, UTC hour). It stands for the rows that were pruned, as long as there are more of
    them than are here, and can be compared only with a digest of the same columns.
    """

    def __init__(
        self,
        rows: Scanned,
        columns: Sequence[str] = COLUMNS,
        sealed: Callable[[Meter, int], Seal | None] = lambda _meter, _hour: None,
    ) -> None:
        self._rows = rows
        self._sealed = sealed if tuple(columns) == COLUMNS else lambda _meter, _hour: None
        self._columns = ", ".join(columns)

    def digest(
        self, meter: Meter, hour_ms: int, without: Collection[tuple[int, int]] = ()
    ) -> HourDigest | None:
        """The digest of one hour, leaving out the (boot, seq) in `without`; None when nothing is left."""
        rows = list(self._rows.scan(meter, hour_ms, hour_ms + HOUR_MS, self._columns))
        seal = self._sealed(meter, hour_ms // HOUR_MS)
        if seal is not None and seal.rows > len(rows):
            return HourDigest(meter, hour_ms, seal.rows, seal.digest, sealed=True)
        if without:
            rows = [row for row in rows if (row[0], row[1]) not in without]
        return HourDigest(meter, hour_ms, len(rows), digest_of(rows)) if rows else None

    def digests(
        self, from_ms: int, to_ms: int, most_rows: int, without: Collection[Name] = ()
    ) -> tuple[list[HourDigest], int]:
        """The digests of whole hours from from_ms, and up to where: the hour in which most_rows was reached ends it."""
        found: list[HourDigest] = []
        rows, meters = 0, self._rows.meters.all()
        apart: dict[str, set[tuple[int, int]]] = {}
        for source, boot, seq in without:
            apart.setdefault(source, set()).add((boot, seq))
        for hour_ms in range(from_ms, to_ms, HOUR_MS):
            hour = [self.digest(meter, hour_ms, apart.get(meter.source, ())) for meter in meters]
            found += [each for each in hour if each]
            rows += sum(each.rows for each in hour if each)
            if rows >= most_rows:
                return found, hour_ms + HOUR_MS
        return found, to_ms

    def held(self, source: str, from_ms: int, to_ms: int) -> Held:
        """Every row of a source in [from_ms, to_ms)."""
        rows: dict[tuple[int, int], HeldRow] = {}
        damaged = 0
        columns = f"{self._columns}, {self._rows.intact}"
        for meter in self._rows.meters.all():
            if meter.source == source:
                for boot, seq, taken_ms, *values, intact in self._rows.scan(meter, from_ms, to_ms, columns):
                    damaged += not intact
                    if intact:
                        rows[boot, seq] = HeldRow(meter.channel, taken_ms, tuple(values))
        return Held(rows, damaged)
