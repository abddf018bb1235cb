"""A meter's newest values judged by its limits: which are beyond or near one, and which limit that is."""

from dataclasses import dataclass

from metering.profile import Limit, Profile, Verdict
from metering.quantity import BY_COLUMN
from pages.latest import Newest


@dataclass(frozen=True, slots=True)
class Judged:
    """`limit`: the side that the value is beyond or near, in small units."""

    verdict: Verdict
    limit: int

    @property
    def is_beyond(self) -> bool:
        return self.verdict in ("over", "under")


def judged(newest: Newest, profile: Profile) -> dict[str, Judged]:
    """By the name of the quantity, those that are not well; nothing while the meter is silent."""
    if newest.stale:
        return {}
    found = {}
    for column, limit in profile.limits.items():
        verdict = limit.verdict(newest.value(column))
        if verdict:
            found[BY_COLUMN[column].name] = Judged(verdict, _side(limit, verdict))
    return found


def _side(limit: Limit, verdict: Verdict) -> int:
    side = limit.high if verdict.endswith("over") else limit.low
    assert side is not None
    return side
