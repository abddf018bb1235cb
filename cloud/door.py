"""The door of the hosted site: `/` with the sites one may see, the form for a token, the check before each.

A key that does not exist and one that may not be seen are answered alike, so that nobody can find out which
houses are here.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import bottle

from cloud.front_page import front_page
from cloud.ingest import refusal
from cloud.login import COOKIE, REMEMBERED_S, Login, Tries
from cloud.sites import Sites
from pages.site import Site
from pages.words import chosen

# A form with a token and an address to go on to.
MOST_FORM_BYTES = 8_192
_PAGES, _API = "/sites/", "/api/v1/sites/"


class Door:
    def __init__(self, sites: Sites, login: Login, clock_s: Callable[[], float]) -> None:
        self._sites, self._login, self._tries = sites, login, Tries(clock_s)

    def mount(self, app: bottle.Bottle) -> None:
        app.add_hook("before_request", self._check)
        app.route("/", "GET", self._front)
        app.route("/login", "POST", self._enter)
        app.route("/logout", "POST", self._leave)

    def admit(self, request: Any, site: Site) -> Any | None:
        """None when the reader may see this site, else the answer that bars the way."""
        return self._barred(request, site.key)

    def may_write(self, request: Any, site: Site) -> bool:
        """Whether the reader has shown this site's token: that a site is public lets everybody look, and no more."""
        return self._login.has_opened(
            site.key, request.get_cookie(COOKIE), request.get_header("Authorization")
        )

    def _check(self) -> None:
        """Before every request below a site's address, so that unknown keys are answered no differently."""
        request = bottle.request
        start = next((s for s in (_PAGES, _API) if request.path.startswith(s)), None)
        if start is not None:
            barred = self._barred(request, request.path.removeprefix(start).partition("/")[0])
            if barred is not None:
                raise barred

    def _barred(self, request: Any, key: str) -> Any | None:
        if self._login.sees(key, request.get_cookie(COOKIE), request.get_header("Authorization")):
            return None
        if request.path.startswith(_API):
            return refusal(401, "login", "this site wants its token (Authorization: Bearer ...) or a login")
        return bottle.HTTPResponse(status=303, headers={"Location": f"/?next={quote(request.path)}"})

    def _front(self) -> Any:
        request = bottle.request
        visible = self._login.visible(request.get_cookie(COOKIE))
        going_on = request.query.getunicode("next", "")
        if len(visible) == 1 and not going_on and "form" not in request.query:
            return bottle.HTTPResponse(status=303, headers={"Location": f"/sites/{visible[0].key}/"})
        return self._page(going_on)

    def _enter(self) -> Any:
        """A token from the form: the browser may see its site from now on."""
        request = bottle.request
        address = request.environ.get("REMOTE_ADDR", "")
        going_on = _form("next")
        # The right token always opens: behind a proxy everybody's wrong ones come from one address.
        site = self._sites.by_token(_form("token").strip())
        if site is None:
            return self._refused(address, going_on)
        home = f"{_PAGES}{site.key}/"
        answer = bottle.HTTPResponse(
            status=303, headers={"Location": going_on if going_on.startswith(home) else home}
        )
        _remember(answer, self._login.opened(request.get_cookie(COOKIE), site), REMEMBERED_S)
        return answer

    def _refused(self, address: str, going_on: str) -> Any:
        """A wrong token is told; after many of them from one address it is told to wait."""
        wait_s = self._tries.wait_s(address)
        if wait_s > 0:
            answer = self._page(going_on, "many", 429)
            answer.set_header("Retry-After", str(int(wait_s) + 1))
            return answer
        self._tries.failed(address)
        return self._page(going_on, "wrong", 403)

    def _leave(self) -> Any:
        answer = bottle.HTTPResponse(status=303, headers={"Location": "/?form"})
        _remember(answer, "", 0)
        return answer

    def _page(self, going_on: str, wrong: str = "", status: int = 200) -> Any:
        request = bottle.request
        asked, accepted = request.query.getunicode("lang"), request.get_header("Accept-Language")
        language = chosen(asked, request.get_cookie("lang"), accepted)
        cookie = request.get_cookie(COOKIE)
        page = front_page(language, self._login.visible(cookie), going_on, wrong, bool(cookie))
        return bottle.HTTPResponse(page, status, {"Content-Type": "text/html; charset=utf-8"})


def _form(field: str) -> str:
    if bottle.request.content_length > MOST_FORM_BYTES:
        raise refusal(413, "size", f"the form has more than {MOST_FORM_BYTES} bytes")
    return bottle.request.forms.getunicode(field, "") or ""


def _remember(answer: Any, cookie: str, max_age_s: int) -> None:
    # The proxy that does TLS is not trusted to say so; the browser itself names its origin with every form.
    secure = (bottle.request.get_header("Origin") or "").startswith("https://")
    answer.set_cookie(
        COOKIE, cookie, path="/", max_age=max_age_s, httponly=True, samesite="lax", secure=secure
    )
