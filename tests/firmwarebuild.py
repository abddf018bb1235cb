"""Builds the sketch as it is flashed, one build at a time: two in one folder read what the other is still writing."""

import fcntl
import subprocess

from house import ROOT


def built(*given: str) -> "subprocess.CompletedProcess[str]":
    """What make said and how it ended; `given` are variables of firmware/avr.mk."""
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / "sketch.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return subprocess.run(
            ["make", "-s", "-f", "firmware/avr.mk", *given],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
