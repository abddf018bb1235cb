"""What every answer to an edge says beside its subject: who else sends the same, who looks, how much was changed here.

One question to the database for all of it: most answers have nothing to tell, and each of them asks.
"""

from dataclasses import dataclass

from cloud.changing import SOURCE
from cloud.senders import Senders
from cloud.watch import WATCH_S
from store.database import Database
from sync.answer import Rival


@dataclass(frozen=True, slots=True)
class Asides:
    """`watch_s`: for so many seconds somebody is still taken to be looking. `changes`: that this cloud made itself."""

    watch_s: int
    changes: int
    rivals: tuple[Rival, ...]


def asides(db: Database, site: int, now_ms: int) -> Asides:
    watched_until_ms, changes, odd = db.execute(
        "SELECT (SELECT watched_until_ms FROM contacts WHERE site = ?),"
        " (SELECT coalesce(sum(cursor), 0) FROM streams WHERE site = ? AND source = ?),"
        " (SELECT count(*) FROM rivals WHERE site = ?)",
        (site, site, SOURCE, site),
    ).fetchone()
    rivals = Senders(db, site).told(now_ms) if odd else ()
    left_s = -(-((watched_until_ms or 0) - now_ms) // 1000)
    # A clock that was set back must not keep a home's line busy for years.
    return Asides(min(max(0, left_s), WATCH_S), int(changes), rivals)
