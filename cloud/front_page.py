"""The front page: the homes one may see, logging in with a name or with the token of a home, logging out."""

from typing import Any

import bottle

from cloud.accounts import Accounts, Wait
from cloud.desk import Desk, redirect, remember
from cloud.forms import Form, way_on
from cloud.login import COOKIE as TOKEN_COOKIE
from cloud.login import REMEMBERED_S
from cloud.passwords import Busy
from cloud.sessions import Sessions
from cloud.tries import Tries
from cloud.visitors import MOST_SHARES_OPEN, SESSION_COOKIE, SHARE_COOKIE


class FrontPage:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def front(self) -> Any:
        query, visitor = bottle.request.query, self._desk.visitor()
        going_on = query.getunicode("next", "")
        homes = self._homes()
        if len(homes) == 1 and visitor.account is None and not going_on and "form" not in query:
            return redirect(f"/sites/{homes[0].key}/")
        return self.page(going_on)

    def enter(self) -> Any:
        form = self._desk.form()
        return self._by_token(form) if form["token"] else self._by_name(form)

    def leave(self) -> Any:
        """The sessions are over in the database too, of the account and of shares; typed tokens are forgotten."""
        self._desk.form()
        shares = (bottle.request.get_cookie(SHARE_COOKIE) or "").split(".")[:MOST_SHARES_OPEN]
        secrets = [one for one in (self._desk.session_of(), *shares) if one]
        if secrets:
            with self._desk.db.write():
                for secret in secrets:
                    Sessions(self._desk.db).end(secret)
        answer = redirect("/?form")
        for cookie in (SESSION_COOKIE, SHARE_COOKIE, TOKEN_COOKIE):
            remember(answer, cookie, "")
        return answer

    def page(
        self, going_on: str = "", status: int = 200, way: str = "", said: str = "", typed: str = ""
    ) -> str:
        rules = self._desk.rules
        return self._desk.screens.page(
            "front.html", status, homes=self._homes(), going_on=going_on, way=way, said=said, typed=typed,
            own_sites=rules.own_sites, open_signup=rules.open_signup,
        )  # fmt: skip

    def _homes(self) -> Any:
        """Those of an account alone are its own; who has none sees the public ones too."""
        visitor, sites = self._desk.visitor(), self._desk.sites
        shown = visitor.sites if visitor.account is not None else visitor.sites | sites.public
        return sites.by_numbers(shown)

    def _by_name(self, form: Form) -> Any:
        desk, typed = self._desk, form["login"]
        accounts = Accounts(desk.db, desk.passwords, desk.now_ms())
        try:
            secret = accounts.log_in(typed, form["password"], form.agent, form.address)
        except Wait as wait:
            bottle.response.set_header("Retry-After", str(wait.s))
            return self.page(form["next"], 429, "login", desk.said("wrong.wait", s=wait.s), typed)
        except Busy:
            bottle.response.set_header("Retry-After", "2")
            return self.page(form["next"], 503, "login", desk.said("wrong.busy"), typed)
        if secret is None:
            return self.page(form["next"], 403, "login", desk.said("wrong.login"), typed)
        return entered(desk, secret, way_on(form["next"]))

    def _by_token(self, form: Form) -> Any:
        """The token of a home from the settings: this browser may see that home from now on."""
        desk = self._desk
        # The right token always opens: behind a proxy everybody's wrong ones may come from one address.
        site = desk.sites.by_token(form["token"].strip())
        if site is None or not site.digest:
            return self._wrong_token(form)
        home, going_on = f"/sites/{site.key}/", way_on(form["next"])
        answer = redirect(going_on if going_on.startswith(home) else home)
        opened = desk.login.opened(bottle.request.get_cookie(TOKEN_COOKIE), site)
        return remember(answer, TOKEN_COOKIE, opened, REMEMBERED_S * 1000)

    def _wrong_token(self, form: Form) -> Any:
        db = self._desk.db
        with db.write():
            wait_s = -(-Tries(db, self._desk.now_ms()).draw(form.address) // 1000)
        if wait_s:
            bottle.response.set_header("Retry-After", str(wait_s))
            return self.page(form["next"], 429, "token", self._desk.said("wrong.wait", s=wait_s))
        return self.page(form["next"], 403, "token", self._desk.said("wrong.token"))


def entered(desk: Desk, secret: str, to: str) -> Any:
    """Logged in with a new session; the one that this browser had before is over."""
    before = desk.session_of()
    if before:
        with desk.db.write():
            Sessions(desk.db).end(before)
    return remember(redirect(to), SESSION_COOKIE, secret)
