"""The door of the hosted site: who may see a site is checked before each request below its address.

A key that does not exist and one that may not be seen are answered alike, so that nobody can find out which
houses are here.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import bottle

from cloud.access import Act
from cloud.desk import Desk
from cloud.entrances import Entrances
from cloud.fleet_page import FleetPage
from cloud.front_page import FrontPage
from cloud.own_account import OwnAccount
from cloud.pair_page import PairPage
from cloud.pairing import Pairings
from cloud.reply import BEARER, refusal
from cloud.visitors import is_own_form
from pages.guard import READS
from pages.query import Refused
from pages.site import Site

_PAGES, _API = "/sites/", "/api/v1/sites/"


class Door:
    def __init__(self, desk: Desk, pairings: Pairings) -> None:
        self._desk, self._pairings = desk, pairings

    def mount(self, app: bottle.Bottle) -> None:
        app.add_hook("before_request", self._check)
        front, entrances, own = FrontPage(self._desk), Entrances(self._desk), OwnAccount(self._desk)
        pair = PairPage(self._desk, self._pairings)
        for method, path, handler in (
            ("GET", "/", front.front),
            ("POST", "/login", front.enter),
            ("POST", "/logout", front.leave),
            ("GET", "/signup", entrances.sign_up_page),
            ("POST", "/signup", entrances.sign_up),
            ("GET", "/invite", entrances.invite_page),
            ("POST", "/invite", entrances.invite),
            ("GET", "/reset", entrances.reset_page),
            ("POST", "/reset", entrances.reset),
            ("GET", "/s", entrances.share_page),
            ("POST", "/s", entrances.share),
            ("GET", "/account", own.page),
            ("POST", "/account", own.change),
            ("GET", "/new", own.new_page),
            ("POST", "/new", own.make),
            ("GET", "/fleet", FleetPage(self._desk).page),
            ("GET", "/pair", pair.page),
            ("POST", "/pair", pair.decide),
        ):
            app.route(path, method, self._refusing(handler))

    def admit(self, request: Any, site: Site) -> Any | None:
        """None when the reader may see this site, else the answer that bars the way."""
        return self._barred(request, site.key)

    def may_write(self, request: Any, site: Site) -> bool:
        """Whether the reader may name this site's meters, and a form that came was made for this reader."""
        visitor, found = self._desk.visitors.of(request), self._desk.sites.by_key(site.key)
        if found is None or not visitor.may(found.number, Act.NAME):
            return False
        return request.method in READS or is_own_form(visitor, request.forms.getunicode("csrf", "") or "")

    def _check(self) -> None:
        """Before every request below a site's address, so that unknown keys are answered no differently."""
        request = bottle.request
        start = next((s for s in (_PAGES, _API) if request.path.startswith(s)), None)
        if start is not None:
            barred = self._barred(request, request.path.removeprefix(start).partition("/")[0])
            if barred is not None:
                raise barred

    def _barred(self, request: Any, key: str) -> Any | None:
        site = self._desk.sites.by_key(key)
        if site is not None and self._desk.visitors.of(request).may(site.number, Act.LOOK):
            return None
        if request.path.startswith(_API):
            message = "this site wants its token (Authorization: Bearer ...) or a login"
            return refusal(401, "login", message, BEARER).for_bottle()
        return bottle.HTTPResponse(status=303, headers={"Location": f"/?next={quote(request.path)}"})

    def _refusing(self, handler: Callable[[], Any]) -> Callable[[], Any]:
        """The handler with its refusals turned into pages."""

        def handle() -> Any:
            try:
                return handler()
            except Refused as refused:
                return self._desk.screens.message(refused.status, "error.refused", refused.message)

        return handle
