"""Real processes of the house, as a user starts them: the commands, their logs, kill -9, a clean stop.

What they are started with is in realhouse.py; nothing is mocked or imported from the packages here.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAMS = Path(sys.executable).parent
# A start imports what it needs; two cores may be busy with other tests.
START_S = 30.0
# The last commit and the requests in hand; systemd would wait 90 s.
STOP_S = 20.0
POLL_S = 0.05


class TooSlow(AssertionError):
    """Something that was waited for did not come about."""


def wait_until(
    claim: Callable[[], bool], seconds: float, what: Callable[[], str], every_s: float = POLL_S
) -> float:
    """Look again and again until the claim holds; how long that took. `what` is told when it never does."""
    begun_s = time.monotonic()
    while not claim():
        if time.monotonic() - begun_s > seconds:
            raise TooSlow(f"not within {seconds:g} s: {what()}")
        time.sleep(every_s)
    return time.monotonic() - begun_s


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as attempt:
        attempt.bind(("127.0.0.1", 0))
        port: int = attempt.getsockname()[1]
        return port


def command(name: str, *arguments: str | Path) -> list[str]:
    """`command("kembar-edge", "collect", ...)` as it is installed beside this Python."""
    return [str(PROGRAMS / name), *map(str, arguments)]


class Program:
    """One command that can be started again after each end; all its lives write into one log."""

    def __init__(
        self, name: str, argv: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self.name, self.argv = name, list(argv)
        self.log = folder / f"{name}.log"
        self._folder = folder
        self._environ = {**os.environ, **(environ or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._log_from = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.runs():
            self.kill()

    def start(self) -> Self:
        assert not self.runs(), f"{self.name} runs already"
        self._log_from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.argv,
                cwd=self._folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code of the last life; None while it runs."""
        assert self._process
        return self._process.poll()

    def kill(self) -> None:
        """As if the power went: SIGKILL, to the very process that was started here (and what it traces)."""
        os.killpg(self.pid, signal.SIGKILL)
        self.wait(STOP_S)

    def stop(self) -> int:
        os.killpg(self.pid, signal.SIGTERM)
        return self.wait(STOP_S)

    def wait(self, seconds: float) -> int:
        """Until it ends by itself; its exit code."""
        assert self._process
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TooSlow(f"{self.name} did not end within {seconds:g} s; {self.said()}") from None

    def said(self) -> str:
        """What this life wrote so far."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self._log_from)
            return log.read().decode("utf-8", "replace")

    def wait_for(self, words: str, seconds: float = START_S) -> str:
        """Until it wrote these words in this life; all that it wrote."""

        def said_or_ended() -> bool:
            return words in self.said() or not self.runs()

        wait_until(said_or_ended, seconds, lambda: f"{words!r} from {self.name}; it wrote {self.said()!r}")
        assert words in self.said(), f"{self.name} ended with {self.code} before {words!r}: {self.said()}"
        return self.said()


def run_to_end(
    argv: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None, seconds: float = START_S
) -> tuple[int, str]:
    """Run a command that ends by itself; exit code and everything it wrote."""
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout
