"""The pages of an account's owner: homes, password, devices that are logged in, a new home."""

from typing import Any

import bottle

from cloud import homes
from cloud.accounts import Accounts, Wait
from cloud.desk import Desk, redirect
from cloud.forms import Form
from cloud.members import LastOwner, Members
from cloud.passwords import Busy, Unfit
from cloud.secret import digest_of
from cloud.sessions import Sessions


class OwnAccount:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self) -> Any:
        if self._desk.visitor().account is None:
            return redirect("/?next=/account")
        return self._page(good="account.changed" if "changed" in bottle.request.query else "")

    def change(self) -> Any:
        desk, form = self._desk, self._desk.form()
        account = desk.visitor().account
        if account is None:
            return redirect("/?next=/account")
        ways = {"password": self._password, "end": self._end, "others": self._others, "leave": self._leave}
        return form.way(ways)(form, account) or redirect("/account")

    def new_page(self) -> Any:
        if self._desk.visitor().account is None:
            return redirect("/?next=/account")
        self._desk.check_own_sites()
        return self._desk.screens.page("new.html", typed="", said="")

    def make(self) -> Any:
        desk, form = self._desk, self._desk.form()
        account = desk.visitor().account
        if account is None:
            return redirect("/?next=/account")
        self._desk.check_own_sites()
        try:
            title = homes.title_of(form["title"])
            with desk.db.write():
                number = homes.make(desk.db, title, account, desk.now_ms(), form.address)
        except homes.BadTitle:
            return desk.screens.page("new.html", 422, typed=form["title"], said=desk.said("wrong.title"))
        except homes.TooMany:
            return desk.screens.page("new.html", 409, typed=form["title"], said=desk.said("wrong.full"))
        (made,) = desk.sites.by_numbers([number])
        return redirect(f"/sites/{made.key}/")

    def _password(self, form: Form, account: int) -> Any:
        desk = self._desk
        accounts = Accounts(desk.db, desk.passwords, desk.now_ms())
        try:
            if accounts.change(account, form["old"], form["new"], desk.session_of(), form.address):
                return redirect("/account?changed")
            return self._page(403, "old", desk.said("wrong.old"))
        except Unfit as unfit:
            return self._page(422, "new", desk.said(f"password.{unfit.why}"))
        except Wait as wait:
            return self._page(429, "old", desk.said("wrong.wait", s=wait.s))
        except Busy:
            return self._page(503, "old", desk.said("wrong.busy"))

    def _end(self, form: Form, account: int) -> None:
        with self._desk.db.write():
            Sessions(self._desk.db).end_listed(account, form["session"])

    def _others(self, _form: Form, account: int) -> None:
        with self._desk.db.write():
            Sessions(self._desk.db).end_all(account, self._desk.session_of())

    def _leave(self, form: Form, account: int) -> Any:
        db, site = self._desk.db, self._desk.sites.by_key(form["site"])
        if site is None:
            return None
        try:
            with db.write(site.number):
                Members(db, site.number, self._desk.now_ms()).remove(account, account, form.address)
        except LastOwner:
            return self._page(409, "leave", self._desk.said("wrong.last_owner"))
        return None

    def _page(self, status: int = 200, way: str = "", said: str = "", good: str = "") -> str:
        desk, visitor = self._desk, self._desk.visitor()
        assert visitor.account is not None
        return desk.screens.page(
            "account.html", status, way=way, said=said, good=good, own_sites=desk.rules.own_sites,
            homes=desk.sites.by_numbers(visitor.roles), this=digest_of(desk.session_of()),
            sessions=Sessions(desk.db).listed(visitor.account, desk.now_ms()),
        )  # fmt: skip
