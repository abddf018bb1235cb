"""When each site's edge was last heard; written with every batch, in its transaction."""

from store.database import Database


def heard(db: Database, site: int, now_ms: int) -> None:
    """Note a contact (inside a write transaction)."""
    db.execute(
        "INSERT INTO contacts (site, heard_ms) VALUES (?, ?)"
        " ON CONFLICT (site) DO UPDATE SET heard_ms = excluded.heard_ms",
        (site, now_ms),
    )


def heard_ms(db: Database, site: int) -> int | None:
    row = db.execute("SELECT heard_ms FROM contacts WHERE site = ?", (site,)).fetchone()
    return row[0] if row else None
