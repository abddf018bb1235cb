"""Quarantine: records that were refused, or differ from the one that came first, kept raw with the reason."""

from dataclasses import dataclass

from store.database import Database, Question

# A device that sends nonsense for a year must not fill the card: the oldest go, the count stays.
MOST_KEPT = 10_000
# A reason and a raw line are for people; longer ones are cut.
MOST_CHARACTERS = 400


@dataclass(frozen=True, slots=True)
class Quarantined:
    number: int
    source: str
    boot: int
    seq: int
    raw: str
    why: str
    at_ms: int | None


class Quarantine:
    def __init__(self, db: Database, site: int = 0) -> None:
        self._db = db
        self._site = site

    def keep(self, source: str, boot: int, seq: int, raw: str, why: str, at_ms: int | None) -> None:
        """Keep one record (inside a write transaction)."""
        number = self.count() + 1
        self._db.execute(
            "INSERT INTO quarantine (site, number, source, boot, seq, raw, why, at_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self._site, number, source, boot, seq, raw[:MOST_CHARACTERS], why[:MOST_CHARACTERS], at_ms),
        )
        self._db.execute(
            "DELETE FROM quarantine WHERE site = ? AND number <= ?", (self._site, number - MOST_KEPT)
        )

    def has(self, source: str, boot: int, seq: int) -> bool:
        """Whether something of this name is kept; the oldest go first, so an old one may be gone."""
        row = self._db.execute(
            "SELECT 1 FROM quarantine WHERE site = ? AND source = ? AND boot = ? AND seq = ? LIMIT 1",
            (self._site, source, boot, seq),
        )
        return row.fetchone() is not None

    def newest(self, limit: int) -> list[Quarantined]:
        rows = self._db.execute(
            "SELECT number, source, boot, seq, raw, why, at_ms FROM quarantine WHERE site = ?"
            " ORDER BY number DESC LIMIT ?",
            (self._site, limit),
        )
        return [Quarantined(*row) for row in rows]

    def count(self) -> int:
        return self._db.ask(self.counting())

    def counting(self) -> Question[int]:
        """How many were ever quarantined."""
        return Question(
            "SELECT max(number) FROM quarantine WHERE site = ?",
            (self._site,),
            lambda answer: int(answer.fetchone()[0] or 0),
        )
