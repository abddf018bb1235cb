"""What the hosted site's own pages share: the database, the clock, passwords, and who asks; no pages here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bottle

from cloud.access import ALLOWED, Act
from cloud.connections import Connections
from cloud.forms import Form, is_secure, origin_of
from cloud.login import Login
from cloud.passwords import Passwords
from cloud.screens import Screens
from cloud.sessions import LASTS_MS
from cloud.sites import Sites
from cloud.visitors import SESSION_COOKIE, Visitor, Visitors
from pages.query import Refused
from pages.view import View
from store.database import Database


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings decide. `url`: where people reach this site, "" when nobody said."""

    open_signup: bool = False
    own_sites: bool = True
    url: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    connections: Connections
    sites: Sites
    visitors: Visitors
    login: Login
    screens: Screens
    passwords: Passwords
    rules: Rules
    now_ms: Callable[[], int]

    @property
    def db(self) -> Database:
        return self.connections.mine()

    def visitor(self) -> Visitor:
        return self.visitors.of(bottle.request)

    def allowed(self, view: View, act: Act) -> tuple[int, int]:
        """The site's number, and the account that may do this there; raises Refused."""
        site, visitor = self.sites.by_key(view.site.key), self.visitor()
        if site is None or visitor.account is None or not visitor.may(site.number, act):
            whose = " and ".join(f"{role}s" for role in ALLOWED if act in ALLOWED[role])
            raise Refused(403, "role", f"this page is for {whose} of the home")
        return site.number, visitor.account

    def check_own_sites(self) -> None:
        """Raises Refused where accounts make no homes."""
        if not self.rules.own_sites:
            raise Refused(404, "closed", "who runs this site makes the homes on it")

    def form(self) -> Form:
        """The form that was sent; raises Refused."""
        return Form(bottle.request, self.visitor())

    def said(self, key: str, **places: object) -> str:
        """A text in the language of the reader."""
        return self.screens.look().words(key, **places)

    def link(self, path: str, secret: str) -> str:
        """An address that people pass on; the secret stands in its fragment, which no server is told."""
        return f"{self.rules.url or origin_of(bottle.request) or self.url}{path}#{secret}"

    @property
    def url(self) -> str:
        """Where people reach this site, as far as this request tells."""
        request = bottle.request
        scheme, host = request.environ.get("wsgi.url_scheme", "http"), request.get_header("Host") or ""
        return self.rules.url or f"{scheme}://{host}"

    def session_of(self) -> str:
        """The secret of this browser's session, "" when it has none."""
        return bottle.request.get_cookie(SESSION_COOKIE) or ""


def redirect(to: str) -> Any:
    return bottle.HTTPResponse(status=303, headers={"Location": to})


def remember(answer: Any, cookie: str, value: str, lasts_ms: int = LASTS_MS) -> Any:
    """Set (or, with "", forget) a cookie that no script reads and no foreign page's form brings along."""
    answer.set_cookie(
        cookie,
        value,
        path="/",
        max_age=lasts_ms // 1000 if value else 0,
        httponly=True,
        samesite="lax",
        secure=is_secure(bottle.request),
    )
    return answer
