"""Sealing: what stays of one meter's hour when its rows are pruned; it is never computed again.

Pure values. A seal has enough for sums, means, extremes and energy of its hour, and the digest of the rows it was
made of, so that a twin that still has them can be compared with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metering.energy import differences
from metering.quantity import COLUMNS
from store.digest import digest_of

# Counter values kept of one hour: the first, the last, and both sides of each reset, wrap or exchange. A counter that
# turns more often than seven times an hour is broken, and its energy is anybody's guess.
MOST_COUNTERS = 16
_FIRST_VALUE = 3
_ENERGY: int = _FIRST_VALUE + COLUMNS.index("energy_wh")

Counter = tuple[int, int, int, int]  # boot, seq, taken_ms, energy_wh
Sum = tuple[int, int, int, int]  # how many values, their sum, the least, the most (small units)


@dataclass(frozen=True, slots=True)
class Seal:
    """One channel in one UTC hour (since 1970), made of `rows` readings of which `seq` was the last.

    `counters` in order of time; `sums` by column, without those in which everything was missing; `digest` in hex.
    """

    channel: int
    hour: int
    seq: int
    rows: int
    counters: tuple[Counter, ...]
    sums: Mapping[str, Sum]
    digest: str


def sealed(channel: int, hour: int, rows: Sequence[tuple[Any, ...]]) -> Seal:
    """The seal of at least one row (boot, seq, taken_ms, *values in QUANTITIES order), by taken_ms, boot, seq."""
    columns = list(zip(*rows, strict=True))[_FIRST_VALUE:]
    sums = {name: total for name, values in zip(COLUMNS, columns, strict=True) if (total := _sum(values))}
    counters = [(row[0], row[1], row[2], row[_ENERGY]) for row in rows if row[_ENERGY] is not None]
    return Seal(channel, hour, rows[-1][1], len(rows), _kept(counters), sums, digest_of(rows))


def _sum(values: Sequence[int | None]) -> Sum | None:
    known = [value for value in values if value is not None]
    return (len(known), sum(known), min(known), max(known)) if known else None


def _kept(counters: Sequence[Counter]) -> tuple[Counter, ...]:
    """Enough of them that their differences add up to the same energy: the ends, and both sides of each turn."""
    if not counters:
        return ()
    places = {0, len(counters) - 1}
    steps = differences((taken_ms, wh) for _boot, _seq, taken_ms, wh in counters)
    for place, step in enumerate(steps, 1):
        if step.event and len(places) <= MOST_COUNTERS - 2:
            places |= {place - 1, place}
    return tuple(counters[place] for place in sorted(places))
