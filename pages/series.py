"""A quantity over a range in equal buckets, and the intervals in which a meter has nothing.

Missing is missing: an empty bucket holds None, and every empty interval carries the cause of its gap, or None
when nothing explains it. Rows are counted by History; no SQL here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

from metering.calendar import day_of, midnight_ms
from metering.gap import GapSum
from metering.reading import Meter
from store.history import History

# Widths that divide days and hours, so that bucket borders fall where clocks show round times.
_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_NICE_MS: tuple[int, ...] = tuple(1000 * s for s in _SECONDS)
DAY_MS = 86_400_000
MINUTE_MS = 60_000
# Empty runs whose gaps are asked for one by one; each asking looks at the boots near it.
MOST_ASKED = 8
# A bucket of two intervals always holds a reading, also when one is late.
INTERVALS_PER_BUCKET = 2
# Where the pace is looked for: a rarer meter than one a day is not watched.
_PACE_WINDOWS_MS = (MINUTE_MS, 30 * MINUTE_MS, DAY_MS)
USUAL_INTERVAL_MS = 1000


@dataclass(frozen=True, slots=True)
class Point:
    """The readings of one bucket: how many, their sum, the lowest, the highest (small units)."""

    n: int
    total: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Series:
    """points[i] covers [from_ms + i * bucket_ms, + bucket_ms); None where there is no reading."""

    from_ms: int
    to_ms: int
    bucket_ms: int
    points: tuple[Point | None, ...]

    def start_ms(self, place: int) -> int:
        return self.from_ms + place * self.bucket_ms

    def joined(self, times: int) -> "Series":
        """The same readings in buckets so many times as wide."""
        groups = [together(self.points[at : at + times]) for at in range(0, len(self.points), times)]
        return Series(self.from_ms, self.to_ms, self.bucket_ms * times, tuple(groups))

    def within(self, from_ms: int, to_ms: int) -> Sequence[Point | None]:
        """The points of the buckets that begin in [from_ms, to_ms)."""
        first = -(-(from_ms - self.from_ms) // self.bucket_ms)
        last = -(-(to_ms - self.from_ms) // self.bucket_ms)
        return self.points[max(0, first) : max(0, last)]

    def highest(self) -> tuple[int, int] | None:
        """(start_ms, value) of the bucket with the highest reading."""
        tops = [(point.most, -place) for place, point in enumerate(self.points) if point]
        return (self.start_ms(-max(tops)[1]), max(tops)[0]) if tops else None


@dataclass(frozen=True, slots=True)
class Blank:
    """An interval without readings of a meter; cause None: nothing explains it."""

    from_ms: int
    to_ms: int
    cause: str | None

    @property
    def ms(self) -> int:
        return self.to_ms - self.from_ms


def together(points: Iterable[Point | None]) -> Point | None:
    """All readings of some points as one point, None when there are none."""
    some = [point for point in points if point]
    if not some:
        return None
    return Point(
        sum(point.n for point in some),
        sum(point.total for point in some),
        min(point.least for point in some),
        max(point.most for point in some),
    )


def read(
    history: History,
    meter: Meter,
    column: str,
    from_ms: int,
    to_ms: int,
    bucket_ms: int,
    begin_ms: int | None = None,
) -> Series:
    """The values in [from_ms, to_ms), in buckets that begin at begin_ms, at from_ms unless told otherwise."""
    begin_ms = from_ms if begin_ms is None else begin_ms
    points: list[Point | None] = [None] * -(-(to_ms - begin_ms) // bucket_ms)
    for start_ms, n, total, least, most in history.buckets(
        meter, column, from_ms, to_ms, bucket_ms, begin_ms
    ):
        points[(start_ms - begin_ms) // bucket_ms] = Point(n, total, least, most)
    return Series(begin_ms, to_ms, bucket_ms, tuple(points))


def nice_ms(least_ms: int) -> int:
    """The smallest round bucket width that is not below least_ms."""
    for width in _NICE_MS:
        if width >= least_ms:
            return width
    return -(-least_ms // DAY_MS) * DAY_MS


def grid_ms(from_ms: int, bucket_ms: int, zone: ZoneInfo) -> int:
    """Where the bucket of from_ms begins when they are counted from its midnight: round times, and rollups fit."""
    midnight = midnight_ms(day_of(from_ms, zone), zone)
    return from_ms - (from_ms - midnight) % bucket_ms if bucket_ms < DAY_MS else midnight


def pace_ms(history: History, meter: Meter) -> int:
    """The usual time between two readings of a meter: the median over its newest ones."""
    span = history.span_ms(meter)
    for window in _PACE_WINDOWS_MS if span else ():
        assert span is not None
        times = [row[2] for row in history.rows(meter, span[1] - window, span[1] + 1)]
        steps = sorted(after - before for before, after in pairwise(times))
        if steps:
            return max(1, int(steps[len(steps) // 2]))
    return USUAL_INTERVAL_MS


def watch_ms(interval_ms: int) -> int:
    """The finest bucket in which silence shows: a minute, or more where readings are rarer."""
    return max(MINUTE_MS, nice_ms(INTERVALS_PER_BUCKET * interval_ms))


def blanks_of(history: History, meter: Meter, series: Series, known: tuple[int, int]) -> list[Blank]:
    """Its empty intervals with their causes; where none is empty no gap is looked for."""
    found: list[Blank] = []
    for runs in _close(list(_empty_runs(series, known))):
        found += _named(runs, series, gaps_near(history, meter, series, runs[0][0], runs[-1][1]))
    return found


def gaps_near(history: History, meter: Meter, series: Series, from_ms: int, to_ms: int) -> list[GapSum]:
    """What may explain an empty interval there; gaps closer than a bucket could not be told apart."""
    slack_ms = series.bucket_ms
    found = history.gap_sums(from_ms - slack_ms, to_ms + slack_ms, slack_ms)
    return [gap for gap in found if gap.source == meter.source]


def _close(runs: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Runs that are asked for together: a few each by itself, many as one."""
    if len(runs) <= MOST_ASKED:
        return [[run] for run in runs]
    return [runs]


