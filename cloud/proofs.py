"""How the edge of each site last found the twins to compare; told by the edge, shown to who looks here."""

from store.comparisons import Proof
from store.database import Database, Question, Result


def keep(db: Database, site: int, proof: Proof) -> None:
    """Replace what is known (inside a write transaction)."""
    db.execute(
        "INSERT INTO proofs (site, days, rows, equal, quarantined, conflicts, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (site) DO UPDATE SET days = excluded.days, rows = excluded.rows, equal = excluded.equal,"
        " quarantined = excluded.quarantined, conflicts = excluded.conflicts, at_ms = excluded.at_ms",
        (site, proof.days, proof.rows, proof.equal, proof.quarantined, proof.conflicts, proof.at_ms),
    )


def newest(site: int) -> Question[Proof | None]:
    return Question(
        "SELECT days, rows, equal, quarantined, conflicts, at_ms FROM proofs WHERE site = ?", (site,), _proof
    )


def _proof(answer: Result) -> Proof | None:
    row = answer.fetchone()
    return Proof(*row) if row else None
