"""When each site's edge was last heard; written with every batch, in its transaction."""

from store.database import Database, Question


def heard(db: Database, site: int, now_ms: int) -> None:
    """Note a contact (inside a write transaction)."""
    db.execute(
        "INSERT INTO contacts (site, heard_ms) VALUES (?, ?)"
        " ON CONFLICT (site) DO UPDATE SET heard_ms = excluded.heard_ms",
        (site, now_ms),
    )


def heard_ms(site: int) -> Question[int | None]:
    return Question(
        "SELECT max(heard_ms) FROM contacts WHERE site = ?", (site,), lambda answer: answer.fetchone()[0]
    )
