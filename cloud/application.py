"""The hosted site as one WSGI application: intake, door and pages over one database."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import bottle

from cloud import described
from cloud.connections import Connections
from cloud.desk import Desk, Rules
from cloud.door import Door
from cloud.edge_pages import EdgePages
from cloud.house import Houses
from cloud.ingest import PATHS, Ingest
from cloud.login import Login
from cloud.pairing import Pairings
from cloud.pairing_routes import PATHS as PAIRING_PATHS
from cloud.pairing_routes import PairingRoutes
from cloud.passwords import Passwords
from cloud.screens import Screens
from cloud.site_pages import SitePages
from cloud.sites import Sites
from cloud.tokens import Tokens
from cloud.visitors import Visitors
from cloud.watch import Watch
from pages import app as pages
from pages.condition import Pulse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def build(
    sites: Sites,
    connections: Connections,
    key: bytes,
    now_ms: Callable[[], int] = pages.wall_ms,
    rules: Rules = Rules(),  # noqa: B008 - it is frozen
    passwords: Passwords | None = None,
) -> "Mounted":
    """`key` signs the cookies of browsers that showed a token; `passwords` knows what a hash costs."""
    tokens = Tokens(now_ms)
    sites.ask_for_paired(lambda digests: tokens.sites_of(connections.mine(), digests))
    watch = Watch(connections, now_ms)
    houses = Houses(sites, connections, watch, now_ms)
    login = Login(sites, key)
    visitors = Visitors(connections, sites, login, now_ms)
    screens = Screens(visitors, sites)
    desk = Desk(connections, sites, visitors, login, screens, passwords or Passwords(), rules, now_ms)
    pairings = Pairings(tokens, now_ms)
    door = Door(desk, pairings)
    seen = pages.build(
        houses.find,
        pulse=lambda: pulse(connections),
        hosts=None,
        admit=door.admit,
        may_write=door.may_write,
        now_ms=now_ms,
        renderer=screens.renderer,
        more={**SitePages(desk).pages, **EdgePages(desk, tokens).pages},
        described=described.paths(),
    )
    door.mount(seen)
    ingest = Ingest(sites, connections, now_ms)
    pairing = PairingRoutes(sites, connections, tokens, pairings, rules.url, now_ms).application()
    return Mounted(seen, {**dict.fromkeys(PATHS, ingest), **dict.fromkeys(PAIRING_PATHS, pairing)})


class Mounted:
    """The applications side by side: some paths have one of their own, everything else is a page."""

    def __init__(self, seen: bottle.Bottle, by_path: "Mapping[str, WSGIApplication]") -> None:
        self._pages, self._by_path = seen, by_path

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> "Iterable[bytes]":
        app: WSGIApplication = self._by_path.get(environ["PATH_INFO"], self._pages)
        return app(environ, start)

    @property
    def routes(self) -> frozenset[tuple[str, str]]:
        """Method and path of everything that is answered here."""
        bottles = {
            id(app): app for app in (self._pages, *self._by_path.values()) if isinstance(app, bottle.Bottle)
        }
        return Ingest.routes | {
            (route.method, route.rule) for app in bottles.values() for route in app.routes
        }


def pulse(connections: Connections) -> Pulse:
    """A cloud has nothing waiting: what it answered is on disk. It is well when the database answers."""
    connections.mine().execute("SELECT 1 FROM sites LIMIT 1").fetchone()
    return Pulse(ok=True, lag_s=0.0, lag_rows=0)
