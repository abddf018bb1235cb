"""Resets: a link with which somebody who forgot the password sets a new one, once."""

from cloud import audit
from cloud.access import Role
from cloud.accounts import Accounts
from cloud.invitations import Gone
from cloud.members import roles_of
from cloud.secret import digest_of, new_secret
from store.database import Database

LASTS_MS = 24 * 3_600_000


class NotYours(Exception):
    """The account belongs to a site that is not the owner's: only the command line may reset it."""


class Resets:
    """Over one connection; everything inside the caller's write transaction."""

    def __init__(self, db: Database, now_ms: int) -> None:
        self._db, self._now_ms = db, now_ms

    def make(self, account: int, by: int | None, site: int | None = None, address: str = "") -> str:
        """The secret, in place of the account's earlier one; `by` None: the command line. Raises NotYours."""
        if by is not None and not self.may(by, account):
            raise NotYours("this account belongs to other sites too")
        self._db.execute("DELETE FROM resets WHERE account = ? OR until_ms < ?", (account, self._now_ms))
        secret = new_secret()
        self._db.execute(
            "INSERT INTO resets (digest, account, made_by, made_ms, until_ms) VALUES (?, ?, ?, ?, ?)",
            (digest_of(secret), account, by or 0, self._now_ms, self._now_ms + LASTS_MS),
        )
        name = self._db.execute("SELECT shown FROM accounts WHERE id = ?", (account,)).fetchone()[0]
        audit.note(self._db, self._now_ms, "reset-made", site, by, name, address)
        return secret

    def may(self, owner: int, account: int) -> bool:
        """Whether every site of the account is the owner's, and there is one: else he could take over another's."""
        theirs, mine = roles_of(self._db, account), roles_of(self._db, owner)
        return bool(theirs) and owner != account and all(mine.get(site) is Role.OWNER for site in theirs)

    def login(self, secret: str) -> str | None:
        """The login name that a secret resets, while it is good; no transaction wanted."""
        row = self._db.execute(
            "SELECT a.login FROM resets r JOIN accounts a ON a.id = r.account"
            " WHERE r.digest = ? AND r.until_ms > ?",
            (digest_of(secret), self._now_ms),
        ).fetchone()
        return str(row[0]) if row else None

    def use(self, secret: str, hashed: str, accounts: Accounts, address: str = "") -> int:
        """The new password holds and every session of the account is ended; raises Gone.

        Asked again whether who made it may still do so: an account that joined another site since is safe from it.
        """
        row = self._db.execute(
            "DELETE FROM resets WHERE digest = ? AND until_ms > ? RETURNING account, made_by",
            (digest_of(secret), self._now_ms),
        ).fetchone()
        if row is None or (row[1] and not self.may(row[1], row[0])):
            raise Gone("this link is not valid any more")
        accounts.set_password(row[0], hashed, "", "password-reset", address)
        return int(row[0])
