"""A wall clock that can be set, for real processes: libfaketime gives it to all that start with `inside`.

Only the wall clock is another one: the monotonic clocks, and all that sleeps or times out, stay true.
"""

import time
from datetime import datetime
from pathlib import Path

# Debian's package libfaketime, of any architecture; the one for programs with threads.
LIBRARIES = ("/usr/lib", "*/faketime/libfaketimeMT.so.1")


class NoLibrary(Exception):
    """libfaketime is not installed."""


class WallClock:
    """It shows the true time until it is set; `file` must outlive the processes."""

    def __init__(self, file: Path) -> None:
        found = sorted(Path(LIBRARIES[0]).glob(LIBRARIES[1]))
        if not found:
            raise NoLibrary(f"no {'/'.join(LIBRARIES)}: install the Debian package faketime")
        self._library, self._file = found[0], file
        self._ahead_s = 0.0
        self.go(0.0)

    @property
    def inside(self) -> list[str]:
        """Words before a command that is to see this clock."""
        return [
            "env",
            f"LD_PRELOAD={self._library}",
            f"FAKETIME_TIMESTAMP_FILE={self._file}",
            "FAKETIME_NO_CACHE=1",
            # Both names are read, depending on the version.
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "DONT_FAKE_MONOTONIC=1",
            # Its own guess for this glibc makes waits with a time-out last for ever, and with them Python's threads.
            "FAKETIME_FORCE_MONOTONIC_FIX=0",
        ]

    def now_ms(self) -> int:
        return int((time.time() + self._ahead_s) * 1000)

    def go(self, seconds: float) -> None:
        """Step forward, or back."""
        self._ahead_s += seconds
        new = self._file.with_suffix(".new")
        new.write_text(f"{self._ahead_s:+.3f}\n")
        new.replace(self._file)

    def show(self, at: datetime) -> None:
        self.go(at.timestamp() - self.now_ms() / 1000)
