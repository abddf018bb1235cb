"""The routes for edges: cursors, batches, live values, comparing; bearer token, bounded bodies, JSON both ways.

Handlers parse, refuse, call one function, answer. Errors are {"error", "message"} with the status that tells
the edge what to do (docs/protocol.md).
"""

import logging
from collections.abc import Callable
from typing import Any

import bottle
import orjson

from cloud import comparing, latest
from cloud.asides import Asides, asides
from cloud.connections import Connections
from cloud.intake import cursors_of, take
from cloud.sites import HostedSite, Sites
from cloud.watch import Watch
from store import faults
from store.database import Database
from sync.answer import Answer
from sync.batch import Batch
from sync.packing import MOST_PACKED_BYTES
from sync.rejection import BadRows, BadShape, OverSize, Rejection, WrongEncoding
from sync.shape import listed, name, natural

# Streams in one question for cursors.
MOST_ASKED = 1_000
# How long an edge leaves a cloud alone whose disk is full or whose database is held.
STORAGE_RETRY_S = 30

log = logging.getLogger(__name__)

Handler = Callable[[HostedSite, Database, bytes], Any]
# Questions about the content here, by their path below /api/v1 (cloud/comparing.py).
QUESTIONS: dict[str, Callable[[Database, int, Any], bytes]] = {
    "/api/v1/streams": comparing.streams,
    "/api/v1/streams/gaps": comparing.gaps,
    "/api/v1/streams/changes": comparing.changes,
    "/api/v1/digests": comparing.digests,
    "/api/v1/digests/rows": comparing.rows,
}
PATHS: tuple[str, ...] = (
    "/api/v1/streams/cursors", "/api/v1/batches", "/api/v1/latest", "/api/v1/mends", *QUESTIONS,
)  # fmt: skip


class Ingest:
    def __init__(
        self, sites: Sites, connections: Connections, watch: Watch, now_ms: Callable[[], int]
    ) -> None:
        self._sites, self._connections, self._watch, self._now_ms = sites, connections, watch, now_ms

    def application(self) -> bottle.Bottle:
        """The routes as an application of its own: answers without the headers that only browsers need."""
        app = bottle.Bottle()
        app.default_error_handler = _error
        handlers = (self._cursors, self._batch, self._latest, self._mend)
        for path, handler, encoding in zip(PATHS, handlers, ("", "gzip", "", "gzip"), strict=False):
            app.route(path, "POST", self._guarded(handler, encoding))
        for path, question in QUESTIONS.items():
            app.route(path, "POST", self._guarded(_answering(question), ""))
        return app

    def _cursors(self, site: HostedSite, db: Database, body: bytes) -> Any:
        asked = listed(_json(body), "streams")
        if len(asked) > MOST_ASKED:
            raise OverSize(f"{len(asked)} streams; at most {MOST_ASKED}")
        return self._answer(db, site, Answer(cursors_of(db, site.number, [_stream(each) for each in asked])))

    def _batch(self, site: HostedSite, db: Database, body: bytes) -> Any:
        now_ms = self._now_ms()
        taken = take(db, site.number, Batch.decode(body, now_ms), now_ms)
        if taken.refused:
            why = taken.refused[0].why
            log.warning("site %s: %d readings refused: %s", site.key, len(taken.refused), why)
        answer = Answer(taken.cursors, tuple(taken.refused))
        return self._answer(db, site, answer, 200 if taken.applied else 409, taken.beside)

    def _latest(self, site: HostedSite, db: Database, body: bytes) -> Any:
        values = latest.read_latest(_json(body), self._now_ms())
        if values:
            with db.write(site.number):
                latest.keep(db, site.number, values)
        return self._answer(db, site, Answer({}))

    def _mend(self, site: HostedSite, db: Database, body: bytes) -> Any:
        return _told(comparing.mend(db, site.number, body, self._now_ms()))

    def _answer(
        self,
        db: Database,
        site: HostedSite,
        answer: Answer,
        status: int = 200,
        beside: Asides | None = None,
    ) -> Any:
        beside = beside or asides(db, site.number, self._now_ms())
        told = Answer(answer.cursors, answer.refused, beside.watch_s, beside.rivals, beside.changes)
        return bottle.HTTPResponse(told.encode(), status, {"Content-Type": "application/json"})

    def _guarded(self, handler: Handler, encoding: str) -> Callable[[], Any]:
        """The handler behind token, encoding and size, with its refusals turned into answers."""

        def handle() -> Any:
            key = "?"
            try:
                site = self._sites.by_bearer(bottle.request.get_header("Authorization"))
                if site is None:
                    return refusal(
                        401, "token", "this token is not known here; pair the edge again or correct it"
                    )
                key = site.key
                return handler(site, self._connections.mine(), _body(encoding))
            except Rejection as rejection:
                log.warning("site %s: refused with %d: %s", key, rejection.status, rejection)
                return refusal(rejection.status, rejection.word, str(rejection))
            except faults.CONTRADICTION as error:
                log.error("site %s: the database contradicts a batch: %s", key, error)
                return refusal(BadRows.status, BadRows.word, f"nothing was taken: {error}")
            except faults.UNAVAILABLE as error:
                log.error("site %s: the database does not take a batch: %s", key, error)
                return refusal(503, "storage", f"nothing was taken: {error}", STORAGE_RETRY_S)

        return handle


def _answering(question: Callable[[Database, int, Any], bytes]) -> Handler:
    return lambda site, db, body: _told(question(db, site.number, _json(body)))


def _told(body: bytes) -> Any:
    return bottle.HTTPResponse(body, 200, {"Content-Type": "application/json"})


def refusal(status: int, word: str, message: str, retry_after_s: int | None = None) -> Any:
    """An error answer; 401 says how to prove who one is, 503 when to come again."""
    headers = {"Content-Type": "application/json"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    return bottle.HTTPResponse(orjson.dumps({"error": word, "message": message}), status, headers)


def _error(error: Any) -> bytes:
    """Bottle's own refusals as JSON: another method, or a mistake in the program."""
    word, message = "failed", "this request failed; the log says why"
    if error.status_code == 405:
        word, message = "method", "only POST is answered here"
    error.content_type = "application/json"
    return orjson.dumps({"error": word, "message": message})


def _body(encoding: str) -> bytes:
    request = bottle.request
    came = (request.get_header("Content-Encoding") or "").strip().lower()
    kind = (request.get_header("Content-Type") or "").partition(";")[0].strip().lower()
    if came != encoding:
        said = f"Content-Encoding {came[:20] or 'none'}"
        raise WrongEncoding(f"{said}; expected {encoding or 'none'}")
    if kind not in ("", "application/json"):
        raise WrongEncoding(f"Content-Type {kind[:40] or 'none'}; expected application/json")
    if request.content_length > MOST_PACKED_BYTES:
        raise OverSize(f"the body has {request.content_length} bytes; at most {MOST_PACKED_BYTES}")
    body: bytes = request.environ["wsgi.input"].read(max(0, request.content_length))
    return body


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadShape(f"the body is not JSON: {error}") from error


def _stream(value: Any) -> tuple[str, int]:
    fields = listed(value, "stream")
    if len(fields) != 2:
        raise BadShape("stream: [source, boot] expected")
    return name(fields[0], "source"), natural(fields[1], "boot")
