"""Silences: the time between two boots of one source in which nothing was measured.

No record is missing there (the device was off, so it numbered none), but the interval still has a cause.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from metering.gap import Gap

# A restart of the Mega takes 1-2 s and sensors settle for 5 s more (those have records of their own).
SHORTEST_MS = 5_000


def silences(spans: Iterable[tuple[str, int, int, int]]) -> Iterator[Gap]:
    """Gaps `device-off` between (source, boot, first_ms, last_ms) spans of the same source."""
    in_time = sorted(spans, key=lambda span: (span[0], span[2]))
    for source, group in groupby(in_time, key=lambda span: span[0]):
        last_ms: int | None = None
        for _source, boot, first_ms, until_ms in group:
            if last_ms is not None and first_ms - last_ms > SHORTEST_MS:
                yield Gap(source, boot, 1, 0, "device-off", last_ms, first_ms)
            # Boots may overlap by an uncertain date; what one of them measured was no silence.
            last_ms = until_ms if last_ms is None else max(last_ms, until_ms)
