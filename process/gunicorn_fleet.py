"""What process/fleet.py needs of gunicorn: a master that replaces workers, with our listener, log and word to systemd.

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
from gunicorn.workers import base

from process.bounds import Bounds
from process.callers import Callers
from process.service import Running

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# How often a worker says that it is alive.
TURN_S = 1.0


@dataclass(frozen=True)
class Fleet:
    """What master and workers share: made before the fork, changed by nobody after it."""

    load: "Callable[[], WSGIApplication]"
    settings: dict[str, Any]
    listener: socket.socket
    headers: dict[str, str]
    bounds: Bounds
    running: Running
    status: str


def run(fleet: Fleet) -> int:
    """Until a signal; gives the exit code."""
    try:
        _Master(_Application(fleet), fleet).run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


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


class _Worker(base.Worker):  # type: ignore[misc]
    """One process; gunicorn only watches over it."""

    fleet: Fleet

    def run(self) -> None:
        callers = Callers(
            self.wsgi, self.sockets[0].sock, self.fleet.bounds, self.fleet.headers, alive=self.notify
        )
        while self.alive and self.ppid == os.getppid():
            self.notify()
            callers.turn(TURN_S)
        callers.close(self.cfg.graceful_timeout)
