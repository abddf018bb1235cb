"""A process from start to end: its log, its signals, its word to systemd, its exit code.

What the process does is an argument. Nothing here is needed by the code that does the work but `Running`.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType

from process.settings import SettingsMistakes

EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2
WATCHDOG_SHARE = 0.25  # of the time systemd allows: three words may come late before it restarts the process

log = logging.getLogger(__name__)


class CannotGoOn(Exception):
    """The process ends with exit code 1 and this one sentence, which says what the user can do."""


class Running:
    """What a running process is given: the wish to stop, and a way to say that it is ready and alive."""

    __slots__ = ("_alive_s", "_clock", "_notify_to", "_pause_s", "stop")

    def __init__(
        self, environ: Mapping[str, str] = os.environ, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.stop = threading.Event()
        self._clock = clock
        self._notify_to = environ.get("NOTIFY_SOCKET", "")
        mine = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._pause_s = int(environ.get("WATCHDOG_USEC", "0")) / 1e6 * WATCHDOG_SHARE if mine else 0.0
        self._alive_s = clock()

    def ready(self, status: str) -> None:
        log.info("%s", status)
        self._notify(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """To be called from the loop that must not hang; cheap enough for every turn of it."""
        if self._pause_s and self._clock() - self._alive_s >= self._pause_s:
            self._alive_s = self._clock()
            self._notify("WATCHDOG=1")

    def stopping(self) -> None:
        self._notify("STOPPING=1")

    def _notify(self, state: str) -> None:
        if not self._notify_to:
            return
        # A leading @ stands for the zero byte of Linux' abstract socket names.
        address = "\0" + self._notify_to[1:] if self._notify_to.startswith("@") else self._notify_to
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            try:
                to.sendto(state.encode(), address)
            except OSError as error:
                log.warning("systemd does not hear us: %s", error)


def log_to_stderr(verbose: bool = False, environ: Mapping[str, str] = os.environ) -> None:
    # The journal writes the time itself.
    when = "" if "JOURNAL_STREAM" in environ else "%(asctime)s "
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.INFO,
        format=when + "%(levelname)s %(message)s",
        force=True,
    )


def stop_on_signals(stop: threading.Event) -> None:
    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)


def run(work: Callable[[Running], None], *, verbose: bool = False) -> int:
    """Runs `work` until it returns, which it does soon after `stop` is set; gives the exit code."""
    log_to_stderr(verbose)
    running = Running()
    stop_on_signals(running.stop)
    try:
        work(running)
    except SettingsMistakes as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    except CannotGoOn as error:
        log.error("%s", error)
        return EXIT_FAILED
    except Exception:  # the outermost loop of a process: whatever it was is told, then systemd starts anew
        log.exception("ended by a mistake in the program")
        return EXIT_FAILED
    running.stopping()
    return EXIT_OK
