"""The audit log: who did what, when and from where; bounded by age and number, per site and per account.

What belongs to a site is trimmed among its own entries, what belongs to an account (logins) among that account's: the
noise of one never pushes out what is noted of another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from store.database import Database

# A year and a month: last year's same day is still there.
KEPT_MS = 400 * 86_400_000
# Years of a busy home; a hundred bytes each.
MOST_OF_SITE = 5_000
MOST_OF_ACCOUNT = 200
# Share links that are opened, edges that exchange their tokens: what nobody with an account did at a site.
MOST_OF_GUESTS = 1_000
# Tries with names that nobody has.
MOST_OF_NOBODY = 2_000
PAGE_ENTRIES = 50
MOST_ABOUT_CHARS = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """`who` is the name of the account that did it, "" when none did."""

    id: int
    at_ms: int
    act: str
    who: str
    about: str
    address: str


def note(
    db: Database,
    now_ms: int,
    act: str,
    site: int | None,
    account: int | None,
    about: str = "",
    address: str = "",
) -> None:
    """Note one act inside the caller's write transaction; `act` is a word such as "login" or "share-made".

    `site` None: of no site, `account` None: of nobody known. `about` is for people: a label, a name, never a secret.
    """
    scope = (site or 0, account or 0)
    db.execute(
        "INSERT INTO audit (site, account, at_ms, act, about, address) VALUES (?, ?, ?, ?, ?, ?)",
        (*scope, now_ms, act, about[:MOST_ABOUT_CHARS], address),
    )
    _trim(db, *scope, now_ms)


def page(db: Database, site: int, before: int | None = None, most: int = PAGE_ENTRIES) -> Sequence[Entry]:
    """A site's entries, newest first, with the logins of those who belong to it; `before`: older than this id."""
    rows = db.execute(
        "SELECT e.id, e.at_ms, e.act, coalesce(a.shown, ''), e.about, e.address FROM audit e"
        " LEFT JOIN accounts a ON a.id = e.account WHERE e.id < ? AND (e.site = ? OR (e.site = 0 AND e.account"
        " IN (SELECT account FROM members WHERE site = ?))) ORDER BY e.id DESC LIMIT ?",
        (before if before is not None else 2**62, site, site, most),
    )
    return [Entry(*row) for row in rows.fetchall()]


def _trim(db: Database, site: int, account: int, now_ms: int) -> None:
    """Of a site all accounts' entries count together, without one those of each account by themselves.

    Who has a share link, or a stolen token, can open it or exchange it without end; that must not push out what
    owners did.
    """
    if site and account:
        whose, whom, most = "site = ? AND account <> 0", (site,), MOST_OF_SITE
    elif site:
        whose, whom, most = "site = ? AND account = 0", (site,), MOST_OF_GUESTS
    else:
        whose, whom, most = (
            "site = 0 AND account = ?",
            (account,),
            MOST_OF_ACCOUNT if account else MOST_OF_NOBODY,
        )
    db.execute(f"DELETE FROM audit WHERE {whose} AND at_ms < ?", (*whom, now_ms - KEPT_MS))
    db.execute(
        f"DELETE FROM audit WHERE {whose} AND id <="
        f" (SELECT id FROM audit WHERE {whose} ORDER BY id DESC LIMIT 1 OFFSET {most})",
        (*whom, *whom),
    )
