"""Programs of the peers as processes: found, started again and again, stopped in good order or killed."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

STOP_S = 30.0
POLL_S = 0.02
# Debian keeps servers where an ordinary user's PATH does not look.
SEARCHED = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))


class Missing(Exception):
    """A peer that is not there; its words say what was looked for and how it is installed."""


class TooSlow(Exception):
    """Something that was waited for did not come about."""


def find(program: str, package: str) -> str:
    if path := shutil.which(program, path=SEARCHED):
        return path
    raise Missing(f"no {program} (Debian package {package})")


def wait_until(claim: Callable[[], bool], seconds: float, what: str, every_s: float = POLL_S) -> None:
    until_s = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > until_s:
            raise TooSlow(f"not within {seconds:g} s: {what}")
        time.sleep(every_s)


class Program:
    """One command line; all its lives write into one log."""

    def __init__(self, argv: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self._argv, self._folder, self._environ = list(argv), folder, {**os.environ, **(environ or {})}
        self._log = folder / f"{Path(argv[0]).name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._argv,
                cwd=self._folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        """As if the power went."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Asked to end; killed when it does not."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def said(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""
