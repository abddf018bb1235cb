"""Invitations: a link that once lets somebody in, to a site with a role or to the hosted site itself."""

from dataclasses import dataclass

from cloud import audit
from cloud.access import ALLOWED, Role
from cloud.members import Full, Members
from cloud.secret import digest_of, new_secret
from store.database import Database

LASTS_MS = 7 * 86_400_000
# Open at once: by site, and for the hosted site from the command line.
MOST_OPEN = 50
MOST_ABOUT_CHARS = 80
# What is used or over is shown no more and goes after a month.
KEPT_MS = 30 * 86_400_000


class Gone(Exception):
    """There is no such invitation, or it was used, revoked or is too old; which of them is not told."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """`site` 0: to the hosted site itself. `about`: for whom, as the owner noted it."""

    id: int
    site: int
    role: str
    about: str
    made_by: int
    until_ms: int


class Invitations:
    """Over one connection; what writes does so inside the caller's write transaction."""

    def __init__(self, db: Database, now_ms: int) -> None:
        self._db, self._now_ms = db, now_ms

    def make(self, site: int, role: Role | None, about: str, by: int | None, address: str = "") -> str:
        """Its secret; raises Full."""
        self._db.execute("DELETE FROM invitations WHERE until_ms < ?", (self._now_ms - KEPT_MS,))
        if len(self.open(site)) >= MOST_OPEN:
            raise Full(f"a site has at most {MOST_OPEN} open invitations")
        secret, word = new_secret(), role.value if role else ""
        self._db.execute(
            "INSERT INTO invitations (digest, site, role, about, made_by, made_ms, until_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                digest_of(secret), site, word, about[:MOST_ABOUT_CHARS], by or 0,
                self._now_ms, self._now_ms + LASTS_MS,
            ),
        )  # fmt: skip
        audit.note(self._db, self._now_ms, "invited", site, by, f"{about} {word}".strip(), address)
        return secret

    def find(self, secret: str) -> Invitation | None:
        row = self._db.execute(
            "SELECT id, site, role, about, made_by, until_ms FROM invitations"
            " WHERE digest = ? AND used_ms IS NULL AND until_ms > ?",
            (digest_of(secret), self._now_ms),
        ).fetchone()
        return Invitation(*row) if row else None

    def open(self, site: int) -> list[Invitation]:
        rows = self._db.execute(
            "SELECT id, site, role, about, made_by, until_ms FROM invitations"
            " WHERE site = ? AND used_ms IS NULL AND until_ms > ? ORDER BY id",
            (site, self._now_ms),
        )
        return [Invitation(*row) for row in rows.fetchall()]

    def accept(self, secret: str, account: int, address: str = "") -> int:
        """Used by this account, which has the role from now on; gives the site. Raises Gone, Full.

        The statement itself decides who was first: of two who use it at once, one is told that it is gone. A role
        that the account has already and that allows more stays.
        """
        row = self._db.execute(
            "UPDATE invitations SET used_ms = ?, used_by = ? WHERE digest = ? AND used_ms IS NULL"
            " AND until_ms > ? RETURNING site, role",
            (self._now_ms, account, digest_of(secret), self._now_ms),
        ).fetchone()
        if row is None:
            raise Gone("this invitation is not valid any more")
        site, role = row
        if site:
            members = Members(self._db, site, self._now_ms)
            held = members.role(account)
            if held is None or ALLOWED[held] < ALLOWED[Role(role)]:
                members.give(account, Role(role), account, address)
        return int(site)

    def revoke(self, site: int, invitation: int, by: int, address: str = "") -> bool:
        row = self._db.execute(
            "DELETE FROM invitations WHERE id = ? AND site = ? AND used_ms IS NULL RETURNING about",
            (invitation, site),
        ).fetchone()
        if row is not None:
            audit.note(self._db, self._now_ms, "invitation-revoked", site, by, row[0], address)
        return row is not None
