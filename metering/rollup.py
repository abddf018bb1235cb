"""Rollups: a meter's readings in a stretch of time as counts, sums, extremes and the way of its counter; pure.

A rollup of a longer stretch is made of those of shorter ones, and is then the same as if it had been made of all
their readings: the energy between two neighbours is the difference of the counters on either side.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from metering.energy import Step, differences, step
from metering.quantity import COLUMNS

MINUTE_MS = 60_000
QUARTER_MS = 15 * MINUTE_MS
_TAKEN_MS, _FIRST_VALUE = 2, 3
_ENERGY: int = _FIRST_VALUE + COLUMNS.index("energy_wh")


class Sum(NamedTuple):
    """The values of one quantity: how many, their sum, the least and the most (small units)."""

    n: int
    total: int
    least: int
    most: int

    def joined(self, other: "Sum | None") -> "Sum":
        """With the values of another one."""
        if other is None:
            return self
        extremes = min(self.least, other.least), max(self.most, other.most)
        return Sum(self.n + other.n, self.total + other.total, *extremes)


class Way(NamedTuple):
    """A meter's counter from its first to its last value (UTC ms, Wh): what it moved, and how often it turned.

    `turns`: resets, wraps and exchanged meters on the way (metering/energy.py).
    """

    first_ms: int
    first_wh: int
    last_ms: int
    last_wh: int
    used_wh: int = 0
    turns: int = 0

    @property
    def first(self) -> tuple[int, int]:
        return self.first_ms, self.first_wh

    @property
    def last(self) -> tuple[int, int]:
        return self.last_ms, self.last_wh


@dataclass(frozen=True, slots=True)
class Rollup:
    """`sums` in QUANTITIES order, None where every value was missing; `minutes`: how many of it have readings."""

    start_ms: int
    minutes: int
    sums: tuple[Sum | None, ...]
    way: Way | None


def by_minute(rows: Iterable[tuple[Any, ...]]) -> Iterator[Rollup]:
    """The minutes that have readings, of rows (boot, seq, taken_ms, *values in QUANTITIES order) in order of time."""
    for minute, some in groupby(rows, key=lambda row: row[_TAKEN_MS] // MINUTE_MS):
        found = list(some)
        columns = list(zip(*found, strict=True))[_FIRST_VALUE:]
        counters = [(row[_TAKEN_MS], row[_ENERGY]) for row in found if row[_ENERGY] is not None]
        yield Rollup(minute * MINUTE_MS, 1, tuple(map(_sum, columns)), way(counters))


def by(width_ms: int, rollups: Iterable[Rollup]) -> Iterator[Rollup]:
    """Rollups in order of time as rollups of stretches of width_ms of UTC, a multiple of theirs."""
    for place, some in groupby(rollups, key=lambda rollup: rollup.start_ms // width_ms):
        yield together(place * width_ms, list(some))


def together(start_ms: int, rollups: Sequence[Rollup]) -> Rollup:
    """At least one rollup, in order of time, as one that begins at start_ms."""
    sums = zip(*(rollup.sums for rollup in rollups), strict=True)
    return Rollup(
        start_ms,
        sum(rollup.minutes for rollup in rollups),
        tuple(_joined(some) for some in sums),
        _joined_way([rollup.way for rollup in rollups if rollup.way]),
    )


def between(before: Way, after: Way) -> Step:
    """What the counter did between the last value of one stretch and the first value of the next one."""
    return step(before.last, after.first)


def _sum(values: Sequence[int | None]) -> Sum | None:
    known = [value for value in values if value is not None]
    return Sum(len(known), sum(known), min(known), max(known)) if known else None


def way(counters: Sequence[tuple[int, int]]) -> Way | None:
    """The way of a counter through these (at_ms, energy_wh) in order of time."""
    if not counters:
        return None
    steps = list(differences(counters))
    return Way(
        *counters[0], *counters[-1], sum(each.wh for each in steps), sum(bool(each.event) for each in steps)
    )


def _joined(sums: Iterable[Sum | None]) -> Sum | None:
    known = [each for each in sums if each]
    if not known:
        return None
    counts, totals, leasts, mosts = zip(*known, strict=True)
    return Sum(sum(counts), sum(totals), min(leasts), max(mosts))


def _joined_way(ways: Sequence[Way]) -> Way | None:
    if not ways:
        return None
    steps = [between(before, after) for before, after in pairwise(ways)]
    return Way(
        *ways[0].first,
        *ways[-1].last,
        sum(way.used_wh for way in ways) + sum(each.wh for each in steps),
        sum(way.turns for way in ways) + sum(bool(each.event) for each in steps),
    )
