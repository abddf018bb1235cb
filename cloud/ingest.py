"""The routes for edges: cursors, batches, live values, comparing; bearer token, bounded bodies, JSON both ways.

Handlers parse, refuse, call one function, answer. Errors are {"error", "message"} with the status that tells
the edge what to do (docs/protocol.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from cloud import comparing
from cloud.asides import asides
from cloud.asked import Asked
from cloud.connections import Connections
from cloud.intake import cursors_of
from cloud.offering import BATCHES, LATEST, Offering
from cloud.reply import Reply, refusal, replied, stranger
from cloud.sites import HostedSite, Sites
from cloud.tray import Tray
from store.database import Database
from sync.answer import Answer
from sync.rejection import BadShape, OverSize
from sync.shape import listed, name, natural

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Streams in one question for cursors.
MOST_ASKED = 1_000

Handler = Callable[[HostedSite, Database, Asked], Reply]
CURSORS, MENDS = "/api/v1/streams/cursors", "/api/v1/mends"
# Questions about the content here, by their path (cloud/comparing.py).
QUESTIONS: dict[str, Callable[[Database, int, Any], bytes]] = {
    "/api/v1/streams": comparing.streams,
    "/api/v1/streams/gaps": comparing.gaps,
    "/api/v1/streams/changes": comparing.changes,
    "/api/v1/digests": comparing.digests,
    "/api/v1/digests/rows": comparing.rows,
}
PATHS: tuple[str, ...] = (CURSORS, BATCHES, LATEST, MENDS, *QUESTIONS)


class Ingest:
    """A WSGI application of PATHS. What edges offer lies in a tray until an answer is asked for (cloud/tray.py)."""

    routes = frozenset(("POST", path) for path in PATHS)

    def __init__(self, sites: Sites, connections: Connections, now_ms: Callable[[], int]) -> None:
        self._sites, self._connections, self._now_ms = sites, connections, now_ms
        self._tray = Tray(Offering(sites, connections, now_ms).replies)
        self._handlers: dict[str, Handler] = {CURSORS: self._cursors, MENDS: self._mend}
        self._handlers |= {path: _answering(question) for path, question in QUESTIONS.items()}

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            sent = refusal(405, "method", "only POST is answered here", ("Allow", "POST")).send(start)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else sent
        asked = Asked(environ)
        if asked.path in (BATCHES, LATEST):
            return self._tray.put(asked, start)
        return self._reply(asked).send(start)

    def _reply(self, asked: Asked) -> Reply:
        site: HostedSite | Reply | None = replied("?", lambda: self._sites.by_bearer(asked.bearer))
        if site is None or isinstance(site, Reply):
            return site or stranger()
        handler = self._handlers[asked.path]
        return replied(site.key, lambda: handler(site, self._connections.mine(), asked))

    def _cursors(self, site: HostedSite, db: Database, asked: Asked) -> Reply:
        streams = listed(asked.json(), "streams")
        if len(streams) > MOST_ASKED:
            raise OverSize(f"{len(streams)} streams; at most {MOST_ASKED}")
        cursors = cursors_of(db, site.number, [_stream(each) for each in streams])
        beside = asides(db, site.number, self._now_ms())
        return Reply(beside.beside(Answer(cursors)).encode())

    def _mend(self, site: HostedSite, db: Database, asked: Asked) -> Reply:
        return Reply(comparing.mend(db, site.number, asked.body("gzip"), self._now_ms()))


def _answering(question: Callable[[Database, int, Any], bytes]) -> Handler:
    return lambda site, db, asked: Reply(question(db, site.number, asked.json()))


def _stream(value: Any) -> tuple[str, int]:
    fields = listed(value, "stream")
    if len(fields) != 2:
        raise BadShape("stream: [source, boot] expected")
    return name(fields[0], "source"), natural(fields[1], "boot")
