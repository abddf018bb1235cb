"""Members: the role of each account at each site; a site that has an owner never loses its last one."""

from collections.abc import Mapping
from dataclasses import dataclass

from cloud import audit
from cloud.access import Role
from store.database import Database

# A page shows them all; more belong to no house.
MOST_OF_SITE = 100
# Read with every request of the account.
MOST_OF_ACCOUNT = 500


class LastOwner(Exception):
    """The site would have no owner left."""


class Full(Exception):
    """The site has as many members as it may, or the account as many sites."""


@dataclass(frozen=True, slots=True)
class Member:
    account: int
    name: str
    role: Role
    since_ms: int


class Members:
    """Of one site, over one connection; what writes does so inside the caller's write transaction.

    That one is `db.write(site)`: it lets one writer of the site in at a time, so that two owners who leave at once do
    not both find the other one there.
    """

    def __init__(self, db: Database, site: int, now_ms: int) -> None:
        self._db, self._site, self._now_ms = db, site, now_ms

    def all(self) -> list[Member]:
        rows = self._db.execute(
            "SELECT m.account, a.shown, m.role, m.since_ms FROM members m JOIN accounts a ON a.id = m.account"
            " WHERE m.site = ? ORDER BY m.since_ms, m.account",
            (self._site,),
        )
        return [Member(account, name, Role(role), since) for account, name, role, since in rows.fetchall()]

    def role(self, account: int) -> Role | None:
        row = self._db.execute(
            "SELECT role FROM members WHERE account = ? AND site = ?", (account, self._site)
        ).fetchone()
        return Role(row[0]) if row else None

    def give(self, account: int, role: Role, by: int | None, address: str = "", act: str = "joined") -> None:
        """A role, the account's first one here or another; raises LastOwner, Full."""
        before = self.role(account)
        if before is Role.OWNER and role is not Role.OWNER:
            self._refuse_the_last()
            self._take_back(account)
        if before is None:
            self._refuse_too_many(account)
        self._db.execute(
            "INSERT INTO members (account, site, role, since_ms) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (account, site) DO UPDATE SET role = excluded.role",
            (account, self._site, role.value, self._now_ms),
        )
        self._note("role-changed" if before else act, by, f"{self._name(account)}: {role.value}", address)

    def remove(self, account: int, by: int | None, address: str = "") -> bool:
        """False when it is no member; raises LastOwner."""
        role = self.role(account)
        if role is Role.OWNER:
            self._refuse_the_last()
            self._take_back(account)
        if role is None:
            return False
        self._db.execute("DELETE FROM members WHERE account = ? AND site = ?", (account, self._site))
        self._note("left" if by == account else "removed", by, self._name(account), address)
        return True

    def _refuse_the_last(self) -> None:
        if self._count("site = ? AND role = ?", self._site, Role.OWNER.value) <= 1:
            raise LastOwner("the last owner of a site stays its owner")

    def _take_back(self, account: int) -> None:
        """The open invitations of one who is no owner any more: he could come back by them."""
        self._db.execute(
            "DELETE FROM invitations WHERE site = ? AND made_by = ? AND used_ms IS NULL",
            (self._site, account),
        )

    def _refuse_too_many(self, account: int) -> None:
        if self._count("site = ?", self._site) >= MOST_OF_SITE:
            raise Full(f"a site has at most {MOST_OF_SITE} members")
        if self._count("account = ?", account) >= MOST_OF_ACCOUNT:
            raise Full(f"an account has at most {MOST_OF_ACCOUNT} sites")

    def _count(self, where: str, *values: object) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM members WHERE {where}", values).fetchone()[0])

    def _name(self, account: int) -> str:
        row = self._db.execute("SELECT shown FROM accounts WHERE id = ?", (account,)).fetchone()
        return str(row[0]) if row else ""

    def _note(self, act: str, by: int | None, about: str, address: str) -> None:
        audit.note(self._db, self._now_ms, act, self._site, by, about, address)


def roles_of(db: Database, account: int) -> Mapping[int, Role]:
    rows = db.execute("SELECT site, role FROM members WHERE account = ?", (account,))
    return {site: Role(role) for site, role in rows.fetchall()}
