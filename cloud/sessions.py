"""Sessions: what the secret in a browser's cookie opens, an account or a share; kept in the database, ended there.

A session ends when nobody came with it for a while, at a fixed time after it began, and when a person ends it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloud.access import Role
from cloud.secret import digest_of, new_secret
from store.database import Database

# A phone that shows the house every now and then stays in; half a year after it logged in it asks again.
IDLE_MS = 30 * 86_400_000
LASTS_MS = 180 * 86_400_000
# Pages ask every second; when a session was seen is written once in so long.
SEEN_EVERY_MS = 5 * 60_000
# More browsers than a person has; the oldest go first.
MOST_OF_ACCOUNT = 50
# Browsers that look by one share link at the same time.
MOST_OF_SHARE = 100
MOST_AGENT_CHARS = 200


@dataclass(frozen=True, slots=True)
class Open:
    """A session that is in force: of an account with its roles, or of a share of the site `shared`."""

    digest: str
    seen_ms: int
    account: int | None
    name: str
    shared: int | None
    roles: Mapping[int, Role]


@dataclass(frozen=True, slots=True)
class Listed:
    """One of an account's own sessions, as its owner sees it."""

    digest: str
    made_ms: int
    seen_ms: int
    agent: str
    address: str


class Sessions:
    """Over one connection. What writes opens a write transaction itself, except where it says otherwise."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def open(self, digests: Sequence[str], now_ms: int) -> list[Open]:
        """Those of them that are in force, in one query; a share that expired or was revoked opens nothing."""
        places = ", ".join("?" * len(digests))
        rows = self._db.execute(
            "SELECT s.digest, s.seen_ms, s.account, coalesce(a.shown, ''), h.site, m.site, m.role"
            " FROM sessions s LEFT JOIN accounts a ON a.id = s.account"
            " LEFT JOIN shares h ON h.id = s.share AND h.revoked_ms IS NULL AND h.until_ms > ?"
            " LEFT JOIN members m ON m.account = s.account"
            f" WHERE s.digest IN ({places}) AND s.until_ms > ? AND s.seen_ms > ?",
            (now_ms, *digests, now_ms, now_ms - IDLE_MS),
        ).fetchall()
        found: dict[str, Open] = {}
        for digest, seen_ms, account, name, shared, site, role in rows:
            held = found.setdefault(digest, Open(digest, seen_ms, account, name, shared, {}))
            if site is not None:
                assert isinstance(held.roles, dict)
                held.roles[site] = Role(role)
        return list(found.values())

    def seen(self, digests: Sequence[str], now_ms: int) -> None:
        with self._db.write():
            self._db.executemany(
                "UPDATE sessions SET seen_ms = ? WHERE digest = ?", [(now_ms, digest) for digest in digests]
            )

    def begin(self, account: int, now_ms: int, agent: str = "", address: str = "") -> str:
        """The secret of a new session, inside the caller's write transaction."""
        return self._begin("account", account, now_ms + LASTS_MS, MOST_OF_ACCOUNT, now_ms, agent, address)

    def begin_shared(self, share: int, until_ms: int, now_ms: int, agent: str = "", address: str = "") -> str:
        """The same for a browser that opened a share; it ends with the share."""
        return self._begin("share", share, until_ms, MOST_OF_SHARE, now_ms, agent, address)

    def _begin(
        self, kind: str, whose: int, until_ms: int, most: int, now_ms: int, agent: str, address: str
    ) -> str:
        secret = new_secret()
        self._db.execute("DELETE FROM sessions WHERE until_ms <= ?", (now_ms,))
        self._db.execute(
            f"DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions WHERE {kind} = ?"
            f" ORDER BY made_ms DESC, digest LIMIT {most} OFFSET {most - 1})",
            (whose,),
        )
        self._db.execute(
            f"INSERT INTO sessions (digest, {kind}, made_ms, seen_ms, until_ms, agent, address)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (digest_of(secret), whose, now_ms, now_ms, until_ms, agent[:MOST_AGENT_CHARS], address),
        )
        return secret

    def end(self, secret: str) -> None:
        """The session of this secret, inside the caller's write transaction."""
        self._db.execute("DELETE FROM sessions WHERE digest = ?", (digest_of(secret),))

    def end_listed(self, account: int, digest: str) -> bool:
        """One of an account's own, inside the caller's write transaction; False when it has no such one."""
        ended = self._db.execute(
            "DELETE FROM sessions WHERE digest = ? AND account = ? RETURNING digest", (digest, account)
        )
        return ended.fetchone() is not None

    def end_all(self, account: int, but: str = "") -> None:
        """All of an account, except the one of this secret; inside the caller's write transaction."""
        self._db.execute(
            "DELETE FROM sessions WHERE account = ? AND digest <> ?", (account, digest_of(but) if but else "")
        )

    def listed(self, account: int, now_ms: int) -> list[Listed]:
        rows = self._db.execute(
            "SELECT digest, made_ms, seen_ms, agent, address FROM sessions"
            " WHERE account = ? AND until_ms > ? AND seen_ms > ? ORDER BY seen_ms DESC",
            (account, now_ms, now_ms - IDLE_MS),
        )
        return [Listed(*row) for row in rows.fetchall()]
