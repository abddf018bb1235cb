"""The pages on which owners decide who sees a home: people, share links, and the log of what was done."""

from collections.abc import Callable
from typing import Any

import bottle

from cloud import audit
from cloud.access import Act, Role
from cloud.desk import Desk, redirect
from cloud.forms import Form, whole
from cloud.invitations import Invitations
from cloud.members import Full, LastOwner, Members
from cloud.resets import NotYours, Resets
from cloud.shares import DAYS, BadShare, Shares
from pages.qr import qr
from pages.query import Refused
from pages.view import View

Way = Callable[[View, int, int, Form], Any]


class SitePages:
    """`pages`: by method and path below a site's home."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.pages: dict[tuple[str, str], Callable[[View], Any]] = {
            ("GET", "/people"): self.people,
            ("POST", "/people"): lambda view: self._done(view, self._people_ways, self.people),
            ("GET", "/shares"): self.shares,
            ("POST", "/shares"): lambda view: self._done(view, self._share_ways, self.shares),
            ("GET", "/log"): self.log,
        }
        self._people_ways: dict[str, Way] = {
            "invite": self._invite, "revoke": self._uninvite, "role": self._role, "remove": self._remove,
            "reset": self._reset,
        }  # fmt: skip
        self._share_ways: dict[str, Way] = {"make": self._share, "revoke": self._unshare}

    def people(self, view: View, status: int = 200, said: str = "") -> str:
        db, site = self._desk.db, self._desk.allowed(view, Act.SHARE)[0]
        now_ms = self._desk.now_ms()
        return self._desk.screens.site_page(
            "people.html", view, status, said=said,
            members=Members(db, site, now_ms).all(), invitations=Invitations(db, now_ms).open(site),
        )  # fmt: skip

    def shares(self, view: View, status: int = 200, said: str = "") -> str:
        site = self._desk.allowed(view, Act.SHARE)[0]
        shares = Shares(self._desk.db, self._desk.now_ms()).open(site)
        return self._desk.screens.site_page("shares.html", view, status, said=said, shares=shares, days=DAYS)

    def log(self, view: View) -> str:
        site = self._desk.allowed(view, Act.SHARE)[0]
        entries = audit.page(self._desk.db, site, whole(bottle.request.query.getunicode("before", "")))
        older = entries[-1].id if len(entries) == audit.PAGE_ENTRIES else None
        return self._desk.screens.site_page("log.html", view, entries=entries, older=older)

    def _done(self, view: View, ways: dict[str, Way], page: Callable[..., str]) -> Any:
        """Does what the form says, and shows the page again with what hinders it."""
        form = self._desk.form()
        site, account = self._desk.allowed(view, Act.SHARE)
        way = form.way(ways)
        try:
            return way(view, site, account, form) or redirect(bottle.request.path)
        except LastOwner:
            return page(view, 409, self._desk.said("wrong.last_owner"))
        except Full:
            return page(view, 409, self._desk.said("wrong.full"))
        except NotYours:
            return page(view, 403, self._desk.said("wrong.not_yours"))
        except BadShare:
            return page(view, 422, self._desk.said("wrong.share"))

    def _invite(self, view: View, site: int, account: int, form: Form) -> Any:
        role, about, db = _role(form), " ".join(form["about"].split()), self._desk.db
        with db.write(site):
            secret = Invitations(db, self._desk.now_ms()).make(site, role, about, account, form.address)
        return self._link(view, "invite", "/invite", secret, about, "/people")

    def _uninvite(self, _view: View, site: int, account: int, form: Form) -> None:
        db = self._desk.db
        with db.write(site):
            Invitations(db, self._desk.now_ms()).revoke(
                site, form.number("invitation"), account, form.address
            )

    def _role(self, _view: View, site: int, account: int, form: Form) -> None:
        role, db = _role(form), self._desk.db
        with db.write(site):
            members = Members(db, site, self._desk.now_ms())
            if members.role(form.number("account")) is not None:
                members.give(form.number("account"), role, account, form.address)

    def _remove(self, _view: View, site: int, account: int, form: Form) -> Any:
        db, other = self._desk.db, form.number("account")
        with db.write(site):
            Members(db, site, self._desk.now_ms()).remove(other, account, form.address)
        return redirect("/?form") if other == account else None

    def _reset(self, view: View, site: int, account: int, form: Form) -> Any:
        db, other, now_ms = self._desk.db, form.number("account"), self._desk.now_ms()
        with db.write(site):
            member = next((one for one in Members(db, site, now_ms).all() if one.account == other), None)
            if member is None:
                return None
            secret = Resets(db, now_ms).make(other, account, site, form.address)
        return self._link(view, "reset", "/reset", secret, member.name, "/people")

    def _share(self, view: View, site: int, account: int, form: Form) -> Any:
        db = self._desk.db
        with db.write(site):
            shares = Shares(db, self._desk.now_ms())
            secret = shares.make(site, form["label"], form.number("days"), account, form.address)
        return self._link(view, "shares", "/s", secret, form["label"], "/shares")

    def _unshare(self, _view: View, site: int, account: int, form: Form) -> None:
        db = self._desk.db
        with db.write(site):
            Shares(db, self._desk.now_ms()).revoke(site, form.number("share"), account, form.address)

    def _link(self, view: View, word: str, path: str, secret: str, about: str, back: str) -> str:
        """A link as text and QR, on this one answer alone."""
        link = self._desk.link(path, secret)
        bottle.response.set_header("Referrer-Policy", "no-referrer")
        return self._desk.screens.site_page(
            "link.html", view, word=word, link=link, about=about, back=view.home + back, qr=qr(link)
        )


def _role(form: Form) -> Role:
    try:
        return Role(form["role"])
    except ValueError as error:
        raise Refused(422, "role", f"role: one of {', '.join(Role)} expected") from error
