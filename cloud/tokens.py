"""The tokens that pairings gave to the edges of sites: found, first used, exchanged, revoked; only digests are kept.

1. A token that is never used ends by itself after FIRST_USE_MS: nobody may have it, its answer was lost.
2. A token that takes the place of another ends that one when it is first used, in the same commit. Until then both
   are good, so an edge that loses power between the answer and its disk goes on with the one that it has.
3. A revoked token is refused by the very next request: nothing here is remembered between two requests.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hmac import compare_digest

from cloud.secret import digest_of, new_secret
from store.database import Database

# An edge uses its token within seconds, unless its line fails in that moment, perhaps for weeks. One whose answer was
# lost is in nobody's hands: the end only keeps the list short.
FIRST_USE_MS = 90 * 86_400_000
# When a token was last used is written so often: a thousand homes send fifty batches a second.
NOTE_EVERY_MS = 5 * 60_000
# Of one site, the newest first, on its page.
MOST_SHOWN = 100
# A home has one edge or two; what comes back to more than this is a program gone wrong.
MOST_LIVE = 50

_LIVE = "revoked_ms IS NULL AND (used_ms IS NOT NULL OR made_ms > ?)"
_SHOWN = "SELECT id, edge, account, made_ms, seen_ms, address FROM tokens"


class TooMany(Exception):
    """The site has as many tokens as it may have; some have to be revoked first."""


@dataclass(frozen=True, slots=True)
class Token:
    """One that is good now, as people see it; `seen_ms` None: not used yet."""

    id: int
    edge: str
    account: int | None
    made_ms: int
    seen_ms: int | None
    address: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a new token is made of; `replaces` is the number of another one of the same site."""

    site: int
    edge: str
    account: int | None
    address: str
    replaces: int | None = None


class Tokens:
    """Safe for threads and processes: everything is decided by statements of the database."""

    def __init__(self, now_ms: Callable[[], int], secret: Callable[[], str] = new_secret) -> None:
        self._now_ms, self._secret = now_ms, secret

    def site_of(self, db: Database, digest: str) -> int | None:
        """The site whose edge has this token."""
        return self.sites_of(db, [digest]).get(digest)

    def sites_of(self, db: Database, digests: Sequence[str]) -> dict[str, int]:
        """By the digests of tokens that are good; notes that they were used, which most calls need not write."""
        if not digests:
            return {}
        now_ms, wanted = self._now_ms(), _padded(digests)
        rows = db.execute(
            f"SELECT id, site, digest, used_ms, seen_ms FROM tokens WHERE digest IN ({', '.join('?' * len(wanted))})"
            f" AND {_LIVE}",
            (*wanted, now_ms - FIRST_USE_MS),
        ).fetchall()
        found, seen = {}, []
        for number, site, held, used_ms, seen_ms in rows:
            digest = next((each for each in digests if compare_digest(held, each)), None)
            if digest is None or (used_ms is None and not self._first_use(db, number, now_ms)):
                continue
            found[digest] = int(site)
            if used_ms is not None and abs(now_ms - seen_ms) >= NOTE_EVERY_MS:
                seen.append((now_ms, number))
        if seen:
            with db.write():
                db.executemany("UPDATE tokens SET seen_ms = ? WHERE id = ?", sorted(seen))
        return found

    def number(self, db: Database, digest: str) -> tuple[int, Grant] | None:
        """A live token's number and what it was made of."""
        row = db.execute(
            f"SELECT id, site, edge, account, address FROM tokens WHERE digest = ? AND {_LIVE}",
            (digest, self._now_ms() - FIRST_USE_MS),
        ).fetchone()
        return (row[0], Grant(*row[1:])) if row else None

    def make(self, db: Database, grant: Grant) -> tuple[int, str]:
        """Number and text of a new token (inside a write transaction); raises TooMany.

        The one that waits in the same place ends: it was never used, and its answer is lost.
        """
        now_ms = self._now_ms()
        if grant.replaces is not None:
            db.execute(
                "UPDATE tokens SET revoked_ms = ? WHERE replaces = ? AND used_ms IS NULL AND revoked_ms IS NULL",
                (now_ms, grant.replaces),
            )
        held = db.execute(
            f"SELECT count(*) FROM tokens WHERE site = ? AND {_LIVE}", (grant.site, now_ms - FIRST_USE_MS)
        )
        if held.fetchone()[0] >= MOST_LIVE:
            raise TooMany(f"this site has {MOST_LIVE} tokens; revoke those that are not used any more")
        # Dead ones are answered like unknown ones; else an edge that exchanges without end would fill the table.
        # Never the newest of all: SQLite would give its id to the next one.
        db.execute(
            f"DELETE FROM tokens WHERE site = ? AND NOT ({_LIVE}) AND id < (SELECT max(id) FROM tokens)",
            (grant.site, now_ms - FIRST_USE_MS),
        )
        secret = self._secret()
        number = db.insert_id(
            "INSERT INTO tokens (digest, site, edge, account, made_ms, address, replaces)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (digest_of(secret), grant.site, grant.edge, grant.account, now_ms, grant.address, grant.replaces),
        )
        return number, secret

    def revoke(self, db: Database, site: int, number: int) -> str | None:
        """End a token of this site and those that wait to take its place (inside a write transaction).

        The name of its edge; None when there is no such token. One that was leaked may have been used to make another.
        """
        now_ms = self._now_ms()
        row = db.execute(
            "UPDATE tokens SET revoked_ms = ? WHERE id = ? AND site = ? AND revoked_ms IS NULL RETURNING edge",
            (now_ms, number, site),
        ).fetchone()
        if row is None:
            return None
        db.execute(
            "UPDATE tokens SET revoked_ms = ? WHERE replaces = ? AND used_ms IS NULL AND revoked_ms IS NULL",
            (now_ms, number),
        )
        return str(row[0])

    def end_unused(self, db: Database, number: int) -> bool:
        """End a token that was never used (inside a write transaction); False when it was."""
        ended = db.execute(
            "UPDATE tokens SET revoked_ms = coalesce(revoked_ms, ?) WHERE id = ? AND used_ms IS NULL RETURNING id",
            (self._now_ms(), number),
        )
        return ended.fetchone() is not None

    def of_site(self, db: Database, site: int) -> list[Token]:
        """Those that are good now, newest first."""
        rows = db.execute(
            f"{_SHOWN} WHERE site = ? AND {_LIVE} ORDER BY made_ms DESC, id DESC LIMIT ?",
            (site, self._now_ms() - FIRST_USE_MS, MOST_SHOWN),
        )
        return [Token(*row) for row in rows.fetchall()]

    def _first_use(self, db: Database, number: int, now_ms: int) -> bool:
        """Whether it is still good; the token in whose place it stands ends in the same commit."""
        with db.write():
            row = db.execute(
                "UPDATE tokens SET used_ms = coalesce(used_ms, ?), seen_ms = ? WHERE id = ? AND revoked_ms IS NULL"
                " RETURNING replaces",
                (now_ms, now_ms, number),
            ).fetchone()
            if row is not None and row[0] is not None:
                db.execute(
                    "UPDATE tokens SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL", (now_ms, row[0])
                )
        return row is not None


def _padded(digests: Sequence[str]) -> list[str]:
    """Repeated until they are 1, 4, 16, ...: so that few forms of a statement have to be prepared."""
    size = 1
    while size < len(digests):
        size *= 4
    return [*digests, *[digests[-1]] * (size - len(digests))]
