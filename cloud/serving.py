"""The hosted site put together in the process that serves it: connections, application, layers around it, jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from cloud.application import build
from cloud.connections import Connections, GivesBack, connections_to
from cloud.desk import Rules
from cloud.login import signing_key
from cloud.rates import Rates
from cloud.rolling import RollingJob
from cloud.settings import CloudSettings
from cloud.sites import Sites, SiteSetting
from pages.app import wall_ms
from pages.guard import HEADERS
from process.fleet import serve_by_several
from process.headed import Headed
from process.jobs import jobs
from process.proxies import Proxied
from process.serve import serve
from process.service import CannotGoOn, Running
from store import faults
from store.database import Unopenable
from sync.packing import MOST_PACKED_BYTES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# A body up to the bound is looked at and answered in words; the server itself stops longer ones unread.
BODY_MOST_BYTES = MOST_PACKED_BYTES + 65_536
# What is wrong with the settings, the key's file or the database at the start.
_WRONG: tuple[type[Exception], ...] = (OSError, ValueError, *faults.ANY)


def serve_site(settings: CloudSettings, running: Running) -> None:
    """Until it is asked to stop; by one process with waitress, by several with gunicorn."""
    listen, processes = settings.cloud.listen, settings.cloud.processes
    if processes == 1:
        with opened(settings) as application:
            serve(application, listen, running, body_most_bytes=BODY_MOST_BYTES, headers=HEADERS)
        return
    # What is wrong with the database is told here, in one sentence and before there are workers; nothing stays open.
    with _connections(settings):
        pass
    serve_by_several(
        lambda: opened(settings),
        listen,
        running,
        processes=processes,
        body_most_bytes=BODY_MOST_BYTES,
        headers=HEADERS,
    )


@contextmanager
def opened(settings: CloudSettings) -> Iterator[WSGIApplication]:
    """The application and its jobs; of several processes at one database one at a time does those."""
    with _connections(settings) as (connections, sites, key):
        accounts = settings.accounts
        rules = Rules(accounts.signup == "open", accounts.own_sites, settings.cloud.url or "")
        application = GivesBack(build(sites, connections, key, rules=rules), connections)
        with jobs(RollingJob(settings.cloud.database, wall_ms)):
            yield layered(application, settings.cloud.proxies)


def layered(application: WSGIApplication, proxies: list[str]) -> WSGIApplication:
    """From the outside: who calls, the headers of every answer, how often; then the routes."""
    return Proxied(Headed(Rates(application), HEADERS), proxies)


@contextmanager
def _connections(settings: CloudSettings) -> Iterator[tuple[Connections, Sites, bytes]]:
    try:
        connections = connections_to(settings.cloud.database)
    except Unopenable as error:
        raise CannotGoOn(str(error)) from error
    with closing(connections):
        try:
            sites = Sites(
                [SiteSetting(s.name, s.read_token(), s.title, s.public) for s in settings.site],
                connections,
            )
            key = signing_key(settings.cloud.key_path)
        except _WRONG as error:
            raise CannotGoOn(str(error)) from error
        connections.give_back()
        yield connections, sites, key
