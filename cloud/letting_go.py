"""What never comes back from a backup: whatever lets somebody in by a secret that may have been revoked since.

It is left out when a backup is made, so that it cannot be revived by any other way of restoring it either.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cloud import audit
from cloud.archive import Ended, Manifest
from store.database import Database

# Sessions, links, and tries that were counted: a restored database begins without.
LEFT_OUT = (
    "sessions", "shares", "invitations", "resets", "pairings", "pairing_tries", "account_tries", "address_tries",
)  # fmt: skip


def in_force(db: Database, now_ms: int) -> Ended:
    """How much of it is of use to somebody now."""

    def number(sql: str) -> int:
        return int(db.execute(sql, (now_ms,)).fetchone()[0])

    return Ended(
        sessions=number("SELECT count(*) FROM sessions WHERE until_ms > ?"),
        shares=number("SELECT count(*) FROM shares WHERE revoked_ms IS NULL AND until_ms > ?"),
        invitations=number("SELECT count(*) FROM invitations WHERE used_ms IS NULL AND until_ms > ?"),
    )


def let_go(db: Database) -> None:
    with db.write():
        for table in LEFT_OUT:
            db.execute(f"DELETE FROM {table}")


@dataclass(frozen=True, slots=True)
class LiveToken:
    """One that an edge may send with after a restore: perhaps it was revoked after the backup was made."""

    site: str
    edge: str
    made_ms: int
    seen_ms: int | None


def settle(db: Database, manifest: Manifest, now_ms: int, tokens_too: bool) -> list[LiveToken]:
    """Let go, and note the restore in the log of each site; the edges' tokens that are good from now on."""
    let_go(db)
    with db.write():
        if tokens_too:
            db.execute("UPDATE tokens SET revoked_ms = ? WHERE revoked_ms IS NULL", (now_ms,))
        for (site,) in db.execute("SELECT id FROM sites").fetchall():
            audit.note(db, now_ms, "restored", site, None, moment(manifest.made_ms))
    rows = db.execute(
        "SELECT s.name, t.edge, t.made_ms, t.seen_ms FROM tokens t JOIN sites s ON s.id = t.site"
        " WHERE t.revoked_ms IS NULL ORDER BY s.name, t.id"
    )
    return [LiveToken(*row) for row in rows.fetchall()]


def moment(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
