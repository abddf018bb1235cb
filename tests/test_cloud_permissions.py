"""Who may what, after any history of invitations, roles, shares and time, is what a small model says."""

from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from accountmaking import CHEAP, NOW_MS
from engines import sqlite_address
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from permissionmodel import Invited, Request, Session, Share

from cloud.access import Act, Role
from cloud.accounts import Accounts
from cloud.connections import connections_to
from cloud.invitations import LASTS_MS as INVITED_MS
from cloud.invitations import Gone, Invitations
from cloud.login import Login
from cloud.members import LastOwner, Members
from cloud.sessions import IDLE_MS, LASTS_MS, Sessions
from cloud.shares import Shares
from cloud.sites import Sites, SiteSetting
from cloud.visitors import SESSION_COOKIE, SHARE_COOKIE, Visitor, Visitors
from metering.quantity import DAY_MS

HOMES, PEOPLE = (1, 2), range(3)
# Written down once more; cloud/access.py is what is tested.
ACTS = {
    Role.OWNER: {"look", "name", "pair", "share"},
    Role.INSTALLER: {"look", "name", "pair"},
    Role.VIEWER: {"look"},
}
SITES = [SiteSetting("rumah", "token-of-the-house"), SiteSetting("kos", "token-of-another-house")]
whoever, wherever, whatever = st.sampled_from(PEOPLE), st.sampled_from(HOMES), st.sampled_from(Role)
# Half an hour, and times after which invitations, idle sessions, shares and old sessions are over.
PAUSES = st.sampled_from(
    [0, 1_800_000, DAY_MS - 1_800_000, DAY_MS, INVITED_MS, IDLE_MS - 1, IDLE_MS, 100 * DAY_MS]
)
which = st.integers(0, 99)
# Of invitations the latest three are tried: older ones are used or over, mostly.


