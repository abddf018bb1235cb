"""Serves one WSGI application with several processes on one address until the process is asked to stop.

A master that opens nothing but the listening socket watches over workers (gunicorn, gthread). Each opens its own
application after the fork; one that dies or hangs is replaced. Bounds are those of process/serve.py.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

from process.arrivals import Arrivals
from process.bodies import Bodies
from process.serve import BODY_MOST_BYTES, CHANNEL_TIMEOUT_S, LAST_REQUESTS_S, THREADS, listening, url_of
from process.service import CannotGoOn, Running

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PROCESSES_MOST = 64  # one for each core; a machine with more of them runs this service twice
CONNECTIONS_MOST = 256  # of each worker; a proxy in front keeps some dozens open
BACKLOG = 1_024  # callers that wait while all workers are busy for a moment
# A header line has up to 8 kB, as everywhere; browsers send about 20 of them.
LINE_MOST_BYTES, LINES_MOST = 8_190, 64
# Longer than a proxy leaves an idle connection open (50 s in our examples): the proxy is to close it, not we.
KEEP_ALIVE_S = 75
# A worker whose loop has not turned for so long hangs, and is replaced.
HANGS_S = 60

SETTINGS: dict[str, object] = {
    "worker_connections": CONNECTIONS_MOST,
    "backlog": BACKLOG,
    "keepalive": KEEP_ALIVE_S,
    "timeout": HANGS_S,
    "graceful_timeout": LAST_REQUESTS_S,
    "limit_request_line": LINE_MOST_BYTES,
    "limit_request_fields": LINES_MOST,
    "limit_request_field_size": LINE_MOST_BYTES,
    "forwarded_allow_ips": "",  # who is believed is decided in process/proxies.py
    "control_socket_disable": True,
}

MISSING = "several processes need gunicorn: pip install 'kembar[cloud]', or set [cloud] processes = 1"

log = logging.getLogger(__name__)

# Opens the application in the process that serves it, and closes what it holds.
Opening = Callable[[], AbstractContextManager["WSGIApplication"]]


def serve_by_several(
    opening: Opening,
    listen: str,
    running: Running,
    *,
    processes: int,
    body_most_bytes: int = BODY_MOST_BYTES,
    threads: int = THREADS,
    headers: Mapping[str, str] | None = None,
    bound: Callable[[str], None] = lambda url: None,
) -> None:
    """Returns after SIGTERM, SIGINT or SIGHUP; raises CannotGoOn when address, gunicorn or application is missing."""
    try:
        from process import gunicorn_fleet
    except ImportError:
        raise CannotGoOn(MISSING) from None
    listener = listening(listen)
    listener.listen(BACKLOG)
    url = url_of(listener)
    bound(url)
    # gunicorn would tell systemd that all is ready before a single worker is.
    os.environ.pop("NOTIFY_SOCKET", None)
    arrivals: Arrivals[Any] = Arrivals()
    opened = ExitStack()  # of the worker

    def load() -> WSGIApplication:
        application = opened.enter_context(opening())
        return Bodies(
            application, body_most_bytes, lambda environ: arrivals.ended(environ.get("gunicorn.socket"))
        )

    settings = SETTINGS | {
        "workers": processes,
        "threads": threads,
        "worker_exit": lambda _server, _worker: opened.close(),
    }
    code = gunicorn_fleet.run(
        gunicorn_fleet.Fleet(
            load,
            settings,
            listener,
            dict(headers or {}),
            arrivals,
            CHANNEL_TIMEOUT_S,
            running,
            f"serving on {url}",
        )
    )
    if code:
        raise CannotGoOn("the workers do not start; what they said stands above")
    running.stop.set()
