"""The tally: what happened since the collector started, in numbers and in notices for people."""

from collections import Counter, deque
from dataclasses import dataclass

from edge.clock import Instant

MOST_NOTICES = 50
# Events that a person should know of; the pages have words for each.
NOTICES = (
    "exchanged", "second-board", "too-many", "restart-under-used-number", "disk", "policy-dropped", "disk-crowded",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    kind: str
    about: str
    at_ms: int | None


class Tally:
    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.notices: deque[Notice] = deque(maxlen=MOST_NOTICES)
        self.disk_trouble: str | None = None

    def count(self, what: str) -> None:
        self.counts[what] += 1

    def notice(self, kind: str, about: str, at: Instant) -> None:
        if kind in NOTICES and (kind, about) not in [(n.kind, n.about) for n in self.notices]:
            self.notices.append(Notice(kind, about, at.own_ms))

    def renew(self, kind: str, about: str, at: Instant) -> None:
        """A notice whose figure grows: it takes the place of the one before."""
        kept = [notice for notice in self.notices if notice.kind != kind]
        self.notices = deque([*kept, Notice(kind, about, at.own_ms)], MOST_NOTICES)

    def writes(self, succeeded: bool, at: Instant, why: str = "") -> None:
        """Whether the last commit reached the disk."""
        self.disk_trouble = None if succeeded else why
        if not succeeded:
            self.count("commits-failed")
            self.notice("disk", why, at)
