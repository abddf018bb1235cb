"""Homes: sites that accounts make themselves, with a key that tells nothing of other sites."""

import re
import secrets
import unicodedata

from cloud import audit
from cloud.access import Role
from cloud.members import Members
from store.database import Database

TITLE_MOST_CHARS = 80
# Of one account; an installer looks after more, but their owners made those.
MOST_OF_ACCOUNT = 10
# A key has 16 characters: 9 of the title, and 30 bits of chance. Were keys chosen, a refusal would tell which exist.
_TITLE_CHARS, _CHANCE_CHARS = 9, 6
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


class BadTitle(ValueError):
    """What was typed cannot be the title of a home."""


class TooMany(Exception):
    """The account has made as many homes as it may."""


def title_of(typed: str) -> str:
    """Raises BadTitle."""
    title = " ".join(typed.split())
    if not 0 < len(title) <= TITLE_MOST_CHARS or not title.isprintable():
        raise BadTitle(f"a title has 1 to {TITLE_MOST_CHARS} printable characters")
    return title


def make(db: Database, title: str, account: int, now_ms: int, address: str = "") -> int:
    """The number of a new site that the account owns, inside the caller's write transaction; raises TooMany."""
    made = db.execute("SELECT count(*) FROM homes WHERE made_by = ?", (account,)).fetchone()[0]
    if made >= MOST_OF_ACCOUNT:
        raise TooMany(f"an account makes at most {MOST_OF_ACCOUNT} homes")
    site = db.insert_id("INSERT INTO sites (name) VALUES (?) RETURNING id", (_key(title),))
    db.execute(
        "INSERT INTO homes (site, title, made_by, made_ms) VALUES (?, ?, ?, ?)",
        (site, title, account, now_ms),
    )
    audit.note(db, now_ms, "home-made", site, account, title, address)
    Members(db, site, now_ms).give(account, Role.OWNER, account, address)
    return site


def _key(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_TITLE_CHARS].strip("-") or "rumah"
    return f"{word}-{''.join(secrets.choice(_ALPHABET) for _ in range(_CHANCE_CHARS))}"
