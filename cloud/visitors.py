"""Who asks: nobody, an account, the holder of a share link or of a site's token, read once for each request.

One query finds the session, the account, its roles and the share that was opened, so that what was revoked is gone
with the next request, whichever process serves it. No HTML here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloud.access import BY_SHARE, BY_TOKEN, Act, Role, allows
from cloud.connections import Connections
from cloud.login import COOKIE as TOKEN_COOKIE
from cloud.login import Login
from cloud.secret import derived, digest_of, new_secret, same
from cloud.sessions import SEEN_EVERY_MS, Sessions
from cloud.sites import HostedSite, Sites

# Plain names: the prefixes __Host- and __Secure- would keep a host that is tried out over http from remembering.
SESSION_COOKIE = "kembar_session"
SHARE_COOKIE = "kembar_shares"
# Of a browser without a session: what its forms' tokens are derived from.
FORM_COOKIE = "kembar_form"
# Share links that one browser has open; each is looked up with every request.
MOST_SHARES_OPEN = 8
_KEPT = "kembar.visitor"
_CSRF = "kembar csrf"


@dataclass(frozen=True, slots=True)
class Visitor:
    """`account` None: not logged in. `mark` is the secret of this browser that its forms are bound to."""

    account: int | None
    name: str
    roles: Mapping[int, Role] = field(default_factory=dict)
    shared: frozenset[int] = frozenset()  # sites that a share link shows
    opened: frozenset[int] = frozenset()  # sites whose token was typed into the form
    looked: frozenset[int] = frozenset()  # sites that everybody may look at, and the one of a bearer token
    mark: str = field(default="", repr=False)
    is_new: bool = False  # `mark` was made for this request: the answer sets FORM_COOKIE

    def may(self, site: int, act: Act) -> bool:
        return (
            allows(self.roles.get(site), act)
            or (act in BY_SHARE and (site in self.shared or site in self.looked))
            or (act in BY_TOKEN and site in self.opened)
        )

    @property
    def sites(self) -> frozenset[int]:
        """Those that this visitor was let into, beside the public ones."""
        return frozenset(self.roles) | self.shared | self.opened

    @property
    def oversees(self) -> bool:
        """Whether a page of all its homes helps: an installer, or somebody with a role at more than one."""
        return len(self.roles) > 1 or Role.INSTALLER in self.roles.values()


def csrf(visitor: Visitor) -> str:
    """What each of this visitor's forms carries in its field `csrf`."""
    return derived(visitor.mark, _CSRF)


def is_own_form(visitor: Visitor, given: str) -> bool:
    """Whether a form that came was made by this server for this very browser."""
    return bool(visitor.mark) and not visitor.is_new and same(csrf(visitor), given)


class Visitors:
    """`by_bearer`: the site of an Authorization header. Safe for threads."""

    def __init__(
        self,
        connections: Connections,
        sites: Sites,
        login: Login,
        now_ms: Callable[[], int],
        by_bearer: Callable[[str | None], HostedSite | None] | None = None,
    ) -> None:
        self._connections, self._sites, self._login, self._now_ms = connections, sites, login, now_ms
        self._by_bearer = by_bearer or sites.by_bearer

    def of(self, request: Any) -> Visitor:
        """The visitor of this request, read at the first question and kept with the request."""
        kept = request.environ.get(_KEPT)
        if kept is None:
            kept = request.environ[_KEPT] = self._read(request)
        found: Visitor = kept
        return found

    def forget(self, request: Any) -> None:
        """Read anew at the next question: this request changed who it is."""
        request.environ.pop(_KEPT, None)

    def _read(self, request: Any) -> Visitor:
        own = request.get_cookie(SESSION_COOKIE) or ""
        shares = (request.get_cookie(SHARE_COOKIE) or "").split(".")[:MOST_SHARES_OPEN]
        account, name, roles, shared = self._sessions(own, [each for each in shares if each])
        bearer = self._by_bearer(request.get_header("Authorization"))
        form = request.get_cookie(FORM_COOKIE) or ""
        mark = own if account is not None else form
        return Visitor(
            account,
            name,
            roles,
            frozenset(shared),
            frozenset(site.number for site in self._login.opened_sites(request.get_cookie(TOKEN_COOKIE))),
            self._sites.public if bearer is None else self._sites.public | {bearer.number},
            mark or new_secret(),
            not mark,
        )

    def _sessions(
        self, own: str, shares: list[str]
    ) -> tuple[int | None, str, dict[int, Role], frozenset[int]]:
        """What the secrets of this browser open: its account with its roles, and the sites of its shares."""
        if not own and not shares:
            return None, "", {}, frozenset()
        now_ms, of_account = self._now_ms(), digest_of(own)
        sessions = Sessions(self._connections.mine())
        found = sessions.open(([of_account] if own else []) + [digest_of(each) for each in shares], now_ms)
        late = [one.digest for one in found if now_ms - one.seen_ms >= SEEN_EVERY_MS]
        if late:
            sessions.seen(late, now_ms)
        mine = next((one for one in found if one.digest == of_account and one.account is not None), None)
        shared = frozenset(one.shared for one in found if one.shared is not None and one.account is None)
        if mine is None:
            return None, "", {}, shared
        return mine.account, mine.name, dict(mine.roles), shared
