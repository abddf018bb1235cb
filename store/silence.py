"""Silences: the time between two boots of one source of which nothing is there.

The device was off, so it numbered nothing; or it had numbered some records, and they died with the power of its RAM.
Nobody can tell how many, so they are estimated, and the interval has a cause in either case.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from typing import NamedTuple

from metering.gap import Gap

# A restart of the Mega takes 1-2 s and sensors settle for 5 s more (those have records of their own).
SHORTEST_MS = 5_000
# Boots may overlap by uncertain dates.
NEIGHBOURS = 2


class Span(NamedTuple):
    """One boot: from its first dated row to its last, and how many records it numbered."""

    source: str
    boot: int
    first_ms: int
    last_ms: int
    records: int = 0
    stream: int = 0

    def estimated_in(self, ms: int) -> int | None:
        """About how many records it would have had in this time; None while its pace is not known."""
        lasted_ms = self.last_ms - self.first_ms
        return (self.records * ms + lasted_ms // 2) // lasted_ms if self.records and lasted_ms else None


def near(spans: Sequence[Span], from_ms: int, to_ms: int) -> list[Span]:
    """Those, in order of source and time, that a gap or silence of the range may belong to.

    What lies in the range, and NEIGHBOURS beyond it on either side: a gap at the end of a boot lasts until the next.
    """
    found: list[Span] = []
    for _source, group in groupby(spans, key=lambda span: span.source):
        some = list(group)
        lasts = list(accumulate((span.last_ms for span in some), max))
        low = bisect_left(lasts, from_ms)
        high = bisect_left([span.first_ms for span in some], to_ms)
        found += some[max(0, low - NEIGHBOURS) : high + NEIGHBOURS]
    return found


def silences(spans: Iterable[Span]) -> Iterator[Gap]:
    """Gaps `device-off` between spans of the same source."""
    in_time = sorted(spans, key=lambda span: (span.source, span.first_ms))
    for source, group in groupby(in_time, key=lambda span: span.source):
        last: Span | None = None
        for span in group:
            if last is not None and (off_ms := span.first_ms - last.last_ms) > SHORTEST_MS:
                times = last.last_ms, span.first_ms
                yield Gap(source, span.boot, 1, 0, "device-off", *times, last.estimated_in(off_ms))
            # Boots may overlap by an uncertain date; what one of them measured was no silence.
            last = span if last is None or span.last_ms > last.last_ms else last
