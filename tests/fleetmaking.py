"""A fleet for tests of the hosted site: homes by name, each with what its edge sent and when."""

from accountmaking import numbers_of_one

from cloud.intake import take
from cloud.proofs import keep
from store.comparisons import Proof
from store.database import Database
from store.part import Hole, Part
from sync.batch import Batch

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
NEW_CAUSE = "moon-phase"


def home(db: Database, name: str, title: str = "") -> int:
    """A site by its name, made when it is not there."""
    with db.write():
        db.execute("INSERT INTO sites (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (name,))
        site = numbers_of_one(db, name)
        if title:
            db.execute("INSERT INTO homes (site, title, made_by, made_ms) VALUES (?, ?, 1, 0)", (site, title))
    return site


def heard(
    db: Database,
    site: int,
    at_ms: int,
    *parts: Part,
    edge: str | None = "pi",
    version: str | None = "0.1.0",
    waiting: int | None = 0,
    sender: str | None = None,
) -> None:
    take(db, site, Batch(parts, edge, sender=sender, version=version, waiting=waiting), at_ms)


def measured(from_seq: int, to_seq: int, last_ms: int, *holes: Hole, boot: int = 7) -> Part:
    """One reading a second up to last_ms, but for the holes."""
    missing = {seq for hole in holes for seq in range(hole.from_seq, hole.to_seq + 1)}
    rows = [
        (seq, 1, last_ms - 1000 * (to_seq - seq), 225_700, 108, 24_400, 38, 50_000, 1_000, 0)
        for seq in range(from_seq, to_seq + 1)
        if seq not in missing
    ]
    return Part("garage", boot, from_seq - 1, rows, holes)


def compared(db: Database, site: int, at_ms: int, unlike: int = 0, conflicts: int = 0) -> None:
    with db.write(site):
        keep(db, site, Proof(30, 1_000, 1_000 - unlike, 0, conflicts, at_ms))
