"""What every answer to an edge says beside its subject: who else sends the same, who looks, how much was changed here.

One question to the database for all of it: most answers have nothing to tell, and each of them asks.
"""

from dataclasses import dataclass, replace

from cloud.changing import SOURCE
from cloud.senders import Senders
from cloud.watch import WATCH_S
from store.database import Database, Question
from sync.answer import Answer, Rival


@dataclass(frozen=True, slots=True)
class Asides:
    """`watch_s`: for so many seconds somebody is still taken to be looking. `changes`: that this cloud made itself."""

    watch_s: int
    changes: int
    rivals: tuple[Rival, ...]

    def beside(self, answer: Answer) -> Answer:
        """The answer, with these told beside it."""
        return replace(answer, watch_s=self.watch_s, rivals=self.rivals, changes=self.changes)


# Until when it is watched, changes, and how many rivals there are to ask for.
Found = tuple[int | None, int, int]


def asides(db: Database, site: int, now_ms: int) -> Asides:
    return read(db, site, db.ask(asking(site)), now_ms)


def asking(site: int) -> Question[Found]:
    return Question(
        "SELECT (SELECT watched_until_ms FROM contacts WHERE site = ?),"
        " (SELECT coalesce(sum(cursor), 0) FROM streams WHERE site = ? AND source = ?),"
        " (SELECT count(*) FROM rivals WHERE site = ?)",
        (site, site, SOURCE, site),
        lambda answer: answer.fetchone(),
    )


def read(db: Database, site: int, found: Found, now_ms: int) -> Asides:
    """What was found, as an edge is told it."""
    watched_until_ms, changes, odd = found
    rivals = Senders(db, site).told(now_ms) if odd else ()
    left_s = -(-((watched_until_ms or 0) - now_ms) // 1000)
    # A clock that was set back must not keep a home's line busy for years.
    return Asides(min(max(0, left_s), WATCH_S), int(changes), rivals)
