"""What is shown of a stretch of time: for each meter its series, blanks and energy, and the rows of the table.

Arithmetic on what History counts; figures and words come later.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from metering.quantity import BY_NAME
from metering.reading import Meter
from metering.rollup import MINUTE_MS
from pages.picked import Picked
from pages.series import (
    DAY_MS,
    Blank,
    Point,
    Series,
    blanks_of,
    grid_ms,
    nice_ms,
    read,
    watch_ms,
)
from pages.usage import Usage, usage
from store.history import History

# Of one chart: about one point for every two pixels of a laptop.
MOST_POINTS = 400
# A chart of more lines is a tangle; the table holds the others too.
MOST_LINES = 12
# Looked up for one page; each takes some 20 ms on a PC. Who has more picks one.
MOST_METERS = 64
# Up to so long silence is looked for minute by minute; beyond, a gap shorter than a point of the chart is too narrow to
# be drawn, and the minutes that have readings are counted.
FINE_MS = 2 * DAY_MS


@dataclass(frozen=True, slots=True)
class Row:
    """One meter in one hour, day or month: energy, its readings by quantity, and the time without any."""

    meter: Meter
    from_ms: int
    to_ms: int
    energy_wh: int | None
    readings: int
    points: dict[str, Point | None]
    blank_ms: int


@dataclass(frozen=True, slots=True)
class Line:
    """One meter. `known` is the part of the stretch between its first reading and its last one or now."""

    meter: Meter
    known: tuple[int, int]
    series: dict[str, Series]
    blanks: tuple[Blank, ...]
    usage: Usage
    rows: tuple[Row, ...]

    @property
    def blank_ms(self) -> int:
        return sum(row.blank_ms for row in self.rows)

    @property
    def known_ms(self) -> int:
        return max(0, self.known[1] - self.known[0])


@dataclass(frozen=True, slots=True)
class Stretch:
    picked: Picked
    bucket_ms: int
    lines: tuple[Line, ...]

    @property
    def is_empty(self) -> bool:
        return not any(row.readings or any(row.points.values()) for line in self.lines for row in line.rows)

    @property
    def drawn(self) -> tuple[Line, ...]:
        """The lines that charts show."""
        return self.lines[:MOST_LINES]

    @property
    def rows(self) -> list[Row]:
        """Of all meters, in order of time."""
        rows = (row for line in self.lines for row in line.rows)
        return sorted(rows, key=lambda row: (row.from_ms, row.meter))


def stretch(history: History, picked: Picked, now_ms: int, pace_of: Callable[[Meter], int]) -> Stretch:
    """All that was picked, up to now: what is still to come has no rows. `pace_of`: a meter's usual interval in ms."""
    least = -(-(picked.to_ms - picked.from_ms) // MOST_POINTS)
    pace = max(map(pace_of, picked.meters), default=0)
    # A bucket narrower than the pace would be empty between two readings and look like a gap.
    bucket_ms = nice_ms(max(least, 2 * pace if pace > 1_000 else pace))
    lines = (_line(history, meter, picked, bucket_ms, pace, now_ms) for meter in picked.meters[:MOST_METERS])
    return Stretch(picked, bucket_ms, tuple(lines))


def _line(history: History, meter: Meter, picked: Picked, bucket_ms: int, pace: int, now_ms: int) -> Line:
    from_ms, to_ms = picked.from_ms, picked.to_ms
    span = history.span_ms(meter) or (to_ms, to_ms)
    known = (max(from_ms, span[0]), min(to_ms, now_ms, max(span[1], from_ms)))
    begin_ms = grid_ms(from_ms, bucket_ms, picked.zone)
    series = {
        name: read(history, meter, BY_NAME[name].column, from_ms, to_ms, bucket_ms, begin_ms)
        for name in picked.quantities
    }
    until_ms = min(to_ms, max(now_ms, from_ms + 1))
    used = usage(history, meter, picked.bars, from_ms, until_ms, picked.zone)
    # What was before the meter's life is no row of dashes; its bars are all there, since those of meters are added up.
    lived = [bucket for bucket in used.buckets if bucket.to_ms > span[0]]
    fine = to_ms - from_ms <= FINE_MS
    if fine:
        width = watch_ms(pace)
        watched = read(
            history, meter, "power_mw", from_ms, to_ms, width, grid_ms(from_ms, width, picked.zone)
        )
    else:
        watched = next(iter(series.values()))
    empty = tuple(blanks_of(history, meter, watched, known))
    spans = [(bucket.from_ms, bucket.to_ms) for bucket in lived]
    points = {name: _points(history, meter, BY_NAME[name].column, spans) for name in series}
    missing = (
        [sum(_overlap((blank.from_ms, blank.to_ms), span) for blank in empty) for span in spans]
        if fine
        else _missing(history, meter, spans, known, max(pace, MINUTE_MS))
    )
    rows = tuple(
        Row(
            meter,
            bucket.from_ms,
            bucket.to_ms,
            bucket.energy_wh,
            bucket.readings,
            {name: points[name][place] for name in series},
            missing[place],
        )
        for place, bucket in enumerate(lived)
    )
    return Line(meter, known, series, empty, used, rows)


def _points(
    history: History, meter: Meter, column: str, spans: Sequence[tuple[int, int]]
) -> list[Point | None]:
    """The readings of each span; asked for at once where they follow each other and are equally long."""
    widths = {high - low for low, high in spans}
    if len(spans) > 1 and len(widths) == 1 and all(a[1] == b[0] for a, b in pairwise(spans)):
        found = history.buckets(meter, column, spans[0][0], spans[-1][1], widths.pop())
        by_start = {start_ms: Point(*values) for start_ms, *values in found}
        return [by_start.get(low) for low, _high in spans]
    each = (history.buckets(meter, column, low, high, high - low) for low, high in spans)
    return [Point(*buckets[0][1:]) if buckets else None for buckets in each]


def _missing(
    history: History, meter: Meter, spans: Sequence[tuple[int, int]], known: tuple[int, int], step_ms: int
) -> list[int]:
    """The time of each span without a reading, of what is known of the meter; to the step."""
    found = []
    for span in spans:
        seen_ms = _overlap(span, known)
        recorded_ms = history.minutes(meter, *span) * step_ms if seen_ms else 0
        missing = seen_ms - recorded_ms
        found.append(missing if missing >= step_ms else 0)
    return found


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))
