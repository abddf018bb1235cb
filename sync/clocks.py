"""Two clocks, the edge's and the cloud's: how far apart they may be before a refused date is for a person.

A date after tomorrow is impossible only if the clock that judges it is right. No clock is read here.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from metering.quantity import DAY_MS
from metering.reading import SEQ, TAKEN_MS
from store.part import READINGS, Part

# The margin that a date itself has (metering.quantity.taken_complaint): clocks this close judge alike, but for
# dates of tomorrow; a clock that was never set is years away.
APART_MS = DAY_MS
# The years 1 to 9999: what a clock shows beyond them has no words.
FIRST_MS, LAST_MS = -62_135_596_800_000, 253_402_300_799_999


def apart(edge_ms: int, cloud_ms: int) -> bool:
    """Whether one of the two must be wrong, so that neither can say which dates are possible."""
    return abs(edge_ms - cloud_ms) > APART_MS


def both_shown(edge_ms: int, cloud_ms: int) -> str:
    """In words for the person who has to set the one that is wrong."""
    return f"the edge's clock shows {shown(edge_ms)}, the cloud's {shown(cloud_ms)}; set the wrong one"


def after_tomorrow(parts: Sequence[Part], *clocks_ms: int) -> Iterator[tuple[str, int, int]]:
    """(source, boot, seq) of the readings whose date is impossible by every one of these clocks."""
    tomorrow_ms = max(clocks_ms) + DAY_MS
    for part in parts:
        if part.kind == READINGS:
            for row in (*part.rows, *part.fills):
                if row[TAKEN_MS] > tomorrow_ms:
                    yield part.source, part.boot, row[SEQ]


def shown(ms: int) -> str:
    """A time of any size in words."""
    return f"{datetime.fromtimestamp(max(FIRST_MS, min(ms, LAST_MS)) // 1000, UTC):%Y-%m-%d %H:%M} UTC"
