"""The routes by which edges get, exchange and give up tokens: forms in, JSON out, errors as in RFC 6749 5.2."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import bottle
import orjson

from cloud import audit
from cloud.connections import Connections
from cloud.pairing import Busy, Pairings, Unfit
from cloud.secret import digest_of
from cloud.sites import Sites, bearer_of
from cloud.tokens import Grant, Tokens, TooMany
from process.fields import NAME_MOST_CHARS
from store.database import Database
from sync import grant as words
from sync.shape import is_version

# A name, a version and two secrets; the longest token of a settings file has 1024 bytes.
MOST_BODY_BYTES, MOST_FIELDS = 4_096, 10
BUSY_RETRY_S = 60
PATHS: tuple[str, ...] = (words.PAIR, words.PAIR_TOKEN, words.ROTATE, words.REVOKE)

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:\d{1,5})?")
_NAME = re.compile(rf"[a-z0-9-]{{1,{NAME_MOST_CHARS}}}")


class Refusal(Exception):
    def __init__(self, word: str, message: str, status: int = 400, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.word, self.status, self.retry_after_s = word, status, retry_after_s


class PairingRoutes:
    """`url`: the address under which browsers reach this site; "" takes it from the request."""

    def __init__(
        self,
        sites: Sites,
        connections: Connections,
        tokens: Tokens,
        pairings: Pairings,
        url: str,
        now_ms: Callable[[], int],
    ) -> None:
        self._sites, self._connections, self._url = sites, connections, url.rstrip("/")
        self._tokens, self._pairings, self._now_ms = tokens, pairings, now_ms

    def application(self) -> bottle.Bottle:
        app = bottle.Bottle()
        app.default_error_handler = _error
        handlers = (self._pair, self._token, self._rotate, self._revoke)
        for path, handler in zip(PATHS, handlers, strict=True):
            app.route(path, "POST", _guarded(handler))
        return app

    def _pair(self) -> Any:
        form = _form()
        _check_client(form)
        edge, version = form.get("edge", ""), form.get("version", "")
        if not _NAME.fullmatch(edge) or not is_version(version):
            raise Refusal(
                "invalid_request", "edge: a name of 1 to 16 of a-z, 0-9 and -; version: a short word"
            )
        try:
            started = self._pairings.start(self._connections.mine(), edge, version, _address())
        except Busy as busy:
            raise Refusal("slow_down", f"{busy}; try again later", 429, BUSY_RETRY_S) from busy
        page = f"{self._url or _own_url()}/pair"
        return {
            "device_code": started.device_code,
            "user_code": started.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?code={started.user_code}",
            "expires_in": started.expires_s,
            "interval": started.interval_s,
        }

    def _token(self) -> Any:
        form = _form()
        _check_client(form)
        if form.get("grant_type") != words.GRANT_TYPE:
            raise Refusal("unsupported_grant_type", f"grant_type: {words.GRANT_TYPE} expected")
        if not form.get("device_code"):
            raise Refusal("invalid_request", "device_code is missing")
        try:
            given = self._pairings.fetch(
                self._connections.mine(), form["device_code"], form.get("old_token") or None
            )
        except Unfit as unfit:
            raise Refusal(unfit.word, str(unfit)) from unfit
        return self._granted(given.token, given.site)

    def _rotate(self) -> Any:
        """A new token for the bearer, who keeps the old one until the new one is first used."""
        db = self._connections.mine()
        number, grant = self._bearer(db)
        with db.write(grant.site):
            _number, token = self._tokens.make(
                db, Grant(grant.site, grant.edge, grant.account, _address(), replaces=number)
            )
            self._note(db, "token-rotated", grant)
        return self._granted(token, grant.site)

    def _revoke(self) -> Any:
        """The bearer gives up its own token: an edge that is unpaired."""
        db = self._connections.mine()
        number, grant = self._bearer(db)
        with db.write(grant.site):
            if self._tokens.revoke(db, grant.site, number) is not None:
                self._note(db, "unpaired", grant)
        return {}

    def _note(self, db: Database, act: str, grant: Grant) -> None:
        """Done by the edge itself: no account stands beside it."""
        audit.note(db, self._now_ms(), act, grant.site, None, grant.edge, _address())

    def _bearer(self, db: Database) -> tuple[int, Grant]:
        token = bearer_of(bottle.request.get_header("Authorization"))
        found = self._tokens.number(db, digest_of(token)) if token else None
        if found is not None:
            return found
        if token and self._sites.by_token(token) is not None:
            raise Refusal(
                "invalid_request", "this token stands in the settings of the site; change it there", 403
            )
        raise Refusal(words.UNKNOWN_TOKEN, "this token is not known here; pair the edge again", 401)

    def _granted(self, token: str, site: int) -> Any:
        told = {"access_token": token, "token_type": "Bearer"}
        hosted = self._sites.by_number(site)
        return {**told, "site": hosted.key, "title": hosted.title} if hosted else told


def _guarded(handler: Callable[[], Any]) -> Callable[[], Any]:
    def handle() -> Any:
        try:
            return _json(handler(), 200)
        except TooMany as many:
            return _json({"error": "invalid_request", "error_description": str(many)}, 409)
        except Refusal as refusal:
            answer = _json({"error": refusal.word, "error_description": str(refusal)}, refusal.status)
            if refusal.retry_after_s is not None:
                answer.set_header("Retry-After", str(refusal.retry_after_s))
            if refusal.status == 401:
                answer.set_header("WWW-Authenticate", "Bearer")
            return answer

    return handle


def _json(shape: Any, status: int) -> Any:
    # RFC 6749 5.1: no cache on the way may keep a token.
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return bottle.HTTPResponse(orjson.dumps(shape), status, headers)


def _error(error: Any) -> bytes:
    error.content_type = "application/json"
    said = (
        "only POST is answered here" if error.status_code == 405 else "this request failed; the log says why"
    )
    return orjson.dumps({"error": "invalid_request", "error_description": said})


def _form() -> dict[str, str]:
    """The fields of the body, each once; an empty one counts as left out."""
    request = bottle.request
    kind = (request.get_header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind != words.FORM:
        raise Refusal("invalid_request", f"Content-Type: {words.FORM} expected")
    if request.content_length > MOST_BODY_BYTES:
        raise Refusal("invalid_request", f"the form has more than {MOST_BODY_BYTES} bytes", 413)
    body = request.environ["wsgi.input"].read(max(0, request.content_length))
    try:
        fields = parse_qsl(body.decode("ascii"), strict_parsing=bool(body), max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Refusal("invalid_request", "the body is not a form") from error
    if len(dict(fields)) < len(fields):
        raise Refusal("invalid_request", "a field stands there twice")
    return dict(fields)


def _check_client(form: dict[str, str]) -> None:
    if form.get("client_id") != words.CLIENT_ID:
        raise Refusal("invalid_client", f"client_id: {words.CLIENT_ID} expected")


def _own_url() -> str:
    """As the edge called us, if that is the name of a machine."""
    host = bottle.request.get_header("Host") or ""
    if not _HOST.fullmatch(host):
        raise Refusal("invalid_request", "the Host header is not the name of a machine")
    scheme = bottle.request.environ.get("wsgi.url_scheme", "http")
    return f"{scheme}://{host}"


def _address() -> str:
    return str(bottle.request.environ.get("REMOTE_ADDR") or "")
