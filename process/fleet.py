"""Serves one WSGI application with several processes on one address until the process is asked to stop.

A master that opens nothing but the listening socket watches over workers (gunicorn). Each opens its own application
after the fork and answers in one thread (process/callers.py); one that dies or hangs is replaced.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from process.bounds import Bounds
from process.serve import BODY_MOST_BYTES, LAST_REQUESTS_S, listening, url_of
from process.service import CannotGoOn, Running

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PROCESSES_MOST = 64  # some for each core; a machine that wants more of them runs this service twice
BACKLOG = 1_024  # callers that wait while all workers are busy for a moment
# A worker whose loop has not turned for so long hangs, and is replaced.
HANGS_S = 60

SETTINGS: dict[str, object] = {
    "backlog": BACKLOG,
    "timeout": HANGS_S,
    "graceful_timeout": LAST_REQUESTS_S,
    "control_socket_disable": True,
}

MISSING = (
    "several processes need gunicorn and httptools: pip install 'kembar[cloud]', or set [cloud] processes = 1"
)

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
    opened = ExitStack()  # of the worker
    settings = SETTINGS | {"workers": processes, "worker_exit": lambda _server, _worker: opened.close()}
    code = gunicorn_fleet.run(
        gunicorn_fleet.Fleet(
            lambda: opened.enter_context(opening()),
            settings,
            listener,
            dict(headers or {}),
            Bounds(body_most_bytes),
            running,
            f"serving on {url}",
        )
    )
    if code:
        raise CannotGoOn("the workers do not start; what they said stands above")
    running.stop.set()
