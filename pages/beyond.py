"""How a meter was beyond its limits lately: how many times, and how long the longest time; counted in minutes."""

from collections.abc import Iterator
from dataclasses import dataclass

from metering.profile import Profile
from metering.quantity import DAY_MS
from metering.reading import Meter
from metering.rollup import MINUTE_MS
from store.history import History

LATELY_MS = 7 * DAY_MS
# Minutes beyond with fewer good ones between them are one time.
BETWEEN_MS = 2 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Beyond:
    """Of one quantity, by its `column`: how many times, the longest of them, and when the last one began."""

    column: str
    times: int
    longest_ms: int
    last_ms: int


def beyond(history: History, meter: Meter, profile: Profile, now_ms: int) -> list[Beyond]:
    """Each quantity that has a limit and was beyond it within LATELY_MS."""
    to_ms = now_ms // MINUTE_MS * MINUTE_MS
    found = []
    for column in profile.limits:
        spans = list(_spans(history, meter, profile, column, to_ms - LATELY_MS, to_ms))
        if spans:
            longest = max(end - begin for begin, end in spans)
            found.append(Beyond(column, len(spans), longest, spans[-1][0]))
    return found


def _spans(
    history: History, meter: Meter, profile: Profile, column: str, from_ms: int, to_ms: int
) -> Iterator[tuple[int, int]]:
    """[from, to) of each time beyond, in whole minutes."""
    limit = profile.limits[column]
    begun: int | None = None
    ended = 0
    for start_ms, _n, _total, least, most in history.buckets(meter, column, from_ms, to_ms, MINUTE_MS):
        over = limit.high is not None and most > limit.high
        under = limit.low is not None and least < limit.low
        if not over and not under:
            continue
        if begun is not None and start_ms - ended > BETWEEN_MS:
            yield begun, ended
            begun = None
        begun = start_ms if begun is None else begun
        ended = start_ms + MINUTE_MS
    if begun is not None:
        yield begun, ended