@cache
def new_database() -> bytes:
    """A file with the tables in it, so that each history need not make them anew."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "cloud.db"
        with closing(connections_to(sqlite_address(path))) as connections:
            Sites(SITES, connections)
        return path.read_bytes()


class Permissions(RuleBasedStateMachine):
    """What each rule does at the database it does in the model, and where one refuses the other does."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        path = Path(self.folder.name) / "cloud.db"
        path.write_bytes(new_database())
        self.now_ms = NOW_MS
        self.connections = connections_to(sqlite_address(path))
        sites = Sites(SITES, self.connections)
        self.visitors = Visitors(self.connections, sites, Login(sites, b"k" * 32), lambda: self.now_ms)
        self.db = self.connections.mine()
        self.roles: dict[tuple[int, int], Role] = {}
        self.owned: set[int] = set()
        self.invited: list[Invited] = []
        self.shares: list[Share] = []
        self.logins: dict[int, Session] = {}

    def teardown(self) -> None:
        self.connections.close()
        self.folder.cleanup()

    @initialize()
    def everybody_has_an_account(self) -> None:
        with self.db.write():
            accounts = Accounts(self.db, CHEAP, self.now_ms)
            self.accounts = [accounts.add(f"name{n}", f"name{n}", "") for n in PEOPLE]
        for who in PEOPLE:
            self.log_in(who)
        for who, home in ((0, 1), (1, 2), (2, 1), (2, 2)):
            self._invite(home, Role.OWNER, None)
            self.somebody_accepts(who, 0)

    @rule(who=whoever)
    def log_in(self, who: int) -> None:
        with self.db.write():
            secret = Sessions(self.db).begin(self.accounts[who], self.now_ms)
        self.logins[who] = Session(secret, self.now_ms + LASTS_MS, self.now_ms)

    @rule(who=whoever)
    def log_out(self, who: int) -> None:
        with self.db.write():
            Sessions(self.db).end(self.logins[who].secret)
        self.logins[who].until_ms = 0

    @rule(pause_ms=PAUSES)
    def time_passes(self, pause_ms: int) -> None:
        self.now_ms += pause_ms

    @rule(home=wherever, role=whatever)
    def the_host_invites(self, home: int, role: Role) -> None:
        self._invite(home, role, None)

    @rule(n=which, home=wherever, role=whatever)
    def an_owner_invites(self, n: int, home: int, role: Role) -> None:
        who = self._deciding(n, home)
        if self._may(who, home, "share"):
            self._invite(home, role, who)

    def _invite(self, home: int, role: Role, by: int | None) -> None:
        with self.db.write(home):
            account = None if by is None else self.accounts[by]
            secret = Invitations(self.db, self.now_ms).make(home, role, "x", account)
        by = -1 if by is None else by
        self.invited.append(Invited(secret, home, role, by, self.now_ms + INVITED_MS))

    @rule(who=whoever, home=wherever, role=whatever)
    def somebody_accepts_at_once(self, who: int, home: int, role: Role) -> None:
        self._invite(home, role, None)
        self.somebody_accepts(who, 0)

    @precondition(lambda self: self.invited)
    @rule(who=whoever, n=which)
    def somebody_accepts(self, who: int, n: int) -> None:
        one = self.invited[-1 - n % min(3, len(self.invited))]
        good, held = one.until_ms > self.now_ms, self.roles.get((who, one.home))
        one.until_ms = 0
        try:
            with self.db.write(one.home):
                Invitations(self.db, self.now_ms).accept(one.secret, self.accounts[who])
        except Gone:
            assert not good
            return
        assert good
        if held is None or len(ACTS[held]) < len(ACTS[one.role]):
            self._has(who, one.home, one.role)

    @precondition(lambda self: self.invited)
    @rule(m=which, n=which)
    def an_owner_takes_an_invitation_back(self, m: int, n: int) -> None:
        one = self.invited[-1 - n % min(3, len(self.invited))]
        who = self._deciding(m, one.home)
        if self._may(who, one.home, "share"):
            invitations = Invitations(self.db, self.now_ms)
            found = invitations.find(one.secret)
            assert (found is not None) == (one.until_ms > self.now_ms)
            if found:
                with self.db.write(one.home):
                    assert not invitations.revoke(3 - one.home, found.id, self.accounts[who])
                    assert invitations.revoke(one.home, found.id, self.accounts[who])
            one.until_ms = 0

    @rule(n=which, other=whoever, home=wherever, role=st.sampled_from([*Role, None]))
    def an_owner_gives_a_role_or_takes_it(self, n: int, other: int, home: int, role: Role | None) -> None:
        who = self._deciding(n, home)
        if self._may(who, home, "share"):
            self._give(who, other, home, role)

    @rule(who=whoever, home=wherever)
    def somebody_leaves(self, who: int, home: int) -> None:
        self._give(who, who, home, None)

    def _give(self, by: int, who: int, home: int, role: Role | None) -> None:
        held = self.roles.get((who, home))
        last = held is Role.OWNER and role is not Role.OWNER and self._owners(home) == 1
        try:
            with self.db.write(home):
                members = Members(self.db, home, self.now_ms)
                if role is None:
                    assert members.remove(self.accounts[who], self.accounts[by]) == (held is not None)
                elif held is not None:
                    members.give(self.accounts[who], role, self.accounts[by])
        except LastOwner:
            assert last
            return
        assert not last
        if held is not None:
            self._has(who, home, role)

    def _has(self, who: int, home: int, role: Role | None) -> None:
        if self.roles.get((who, home)) is Role.OWNER and role is not Role.OWNER:
            for one in self.invited:
                if (one.by, one.home) == (who, home):
                    one.until_ms = 0
        self.roles.pop((who, home), None)
        if role is not None:
            self.roles[who, home] = role
            self.owned |= {home} if role is Role.OWNER else set()

    @rule(n=which, home=wherever, days=st.sampled_from([1, 30, 365]))
    def an_owner_shares(self, n: int, home: int, days: int) -> None:
        who = self._deciding(n, home)
        if self._may(who, home, "share"):
            with self.db.write(home):
                secret = Shares(self.db, self.now_ms).make(home, "x", days, self.accounts[who])
            self.shares.append(Share(secret, home, self.now_ms + days * DAY_MS))

    @precondition(lambda self: self.shares)
    @rule(n=which)
    def somebody_opens_a_share(self, n: int) -> None:
        share = self.shares[n % len(self.shares)]
        good = share.until_ms > self.now_ms and not share.revoked
        with suppress(Gone), self.db.write():
            home, secret = Shares(self.db, self.now_ms).enter(share.secret)
            assert good
            assert home == share.home
            share.browsers.append(Session(secret, share.until_ms, self.now_ms, share))
            good = False
        assert not good

    @precondition(lambda self: self.shares)
    @rule(m=which, n=which)
    def an_owner_revokes_a_share(self, m: int, n: int) -> None:
        share = self.shares[n % len(self.shares)]
        who = self._deciding(m, share.home)
        if self._may(who, share.home, "share"):
            good = share.until_ms > self.now_ms and not share.revoked
            with self.db.write(share.home):
                shares, account = Shares(self.db, self.now_ms), self.accounts[who]
                assert not shares.revoke(3 - share.home, n % len(self.shares) + 1, account)
                assert shares.revoke(share.home, n % len(self.shares) + 1, account) == good
            share.revoked = True

    def _deciding(self, n: int, home: int) -> int:
        """Who tries to: mostly an owner of the home who is logged in, sometimes anybody."""
        owners = [who for (who, where), role in self.roles.items() if where == home and role is Role.OWNER]
        if n % 5 == 0:
            return n % len(PEOPLE)
        who = owners[n % len(owners)]
        if not self.logins[who].sees(self.now_ms):
            self.log_in(who)
        return who

    def _may(self, who: int, home: int, act: str) -> bool:
        """Asked as the pages do, and the same as the model's answer."""
        session = self.logins[who]
        may = self._asks(session).may(home, Act(act))
        assert may == (session.sees(self.now_ms) and act in self._acts(who, home))
        return may

    def _asks(self, session: Session) -> Visitor:
        cookie = SHARE_COOKIE if session.share else SESSION_COOKIE
        return self.visitors.of(Request({cookie: session.secret}))

    def _acts(self, who: int, home: int) -> set[str]:
        held = self.roles.get((who, home))
        return ACTS[held] if held else set()

    def _owners(self, home: int) -> int:
        return sum(role is Role.OWNER for (_, where), role in self.roles.items() if where == home)

    @invariant()
    def everybody_may_what_the_model_says(self) -> None:
        for who, session in self.logins.items():
            visitor, sees = self._asks(session), session.sees(self.now_ms)
            for home in HOMES:
                may = {act.value for act in Act if visitor.may(home, act)}
                assert may == (self._acts(who, home) if sees else set())

    @invariant()
    def a_share_shows_its_home_and_nothing_more(self) -> None:
        for share in self.shares:
            good = share.until_ms > self.now_ms and not share.revoked
            for browser in share.browsers:
                visitor = self._asks(browser)
                may = {(home, act.value) for home in HOMES for act in Act if visitor.may(home, act)}
                assert may == ({(share.home, "look")} if browser.sees(self.now_ms) and good else set())

    @invariant()
    def what_is_open_is_what_the_model_has(self) -> None:
        for home in HOMES:
            invited = [one for one in self.invited if one.home == home and one.until_ms > self.now_ms]
            shares = [one for one in self.shares if one.home == home and one.until_ms > self.now_ms]
            assert len(Invitations(self.db, self.now_ms).open(home)) == len(invited)
            assert len(Shares(self.db, self.now_ms).open(home)) == sum(not one.revoked for one in shares)

    @invariant()
    def a_home_that_had_an_owner_has_one(self) -> None:
        for home in self.owned:
            assert self._owners(home) >= 1
            assert any(one.role is Role.OWNER for one in Members(self.db, home, self.now_ms).all())


Permissions.TestCase.settings = settings(
    max_examples=30, stateful_step_count=25, deadline=None, derandomize=True, database=None
)
TestPermissions = Permissions.TestCase
