"""Share links: whoever has one may look at one site, until it expires or is revoked."""

from dataclasses import dataclass

from cloud import audit
from cloud.invitations import Gone
from cloud.members import Full
from cloud.secret import digest_of, new_secret
from cloud.sessions import Sessions
from metering.quantity import DAY_MS
from store.database import Database

DAYS: tuple[int, ...] = (1, 7, 30, 365)
# In force at once, of one site.
MOST_OPEN = 50
MOST_LABEL_CHARS = 60


class BadShare(ValueError):
    """What was typed is no label, or no number of days that is offered."""


@dataclass(frozen=True, slots=True)
class Share:
    id: int
    label: str
    made_ms: int
    until_ms: int
    opened_ms: int | None
    opened: int


class Shares:
    """Over one connection; what writes does so inside the caller's write transaction."""

    def __init__(self, db: Database, now_ms: int) -> None:
        self._db, self._now_ms = db, now_ms

    def make(self, site: int, label: str, days: int, by: int, address: str = "") -> str:
        """Its secret, told this once; raises BadShare, Full."""
        label = " ".join(label.split())
        if days not in DAYS or not 0 < len(label) <= MOST_LABEL_CHARS or not label.isprintable():
            raise BadShare(f"a label of 1 to {MOST_LABEL_CHARS} characters and one of {DAYS} days expected")
        if len(self.open(site)) >= MOST_OPEN:
            raise Full(f"a site has at most {MOST_OPEN} share links")
        self._forget_the_dead(site)
        secret = new_secret()
        self._db.execute(
            "INSERT INTO shares (digest, site, label, made_by, made_ms, until_ms, opened)"
            " VALUES (?, ?, ?, ?, ?, ?, 0)",
            (digest_of(secret), site, label, by, self._now_ms, self._now_ms + days * DAY_MS),
        )
        audit.note(self._db, self._now_ms, "share-made", site, by, label, address)
        return secret

    def open(self, site: int) -> list[Share]:
        """Those in force."""
        rows = self._db.execute(
            "SELECT id, label, made_ms, until_ms, opened_ms, opened FROM shares"
            " WHERE site = ? AND revoked_ms IS NULL AND until_ms > ? ORDER BY id",
            (site, self._now_ms),
        )
        return [Share(*row) for row in rows.fetchall()]

    def _forget_the_dead(self, site: int) -> None:
        """Those that show nothing any more, with their sessions, else links made and revoked would pile up.

        Never the newest of all: SQLite would give its id to the next one.
        """
        dead = "site = ? AND (revoked_ms IS NOT NULL OR until_ms <= ?) AND id < (SELECT max(id) FROM shares)"
        whom = (site, self._now_ms)
        self._db.execute(f"DELETE FROM sessions WHERE share IN (SELECT id FROM shares WHERE {dead})", whom)
        self._db.execute(f"DELETE FROM shares WHERE {dead}", whom)

    def enter(self, secret: str, agent: str = "", address: str = "") -> tuple[int, str]:
        """The site and the secret of a session that looks at it; raises Gone."""
        row = self._db.execute(
            "UPDATE shares SET opened_ms = ?, opened = opened + 1 WHERE digest = ? AND revoked_ms IS NULL"
            " AND until_ms > ? RETURNING id, site, label, until_ms",
            (self._now_ms, digest_of(secret), self._now_ms),
        ).fetchone()
        if row is None:
            raise Gone("this link shows nothing any more")
        share, site, label, until_ms = row
        audit.note(self._db, self._now_ms, "share-opened", site, None, label, address)
        return site, Sessions(self._db).begin_shared(share, until_ms, self._now_ms, agent, address)

    def revoke(self, site: int, share: int, by: int, address: str = "") -> bool:
        """Gone with the next request of everybody who looked by it."""
        row = self._db.execute(
            "UPDATE shares SET revoked_ms = ? WHERE id = ? AND site = ? AND revoked_ms IS NULL"
            " AND until_ms > ? RETURNING label",
            (self._now_ms, share, site, self._now_ms),
        ).fetchone()
        if row is None:
            return False
        self._db.execute("DELETE FROM sessions WHERE share = ?", (share,))
        audit.note(self._db, self._now_ms, "share-revoked", site, by, row[0], address)
        return True
