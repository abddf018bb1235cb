"""The web application of both servers: routes, checks and answers joined by bottle.

The edge serves one site at `/`, the cloud many at `/sites/<key>/`; everything else is the same.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Lock
from typing import Any

import bottle
import orjson

from pages import api, openapi
from pages.condition import Pulse
from pages.export import RETRY_AFTER_S, Slots
from pages.guard import HEADERS, Guard
from pages.html import Html
from pages.html_history import HistoryHtml
from pages.html_meters import MetersHtml
from pages.query import Query, Refused
from pages.render import STATIC, Renderer
from pages.site import Site
from pages.view import View

# What a site's pages remember is small; a cloud with more sites than this forgets and computes again.
MOST_VIEWS = 4_096
YEAR_S = 31_536_000

Find = Callable[[str], Site | None]
# Refuses or lets in: an answer such as a redirect to a login or a 401, or None to go on.
Admit = Callable[[Any, Site], Any | None]
MayWrite = Callable[[Any, Site], bool]


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


def build(
    sites: Site | View | Find,
    *,
    pulse: Callable[[], Pulse],
    hosts: Collection[str] | None,
    admit: Admit | None = None,
    may_write: MayWrite = lambda _request, _site: True,
    listed: Callable[[Any], Sequence[Site]] | None = None,
    now_ms: Callable[[], int] = wall_ms,
    renderer: Renderer | None = None,
    more: Mapping[tuple[str, str], Callable[[View], Any]] | None = None,
    described: Mapping[str, Any] | None = None,
) -> bottle.Bottle:
    """One Site: pages at `/`, API at `/api/v1`. A function: `/sites/<key>/` and `/api/v1/sites/<key>`.

    A View is one Site with what its pages remember, for a caller who keeps that warm.
    The function gives the same Site for a key as long as nothing about it changes. `hosts` are the names this
    server answers to beside IP addresses and localhost; None: any. `admit(request, site)` is asked before
    everything about a site, `may_write(request, site)` before anything is changed; `listed(request)` gives the sites
    that `/` lists to this reader. `more` are further pages of a site, by method and path below its home, and `renderer`
    the one that knows their texts. `described`: paths of OpenAPI that this server answers beside the read API.
    """
    app = bottle.Bottle()
    if isinstance(sites, Site):
        sites = View(sites, now_ms)
    admit = admit or (lambda _request, _site: None)
    server = _Server(app, sites, Guard(hosts), admit, may_write, pulse, now_ms, renderer or Renderer())
    server.mount(listed, more or {}, dict(described or {}))
    return app


class _Server:
    def __init__(
        self,
        app: bottle.Bottle,
        sites: View | Find,
        guard: Guard,
        admit: Admit,
        may_write: MayWrite,
        pulse: Callable[[], Pulse],
        now_ms: Callable[[], int],
        renderer: Renderer,
    ) -> None:
        self._app, self._sites, self._guard, self._admit = app, sites, guard, admit
        self._pulse, self._now_ms = pulse, now_ms
        self._many = not isinstance(sites, View)
        self._views: dict[str, View] = {}
        self._lock = Lock()
        self._slots = Slots()
        self._html, self._history = Html(renderer), HistoryHtml(renderer)
        self._meters = MetersHtml(renderer, may_write)

    def mount(
        self,
        listed: Callable[[Any], Sequence[Site]] | None,
        more: Mapping[tuple[str, str], Callable[[View], Any]],
        described: dict[str, Any],
    ) -> None:
        self._app.add_hook("before_request", self._check)
        self._app.add_hook("after_request", _headers)
        self._app.default_error_handler = self._error
        site_api = "/api/v1/sites/<key>" if self._many else "/api/v1"
        home = "/sites/<key>" if self._many else ""
        for route in api.ROUTES:
            self._get(f"{site_api}/{route.name}", self._at_site(self._answering(route)))
        self._get(f"{site_api}/readings", self._at_site(self._readings))
        for pages in (self._html.pages, self._history.pages, self._meters.pages):
            for path, page in pages.items():
                self._get(home + path, self._at_site(page))
        for path, form in self._meters.forms.items():
            self._app.route(home + path, "POST", self._at_site(form))
        for (method, path), handler in more.items():
            self._app.route(home + path, method, self._at_site(handler))
        self._get("/api/v1/openapi.json", lambda: _json(openapi.description(self._many, described)))
        self._get("/healthz", self._healthz)
        self._get("/static/<name:path>", _static)
        if self._many:
            self._get("/sites/<key>", lambda key: bottle.redirect(f"/sites/{key}/"))
        if listed is not None:
            self._get("/", lambda: self._html.sites(bottle.request, listed(bottle.request)))

    def _get(self, path: str, handler: Callable[..., Any]) -> None:
        self._app.route(path, "GET", handler)

    def _check(self) -> None:
        try:
            self._guard.check(bottle.request.method, bottle.request.get_header)
        except Refused as refused:
            raise self._refusal(refused) from refused

    def _at_site(self, handler: Callable[[View], Any]) -> Callable[..., Any]:
        """A handler for the site of the path: found, admitted, its refusals turned into answers."""

        def handle(key: str = "") -> Any:
            view = self._sites if isinstance(self._sites, View) else self._view(self._sites(key))
            if view is None:
                raise self._refusal(Refused(404, "site", f"site {key[:60]!r} is not known"))
            barred = self._admit(bottle.request, view.site)
            if barred is not None:
                return barred
            try:
                return handler(view)
            except Refused as refused:
                raise self._refusal(refused) from refused

        return handle

    def _view(self, site: Site | None) -> View | None:
        if site is None:
            return None
        with self._lock:
            view = self._views.get(site.key)
            if view is None or view.site is not site:
                if len(self._views) >= MOST_VIEWS:
                    self._views.clear()
                view = self._views[site.key] = View(site, self._now_ms)
            return view

    def _answering(self, route: api.Route) -> Callable[[View], Any]:
        def handle(view: View) -> Any:
            query = Query(given(), route.parameters, view.site.zone)
            with view.site.history() as history:
                answer = _json(route.answer(view, history, query))
            if route.name == "latest":
                view.site.watch()
            return answer

        return handle

    def _readings(self, view: View) -> Any:
        query = Query(given(), api.READINGS_PARAMETERS, view.site.zone)
        download = api.readings(view, query, self._slots)
        bottle.response.content_type = download.content_type
        bottle.response.set_header("Content-Disposition", f'attachment; filename="{download.filename}"')
        return download.pieces

    def _healthz(self) -> Any:
        pulse = self._pulse()
        shape = {"ok": pulse.ok, "lag_s": pulse.lag_s, "lag_rows": pulse.lag_rows, "reason": pulse.reason}
        return _json(shape, 200 if pulse.ok else 503)

    def _refusal(self, refused: Refused) -> Any:
        """A refusal as JSON for programs, as a page for people."""
        if not _is_for_programs() and refused.error != "host":
            page = self._html.message(bottle.request, refused.status, refused.message)
            return bottle.HTTPResponse(page, refused.status, {"Content-Type": "text/html; charset=utf-8"})
        answer = _json({"error": refused.error, "message": refused.message}, refused.status)
        if refused.status == 503:
            answer.set_header("Retry-After", str(RETRY_AFTER_S))
        return answer

    def _error(self, error: Any) -> Any:
        """Bottle's own refusals (404, 405, 500) as JSON for programs, as a page for people."""
        word = {404: "not-found", 405: "method"}.get(error.status_code, "failed")
        message = str(error.body) if error.status_code < 500 else "this request failed; the log says why"
        if _is_for_programs():
            error.content_type = "application/json"
            return orjson.dumps({"error": word, "message": message})
        error.content_type = "text/html; charset=utf-8"
        return self._html.message(bottle.request, error.status_code).encode()


def _is_for_programs() -> bool:
    return bool(bottle.request.path.startswith(("/api/", "/healthz", "/static/")))


def given() -> Mapping[str, str]:
    """The query as text; of a name given twice the last one counts."""
    query = bottle.request.query
    return {name: query.getunicode(name, "") for name in query}


def _json(shape: Any, status: int = 200) -> Any:
    return bottle.HTTPResponse(orjson.dumps(shape), status, {"Content-Type": "application/json"})


def _headers() -> None:
    for name, value in HEADERS.items():
        if name not in bottle.response.headers:
            bottle.response.set_header(name, value)
    if "Cache-Control" not in bottle.response.headers:
        bottle.response.set_header("Cache-Control", "no-store")


def _static(name: str) -> Any:
    """A file under pages/static; one that is asked for with its version never changes."""
    answer = bottle.static_file(name, root=str(STATIC))
    if answer.status_code in (200, 304):
        lasting = f"public, max-age={YEAR_S}, immutable" if bottle.request.query.get("v") else "no-cache"
        answer.set_header("Cache-Control", lasting)
    return answer
