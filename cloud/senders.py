"""Senders: which starts of which edges send a site's batches, to tell when two of them send the same.

Nothing is ever doubled by it: a record has one name, whoever sends it. But a copied card, or one board heard by two
edges, is something a person should know. Two kinds:
copy    two edges of one name take turns: one is a copy of the other's card
moved   a stream that one edge sent comes from an edge of another name now
"""

from collections.abc import Iterator
from dataclasses import dataclass

from store.database import Database, Question
from store.part import READINGS
from sync.answer import Rival
from sync.batch import Batch

# Edges send at least every 30 s. Only one that took over so lately is still alive when the other comes back.
TURNS_MS = 10 * 60_000
# For so long people are told.
TOLD_MS = 24 * 3_600_000
# Starts that are remembered of one edge; a worker that is restarted every minute must not fill the disk.
MOST_KEPT = 16


@dataclass(frozen=True, slots=True)
class _Last:
    edge: str
    sender: str
    since_ms: int


class Senders:
    """Of one site; `seen` wants to be inside the batch's write transaction."""

    def __init__(self, db: Database, site: int) -> None:
        self._db, self._site = db, site

    def is_as_ever(self, batch: Batch) -> Question[bool]:
        """Whether the start of an edge that sent last sends again, and what it carries already."""
        edge, sources = batch.edge or "", _sources(batch)
        named = batch.edge is not None and batch.sender is not None
        marks = ", ".join("?" * len(sources)) or "NULL"
        return Question(
            "SELECT (SELECT sender FROM senders WHERE site = ? AND edge = ? ORDER BY since_ms DESC LIMIT 1),"
            f" (SELECT count(*) FROM carriers WHERE site = ? AND edge = ? AND source IN ({marks}))",
            (self._site, edge, self._site, edge, *sources),
            lambda answer: named and tuple(answer.fetchone()) == (batch.sender, len(sources)),
        )

    def seen(self, batch: Batch, now_ms: int) -> None:
        """Note who sent a batch that is not as ever, and what is odd about it."""
        if batch.edge is None or batch.sender is None:
            return
        self._take_turn(batch.edge, batch.sender, now_ms)
        for source in _sources(batch):
            self._carry(source, batch.edge, now_ms)

    def told(self, now_ms: int) -> tuple[Rival, ...]:
        return self._db.ask(self.rivals(now_ms))

    def rivals(self, now_ms: int) -> Question[tuple[Rival, ...]]:
        """What people should know."""
        return Question(
            "SELECT kind, about, other, at_ms FROM rivals WHERE site = ? ORDER BY kind, about",
            (self._site,),
            lambda answer: tuple(Rival(*row) for row in answer if row[3] > now_ms - TOLD_MS),
        )

    def _take_turn(self, edge: str, sender: str, now_ms: int) -> None:
        known = list(self._known(edge))
        if known and known[0].sender == sender:
            return
        came_back = any(last.sender == sender for last in known)
        if came_back and now_ms - known[0].since_ms < TURNS_MS:
            self._tell("copy", edge, edge, now_ms)
        self._db.execute(
            "INSERT INTO senders (site, edge, sender, since_ms) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (site, edge, sender) DO UPDATE SET since_ms = excluded.since_ms",
            (self._site, edge, sender, now_ms),
        )
        others = [last for last in known if last.sender != sender]
        for old in others[MOST_KEPT - 1 :]:
            self._db.execute(
                "DELETE FROM senders WHERE site = ? AND edge = ? AND sender = ?",
                (self._site, edge, old.sender),
            )

    def _carry(self, source: str, edge: str, now_ms: int) -> None:
        row = self._db.execute(
            "SELECT edge FROM carriers WHERE site = ? AND source = ?", (self._site, source)
        ).fetchone()
        if row is None or row[0] != edge:
            if row is not None:
                self._tell("moved", source, edge, now_ms)
            self._db.execute(
                "INSERT INTO carriers (site, source, edge) VALUES (?, ?, ?)"
                " ON CONFLICT (site, source) DO UPDATE SET edge = excluded.edge",
                (self._site, source, edge),
            )

    def _known(self, edge: str) -> Iterator[_Last]:
        for row in self._db.execute(
            "SELECT edge, sender, since_ms FROM senders WHERE site = ? AND edge = ? ORDER BY since_ms DESC",
            (self._site, edge),
        ).fetchall():
            yield _Last(*row)

    def _tell(self, kind: str, about: str, other: str, now_ms: int) -> None:
        self._db.execute(
            "INSERT INTO rivals (site, kind, about, other, at_ms) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (site, kind, about) DO UPDATE SET other = excluded.other, at_ms = excluded.at_ms",
            (self._site, kind, about, other, now_ms),
        )


def _sources(batch: Batch) -> list[str]:
    """Whose readings it carries. Changes are everybody's: an edge passes on what others said of the same meters."""
    return list(dict.fromkeys(part.source for part in batch.parts if part.kind == READINGS))