def blanks(series: Series, known: tuple[int, int], gaps: Sequence[GapSum]) -> list[Blank]:
    """The empty intervals of a series inside known = [first reading, last reading or now]."""
    return _named(_empty_runs(series, known), series, gaps)


def _named(runs: Iterable[tuple[int, int]], series: Series, gaps: Sequence[GapSum]) -> list[Blank]:
    return [blank for run in runs for blank in _explained(*run, series.bucket_ms, gaps)]


def _empty_runs(series: Series, known: tuple[int, int]) -> Iterator[tuple[int, int]]:
    begun: int | None = None
    for place, point in enumerate((*series.points, Point(0, 0, 0, 0))):
        at_ms = min(series.start_ms(place), series.to_ms)
        if point is None and begun is None:
            begun = at_ms
        elif point is not None and begun is not None:
            from_ms, to_ms = max(begun, known[0]), min(at_ms, known[1])
            if from_ms < to_ms:
                yield from_ms, to_ms
            begun = None


def _explained(from_ms: int, to_ms: int, slack_ms: int, gaps: Sequence[GapSum]) -> Iterator[Blank]:
    """One empty run cut into the gaps that explain it; their own edges are finer than the buckets'."""
    at_ms = from_ms
    for low, high, cause in sorted(_touching(from_ms, to_ms, slack_ms, gaps)):
        if high <= at_ms:
            continue
        if low - at_ms > slack_ms:
            yield Blank(at_ms, low, None)
            at_ms = low
        yield Blank(max(low, at_ms) if at_ms > from_ms else low, high, cause)
        at_ms = high
    # What is left of a last bucket is rounding when a gap came before it, and a blank of its own otherwise.
    if to_ms - at_ms > slack_ms or at_ms == from_ms:
        yield Blank(at_ms, to_ms, None)


def _touching(
    from_ms: int, to_ms: int, slack_ms: int, gaps: Sequence[GapSum]
) -> Iterator[tuple[int, int, str]]:
    for gap in gaps:
        if gap.from_ms is None or gap.to_ms is None or not gap.explained:
            continue
        if gap.from_ms < to_ms and gap.to_ms > from_ms:
            yield max(gap.from_ms, from_ms - slack_ms), min(gap.to_ms, to_ms + slack_ms), gap.cause
