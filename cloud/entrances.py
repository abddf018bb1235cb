"""The ways in by a link or a form: signing up, an invitation, a new password, a share.

The secret of a link comes in a form, never in an address: no log, no history and no referrer keeps it.
"""

from collections.abc import Callable
from typing import Any

import bottle

from cloud import audit
from cloud.accounts import Accounts, BadLogin, Taken, Wait
from cloud.desk import Desk, redirect, remember
from cloud.forms import Form
from cloud.front_page import entered
from cloud.invitations import Gone, Invitation, Invitations
from cloud.members import Full
from cloud.passwords import Busy, Unfit
from cloud.resets import Resets
from cloud.secret import digest_of
from cloud.sessions import Sessions
from cloud.shares import Shares
from cloud.tries import Tries
from cloud.visitors import MOST_SHARES_OPEN, SHARE_COOKIE
from pages.query import Refused

# Of share links; a browser then names no origin with the form either (pages/guard.py).
SILENT = "no-referrer"


class NotTaken(Exception):
    """What was typed makes no account; the field and the text say why."""

    def __init__(self, field: str, said: str, status: int = 422) -> None:
        super().__init__(said)
        self.field, self.said, self.status = field, said, status


class Entrances:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # -------- signing up, where everybody may

    def sign_up_page(self) -> Any:
        self._open_to_all()
        return self._desk.screens.page("signup.html", typed="", said="", said_login="")

    def sign_up(self) -> Any:
        self._open_to_all()
        desk, form = self._desk, self._desk.form()
        try:
            # Each account costs a hash and a row: an address makes a bounded number of them.
            self._draw(form)
            secret, _ = self._new_account(form, lambda _account: 0)
        except NotTaken as bad:
            return desk.screens.page("signup.html", bad.status, typed=form["login"], **_told(bad))
        return entered(desk, secret, "/")

    def _open_to_all(self) -> None:
        if not self._desk.rules.open_signup:
            raise Refused(404, "closed", self._desk.said("wrong.closed"))

    # -------- an invitation

    def invite_page(self) -> Any:
        return self._code("invite", "/invite")

    def invite(self) -> Any:
        desk, form = self._desk, self._desk.form()
        invitation = Invitations(desk.db, desk.now_ms()).find(form["code"])
        if invitation is None:
            return self._code("invite", "/invite", self._no_such(form))
        ways: dict[str, Callable[[Form, Invitation], Any]] = {
            "join": self._join, "login": self._log_in_and_accept, "accept": self._accept,
        }  # fmt: skip
        way = ways.get(form["way"])
        try:
            return way(form, invitation) if way else self._invited(form, invitation)
        except Gone:
            return self._code("invite", "/invite", desk.said("wrong.gone"))
        except Full:
            return desk.screens.message(409, "wrong.full")

    def _join(self, form: Form, invitation: Invitation) -> Any:
        desk = self._desk
        try:
            # Who was invited learns whether a name is taken, but not of any number of names.
            self._draw(form)
            secret, site = self._new_account(form, lambda account: self._take(form, account), invitation.site)
        except NotTaken as bad:
            return self._invited(form, invitation, "join", **_told(bad), status=bad.status)
        return entered(desk, secret, self._home(site))

    def _log_in_and_accept(self, form: Form, invitation: Invitation) -> Any:
        desk = self._desk
        accounts = Accounts(desk.db, desk.passwords, desk.now_ms())
        try:
            secret = accounts.log_in(form["login"], form["password"], form.agent, form.address)
        except Wait as wait:
            return self._invited(form, invitation, "login", desk.said("wrong.wait", s=wait.s), status=429)
        except Busy:
            return self._invited(form, invitation, "login", desk.said("wrong.busy"), status=503)
        if secret is None:
            return self._invited(form, invitation, "login", desk.said("wrong.login"), status=403)
        account = Sessions(desk.db).open([digest_of(secret)], desk.now_ms())[0].account
        assert account is not None
        with desk.db.write(invitation.site):
            site = self._take(form, account)
        return entered(desk, secret, self._home(site))

    def _accept(self, form: Form, invitation: Invitation) -> Any:
        account = self._desk.visitor().account
        if account is None:
            return self._invited(form, invitation)
        with self._desk.db.write(invitation.site):
            site = self._take(form, account)
        return redirect(self._home(site))

    def _take(self, form: Form, account: int) -> int:
        return Invitations(self._desk.db, self._desk.now_ms()).accept(form["code"], account, form.address)

    def _invited(
        self,
        form: Form,
        invitation: Invitation,
        way: str = "",
        said: str = "",
        said_login: str = "",
        status: int = 200,
    ) -> str:
        desk = self._desk
        home = desk.sites.by_numbers([invitation.site]) if invitation.site else []
        return desk.screens.page(
            "invite.html", status, home_title=home[0].title if home else "", role=invitation.role,
            code=form["code"], typed=form["login"], way=way, said=said, said_login=said_login,
        )  # fmt: skip

    def _home(self, site: int) -> str:
        homes = self._desk.sites.by_numbers([site]) if site else []
        return f"/sites/{homes[0].key}/" if homes else "/"

    # -------- a new password

    def reset_page(self) -> Any:
        return self._desk.screens.page("reset.html", code="", said="", said_code="")

    def reset(self) -> Any:
        desk, form, now_ms = self._desk, self._desk.form(), self._desk.now_ms()
        login = Resets(desk.db, now_ms).login(form["code"])
        said = said_code = ""
        if login is None:
            said_code = self._no_such(form)
        else:
            try:
                desk.passwords.check(form["new"], login)
                hashed = desk.passwords.hash(form["new"])
                with desk.db.write():
                    accounts = Accounts(desk.db, desk.passwords, now_ms)
                    Resets(desk.db, now_ms).use(form["code"], hashed, accounts, form.address)
                return redirect("/?form")
            except Unfit as unfit:
                said = desk.said(f"password.{unfit.why}")
            except Busy:
                said = desk.said("wrong.busy")
            except Gone:
                said_code = desk.said("wrong.gone")
        return desk.screens.page("reset.html", 422, code=form["code"], said=said, said_code=said_code)

    # -------- a share

    def share_page(self) -> Any:
        return self._code("shared", "/s")

    def share(self) -> Any:
        desk, form = self._desk, self._desk.form()
        try:
            with desk.db.write():
                site, secret = Shares(desk.db, desk.now_ms()).enter(form["code"], form.agent, form.address)
        except Gone:
            return self._code("shared", "/s", self._no_such(form))
        known = [one for one in (bottle.request.get_cookie(SHARE_COOKIE) or "").split(".") if one]
        kept = ".".join([secret, *known][:MOST_SHARES_OPEN])
        return remember(redirect(self._home(site)), SHARE_COOKIE, kept)

    # -------- what they share

    def _code(self, word: str, action: str, said: str = "") -> str:
        """The page that takes the secret from the address's fragment, or lets it be pasted."""
        status, referrer = 404 if said else 200, SILENT if action == "/s" else ""
        return self._desk.screens.page("code.html", status, referrer, word=word, action=action, said=said)

    def _no_such(self, form: Form) -> str:
        """What is told of a code that opens nothing; it draws on the allowance of its address."""
        db = self._desk.db
        with db.write():
            Tries(db, self._desk.now_ms()).failed(form.address)
        return self._desk.said("wrong.gone")

    def _draw(self, form: Form) -> None:
        db = self._desk.db
        with db.write():
            wait_ms = Tries(db, self._desk.now_ms()).draw(form.address)
        if wait_ms:
            raise NotTaken("login", self._desk.said("wrong.wait", s=-(-wait_ms // 1000)), 429)

    def _new_account(self, form: Form, also: Callable[[int], int], site: int = 0) -> tuple[str, int]:
        """The secret of a new account's session, and what `also` gave in the same transaction; raises NotTaken."""
        desk, now_ms = self._desk, self._desk.now_ms()
        accounts = Accounts(desk.db, desk.passwords, now_ms)
        try:
            login, shown, hashed = accounts.prepared(form["login"], form["new"])
            with desk.db.write(site):
                account = accounts.add(login, shown, hashed)
                audit.note(desk.db, now_ms, "signed-up", None, account, "", form.address)
                gave = also(account)
                return Sessions(desk.db).begin(account, now_ms, form.agent, form.address), gave
        except BadLogin as error:
            raise NotTaken("login", desk.said("wrong.name")) from error
        except Taken as error:
            raise NotTaken("login", desk.said("wrong.taken"), 409) from error
        except Unfit as error:
            raise NotTaken("new", desk.said(f"password.{error.why}")) from error
        except Busy as error:
            raise NotTaken("login", desk.said("wrong.busy"), 503) from error


def _told(bad: NotTaken) -> dict[str, str]:
    return {
        "said": bad.said if bad.field == "new" else "",
        "said_login": bad.said if bad.field == "login" else "",
    }
