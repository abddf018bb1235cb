"""What process/fleet.py needs of gunicorn: our listener, our log, our word to systemd, and callers that are too slow.

Imported only where several processes are asked for; gunicorn is an extra.
"""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gunicorn import glogging, sock
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.http import errors, wsgi
from gunicorn.workers import gthread

from process.arrivals import Arrivals
from process.service import Running

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# What gunicorn cannot read, and what it is answered with; anything else it cannot read is a bad request.
REFUSALS: tuple[tuple[type[Exception], str], ...] = (
    (errors.LimitRequestHeaders, "431 Request Header Fields Too Large"),
    (errors.LimitRequestLine, "414 URI Too Long"),
    (errors.UnsupportedTransferCoding, "501 Not Implemented"),
    (errors.ExpectationFailed, "417 Expectation Failed"),
    (errors.ParseException, "400 Bad Request"),
)


@dataclass(frozen=True)
class Fleet:
    """What master and workers share: made before the fork, changed by nobody after it."""

    load: "Callable[[], WSGIApplication]"
    settings: dict[str, Any]
    listener: socket.socket
    headers: dict[str, str]
    arrivals: Arrivals[Any]
    answer_s: float
    running: Running
    status: str


def run(fleet: Fleet) -> int:
    """Until a signal; gives the exit code."""
    # Every answer is made by this module's class; there is no setting for it.
    wsgi.Response = _Answer
    try:
        _Master(_Application(fleet), fleet).run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


class _Answer(wsgi.Response):  # type: ignore[misc]
    def default_headers(self) -> list[str]:
        """Without a word to strangers about what runs here."""
        return [line for line in super().default_headers() if not line.startswith("Server:")]


class _Log(glogging.Logger):  # type: ignore[misc]
    """Into the log of this process, and without a line for each request."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.error_log.propagate = True
        self.error_log.setLevel("WARNING")

    def access(self, *_args: Any) -> None:
        pass


class _Application(BaseApplication):  # type: ignore[misc]
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        super().__init__()

    def load_config(self) -> None:
        worker = type("Worker", (_Worker,), {"fleet": self._fleet})
        given = {"worker_class": worker, "logger_class": _Log, **self._fleet.settings}
        for name, value in given.items():
            self.cfg.set(name, value)

    def load(self) -> "WSGIApplication":
        return self._fleet.load()


class _Master(Arbiter):  # type: ignore[misc]
    # No reloading and no second master: a new version is a restart of the service.
    SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def __init__(self, application: _Application, fleet: Fleet) -> None:
        super().__init__(application)
        self._fleet = fleet
        # Each worker that has its application leaves a byte here.
        self._booted, booted = os.pipe()
        os.set_blocking(self._booted, False)
        self.cfg.set("post_worker_init", lambda _worker: os.write(booted, b"."))
        self._left = self.num_workers

    def start(self) -> None:
        self.LISTENERS = sock.create_sockets(self.cfg, self.log, [os.dup(self._fleet.listener.fileno())])
        self._fleet.listener.close()
        super().start()

    def handle_int(self) -> None:
        self.handle_term()

    handle_hup = handle_int

    def murder_workers(self) -> None:
        """The turn of the master's loop, once a second or when a worker ended."""
        super().murder_workers()
        self._fleet.running.alive()
        if self._left > 0:
            with suppress(BlockingIOError):
                self._left -= len(os.read(self._booted, self._left))
            if self._left <= 0:
                self._fleet.running.ready(self._fleet.status)


class _Worker(gthread.ThreadWorker):  # type: ignore[misc]
    fleet: Fleet

    def handle(self, conn: Any) -> Any:
        if not conn.initialized and not conn.data_ready and not conn.wait_for_data(0):
            return gthread._DEFER  # a caller that says nothing takes no thread
        self.fleet.arrivals.begins(conn.sock)
        try:
            return super().handle(conn)
        finally:
            self.fleet.arrivals.ended(conn.sock)

    def handle_request(self, req: Any, conn: Any) -> Any:
        # How long each piece of an answer may take to leave; how long the request may come is in `notify`.
        conn.sock.settimeout(self.fleet.answer_s)
        return super().handle_request(req, conn)

    def notify(self) -> None:
        """Each second, in the thread that does nothing long."""
        super().notify()
        for late in self.fleet.arrivals.overdue():
            with suppress(OSError):
                late.shutdown(socket.SHUT_RDWR)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """An answer with our headers that repeats nothing of what the caller wrote."""
        status = next((status for kind, status in REFUSALS if isinstance(exc, kind)), "")
        if not status:
            self.log.error("a request failed", exc_info=exc)
            status = "500 Internal Server Error"
        said = status.encode()
        headers = {"Content-Type": "text/plain", "Content-Length": str(len(said)), "Connection": "close"}
        lines = [f"HTTP/1.1 {status}", *(f"{n}: {v}" for n, v in {**headers, **self.fleet.headers}.items())]
        with suppress(OSError):
            client.sendall("\r\n".join([*lines, "", ""]).encode() + said)
