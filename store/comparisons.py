"""Comparisons: how this edge and a cloud compared, hour by hour, and the records in which they contradict each other.

Written by whatever compares: `kembar-sync`, and `kembar-edge restore`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from metering.quantity import DAY_MS
from store.database import Database

# What the pages tell of; older hours stay proven until somebody asks for them.
PROOF_DAYS = 30
# Contradictions are for a person to look at; so many say all there is to say.
MOST_CONFLICTS = 1_000


@dataclass(frozen=True, slots=True)
class Compared:
    """One UTC hour: `rows` that either side has, `equal` of them on both; `quarantined` ones the cloud refused."""

    hour_ms: int
    rows: int
    equal: int
    quarantined: int = 0
    conflicts: int = 0


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both sides hold this record intact and differently; `here` and `there` as JSON lists of date and values."""

    source: str
    boot: int
    seq: int
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The last `days` in sums; `at_ms`: when an hour of them was compared last, None when none ever was."""

    days: int
    rows: int
    equal: int
    quarantined: int
    conflicts: int
    at_ms: int | None

    @property
    def total(self) -> int:
        return self.rows + self.quarantined


class Comparisons:
    """Those with one cloud, by its local number."""

    def __init__(self, db: Database, cloud: int) -> None:
        self._db = db
        self._cloud = cloud

    def note(self, hours: Iterable[Compared], at_ms: int) -> None:
        """Remember how hours compared (opens its own transaction)."""
        with self._db.write():
            self._db.executemany(
                "INSERT OR REPLACE INTO compared (cloud, hour_ms, rows, equal, quarantined, conflicts, at_ms)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(self._cloud, h.hour_ms, h.rows, h.equal, h.quarantined, h.conflicts, at_ms) for h in hours],
            )

    def contradict(self, conflicts: Iterable[Conflict], at_ms: int) -> None:
        """Keep records that differ, the first word on each (opens its own transaction)."""
        with self._db.write():
            room = MOST_CONFLICTS - len(self.conflicts())
            self._db.executemany(
                "INSERT OR IGNORE INTO conflicts (cloud, source, boot, seq, here, there, at_ms)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (self._cloud, c.source, c.boot, c.seq, c.here, c.there, at_ms)
                    for c in list(conflicts)[: max(0, room)]
                ],
            )

    def settle(self, names: Iterable[tuple[str, int, int]]) -> None:
        """Contradictions that are none any more (opens its own transaction)."""
        gone = [(self._cloud, *name) for name in names]
        if gone:
            with self._db.write():
                self._db.executemany(
                    "DELETE FROM conflicts WHERE cloud = ? AND source = ? AND boot = ? AND seq = ?", gone
                )

    def conflicts(self) -> list[Conflict]:
        rows = self._db.execute(
            "SELECT source, boot, seq, here, there FROM conflicts WHERE cloud = ? ORDER BY source, boot, seq",
            (self._cloud,),
        )
        return [Conflict(*row) for row in rows]

    def since(self, from_ms: int) -> set[int]:
        """The hours from from_ms on that were compared."""
        rows = self._db.execute(
            "SELECT hour_ms FROM compared WHERE cloud = ? AND hour_ms >= ?", (self._cloud, from_ms)
        )
        return {int(row[0]) for row in rows}

    def stalest(self, from_ms: int, to_ms: int, most: int) -> list[int]:
        """Hours of [from_ms, to_ms) that were compared longest ago."""
        rows = self._db.execute(
            "SELECT hour_ms FROM compared WHERE cloud = ? AND hour_ms >= ? AND hour_ms < ?"
            " ORDER BY at_ms, hour_ms LIMIT ?",
            (self._cloud, from_ms, to_ms, most),
        )
        return [int(row[0]) for row in rows]

    def proof(self, now_ms: int) -> Proof:
        sums = self._db.execute(
            "SELECT coalesce(sum(rows), 0), coalesce(sum(equal), 0), coalesce(sum(quarantined), 0),"
            " coalesce(sum(conflicts), 0), max(at_ms) FROM compared WHERE cloud = ? AND hour_ms >= ?",
            (self._cloud, now_ms - PROOF_DAYS * DAY_MS),
        ).fetchone()
        return Proof(PROOF_DAYS, *sums)
