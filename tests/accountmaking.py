"""Accounts for tests of the hosted site, with a hash that costs nothing."""

from visiting import PASSWORD

from cloud.access import Role
from cloud.accounts import Accounts
from cloud.members import Members
from cloud.passwords import Passwords
from store.database import Database

NOW_MS = 1_795_168_800_000
CHEAP = Passwords(1, 8)
HERE = "203.0.113.7"


def added(db: Database, name: str, **roles: Role) -> int:
    """An account with roles at sites by their names."""
    accounts = Accounts(db, CHEAP, NOW_MS)
    prepared = accounts.prepared(name, PASSWORD)
    with db.write():
        account = accounts.add(*prepared)
        for site, role in roles.items():
            Members(db, numbers_of_one(db, site), NOW_MS).give(account, role, None)
    return account


def numbers_of_one(db: Database, name: str) -> int:
    return int(db.execute("SELECT id FROM sites WHERE name = ?", (name,)).fetchone()[0])


def log_in(db: Database, name: str, password: str, now_ms: int = NOW_MS, address: str = HERE) -> str | None:
    return Accounts(db, CHEAP, now_ms).log_in(name, password, "a browser", address)
