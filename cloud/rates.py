"""How often one edge, one program or one address may ask: more than that is answered with 429 before any work is done.

It protects this process's time, not secrets, so each process counts for itself: with n of them a caller may have up to
n times as much. Wrong passwords and codes are counted in the database, elsewhere.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any

import orjson

from cloud.sites import bearer_of, token_digest
from process.allowance import CALLERS_MOST, Allowance
from process.proxies import network_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# An edge that catches up sends about ten batches of 20 000 readings a second, one that compares some dozen questions;
# with halved batches and live values it stays below this.
TOKEN_AT_ONCE, TOKEN_PER_S = 400, 100
# A page asks every second and loads a dozen files when it is opened: a family, or a village behind one address of a
# mobile provider, with 50 pages open and ten more being opened.
ADDRESS_AT_ONCE, ADDRESS_PER_S = 500, 100
# Asked by supervisors on this host; it must answer when everything else is refused.
NEVER_REFUSED = ("/healthz",)


class Rates:
    """A layer around the application; REMOTE_ADDR is the caller's own (process/proxies.py).

    Only a token that was admitted has an allowance of its own. Until then it spends its address's, so that invented
    tokens gain nothing; and a bad neighbour behind the same address takes nothing from an edge that is known.
    """

    def __init__(self, application: WSGIApplication, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._application = application
        self._tokens = Allowance(TOKEN_AT_ONCE, TOKEN_PER_S, clock_s=clock_s)
        self._addresses = Allowance(ADDRESS_AT_ONCE, ADDRESS_PER_S, clock_s=clock_s)
        self._admitted: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        bearer = bearer_of(environ.get("HTTP_AUTHORIZATION"))
        # A mark of it, never the token itself.
        token = token_digest(bearer).hex() if bearer else ""
        if token and token in self._admitted:
            wait_s = self._tokens.spend(token)
        else:
            wait_s = self._addresses.spend(network_of(environ.get("REMOTE_ADDR", "")))
        if wait_s > 0 and environ.get("PATH_INFO") not in NEVER_REFUSED:
            return _refused(environ, start, int(wait_s) + 1)

        def started(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            if token:
                self._judge(token, environ.get("PATH_INFO", ""), status)
            return start(status, headers, *error)

        return self._application(environ, started)

    def _judge(self, token: str, path: str, status: str) -> None:
        """Only intake and read API say whether a token is right; one that was revoked is a stranger's again."""
        if not path.startswith("/api/"):
            return
        with self._lock:
            if status.startswith("2"):
                self._admitted[token] = None
                self._admitted.move_to_end(token)
                if len(self._admitted) > CALLERS_MOST:
                    self._admitted.popitem(last=False)
            elif status.startswith("401"):
                self._admitted.pop(token, None)


def _refused(environ: WSGIEnvironment, start: StartResponse, wait_s: int) -> Iterable[bytes]:
    message = f"too many requests; again in {wait_s} s"
    programs = environ.get("PATH_INFO", "").startswith("/api/")
    said = orjson.dumps({"error": "rate", "message": message}) if programs else message.encode()
    kind = "application/json" if programs else "text/plain; charset=utf-8"
    headers = [("Content-Type", kind), ("Content-Length", str(len(said))), ("Retry-After", str(wait_s))]
    start("429 Too Many Requests", headers)
    return [said]
