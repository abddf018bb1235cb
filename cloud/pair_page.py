"""The page on which a person who is logged in confirms an edge by its short code, for a home, or denies it.

Whoever got somebody to enter the code of a foreign edge would read that home (RFC 8628 5.4). So the page shows which
edge it is and where it calls from before anything is decided, and every code that is looked up counts as a try.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import bottle

from cloud import audit, homes
from cloud.access import Act
from cloud.desk import Desk, redirect
from cloud.forms import Form
from cloud.pairing import TRIES_MS, Pairings, TooManyTries, Waiting
from cloud.sites import HostedSite
from pages.query import Refused
from process.proxies import network_of

# A code as people type it, with blanks between; what is longer is none.
MOST_TYPED_CHARS = 32
MINUTE_MS = 60_000

Way = Callable[[Form, Waiting, int], Any]


class TooLate(Exception):
    """Somebody else decided in this moment, or the code ran out."""


class PairPage:
    def __init__(self, desk: Desk, pairings: Pairings) -> None:
        self._desk, self._pairings = desk, pairings
        self._ways: dict[str, Way] = {"confirm": self._confirm, "new": self._new, "deny": self._deny}

    def page(self) -> Any:
        query, account = bottle.request.query, self._desk.visitor().account
        code = query.getunicode("code", "")[:MOST_TYPED_CHARS]
        if account is None:
            return _to_login(code)
        if not code:
            return self._entry(good="pair.denied" if "denied" in query else "")
        address = str(bottle.request.environ.get("REMOTE_ADDR", ""))
        return self._looked_up(code, account, address, lambda found: self._asked(found, address))

    def decide(self) -> Any:
        desk, form = self._desk, self._desk.form()
        account, code = desk.visitor().account, form["code"][:MOST_TYPED_CHARS]
        if account is None:
            return _to_login(code)
        way = form.way(self._ways)
        try:
            return self._looked_up(code, account, form.address, lambda found: way(form, found, account))
        except TooLate:
            return self._entry(code, "wrong.code", 404)

    def _looked_up(self, code: str, account: int, address: str, go_on: Callable[[Waiting], Any]) -> Any:
        try:
            found = self._pairings.waiting(self._desk.db, code, account, address)
        except TooManyTries:
            bottle.response.set_header("Retry-After", str(TRIES_MS // 1000))
            return self._entry(code, "wrong.codes", 429)
        return self._entry(code, "wrong.code", 404) if found is None else go_on(found)

    def _confirm(self, form: Form, found: Waiting, account: int) -> Any:
        """Of a home that is not theirs people learn no more than of one that does not exist."""
        desk = self._desk
        site = desk.sites.by_key(form["site"])
        if site is None or not desk.visitor().may(site.number, Act.PAIR):
            raise Refused(403, "role", "this edge can be connected by owners and installers of the home")
        with desk.db.write(site.number):
            self._settle(form, found, account, site.number)
        return _to_edges(site)

    def _new(self, form: Form, found: Waiting, account: int) -> Any:
        desk, typed = self._desk, form["title"]
        desk.check_own_sites()
        try:
            title = homes.title_of(typed)
            with desk.db.write():
                number = homes.make(desk.db, title, account, desk.now_ms(), form.address)
                self._settle(form, found, account, number)
        except homes.BadTitle:
            return self._asked(found, form.address, 422, typed, "wrong.title")
        except homes.TooMany:
            return self._asked(found, form.address, 409, typed, "wrong.full")
        site = desk.sites.by_number(number)
        return _to_edges(site) if site else redirect("/")

    def _deny(self, form: Form, found: Waiting, account: int) -> Any:
        with self._desk.db.write():
            self._settle(form, found, account, None)
        return redirect("/pair?denied")

    def _settle(self, form: Form, found: Waiting, account: int, site: int | None) -> None:
        """Inside the caller's write transaction, so that a home made for an edge goes with it; raises TooLate."""
        db = self._desk.db
        if not self._pairings.decide(db, found.id, site, account):
            raise TooLate
        act, about = "pair-denied" if site is None else "paired", f"{found.edge} ({found.address})"
        audit.note(db, self._desk.now_ms(), act, site, account, about, form.address)

    def _entry(self, typed: str = "", said: str = "", status: int = 200, good: str = "") -> str:
        said = self._desk.said(said) if said else ""
        return self._desk.screens.page("pair.html", status, typed=typed, said=said, good=good)

    def _asked(self, found: Waiting, address: str, status: int = 200, typed: str = "", said: str = "") -> str:
        """What a person decides about. An edge in front of them calls from where they call from, mostly."""
        desk, visitor = self._desk, self._desk.visitor()
        sites = [site for site in desk.sites.by_numbers(visitor.roles) if visitor.may(site.number, Act.PAIR)]
        return desk.screens.page(
            "pair_edge.html", status, edge=found, typed=typed, said=desk.said(said) if said else "",
            homes=sites, own_sites=desk.rules.own_sites,
            minutes=max(0, desk.now_ms() - found.made_ms) // MINUTE_MS,
            near=network_of(found.address) == network_of(address),
        )  # fmt: skip


def _to_login(code: str) -> Any:
    """And back: the code goes along."""
    page = f"/pair?{urlencode({'code': code})}" if code else "/pair"
    return redirect(f"/?{urlencode({'next': page})}")


def _to_edges(site: HostedSite) -> Any:
    return redirect(f"/sites/{site.key}/edges?paired")
