"""The Pi's own clock, and whether it may be believed.

A Pi has no battery clock: after a power cut it wakes up in the past until NTP tells it the time. What it
always has is a monotonic clock; an era is one run of that clock, from one start of the machine to the next.
"""

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from metering.quantity import TAKEN_MS_LEAST

# adjtimex(2): the kernel's return value while nobody has synchronised the clock.
TIME_ERROR = 5
# 2026-11-20T00:00:00Z: no clock of a running release can be right and show less.
BUILT_MS = 1_795_132_800_000


@dataclass(frozen=True, slots=True)
class Instant:
    """Now: monotonic ms within an era, and UTC ms where the own clock is known (else None), and by what."""

    mono_ms: int
    own_ms: int | None
    era: str
    source: str | None = None


class _Timex(ctypes.Structure):
    # Only modes (first) is read by the kernel when it is 0; the rest is room for its answer (struct timex).
    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_byte * 508))


# Found once: each datagram is stamped, and to look it up costs ten times as much as to call it.
_adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex


def ntp_synchronised() -> bool:
    """Whether the kernel says that something (timesyncd, chrony, ntpd) keeps its clock right."""
    state = _adjtimex(ctypes.byref(_Timex()))
    return 0 <= int(state) < TIME_ERROR


class SystemClock:
    """The machine's clocks under the setting `clock`: "auto" or "trust".

    auto: known when NTP-synchronised since the machine started, or when a real-time clock exists whose time
    is not before the last instant on disk nor the build date, or when the machine has neither a device tree
    nor such a clock. trust: always. A clock that shows less than 2020 is not known, whoever says so.
    """

    def __init__(
        self,
        setting: str = "auto",
        last_on_disk_ms: int = 0,
        root: Path = Path("/"),
        synchronised: Callable[[], bool] = ntp_synchronised,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        mono_ms: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000,
    ) -> None:
        self._setting = setting
        self._least_ms = max(BUILT_MS, last_on_disk_ms)
        self._synchronised = synchronised
        self._wall_ms = wall_ms
        self._mono_ms = mono_ms
        self._has_rtc = any((root / "sys/class/rtc").glob("rtc*"))
        self._ntp_mark = root / "run/systemd/timesync/synchronized"
        self._was_synchronised = False
        self._has_tree = (root / "proc/device-tree").exists()
        boot_id = root / "proc/sys/kernel/random/boot_id"
        self._era = boot_id.read_text().strip() if boot_id.exists() else "unknown"

    def now(self) -> Instant:
        source = self.source()
        # One directly after the other: what lies between would look like a step of the clock.
        mono_ms, wall_ms = self._mono_ms(), self._wall_ms()
        if source is None:
            return Instant(mono_ms, None, self._era)
        if source == "trust" and self._ntp():
            source = "ntp"
        return Instant(mono_ms, wall_ms, self._era, source)

    def source(self) -> str | None:
        """Why the clock is believed: trust, ntp, rtc or machine; None while it is not known."""
        if self._wall_ms() < TAKEN_MS_LEAST:
            return None
        if self._setting == "trust":
            return "trust"
        if self._ntp():
            return "ntp"
        if self._has_rtc:
            return "rtc" if self._wall_ms() >= self._least_ms else None
        return None if self._has_tree else "machine"

    def _ntp(self) -> bool:
        """Whether NTP set this clock since the machine started.

        The kernel forgets it after 9 hours without NTP (its error bound grows by 500 ppm up to 16 s). The
        crystal of a Pi is good for 20 ppm, so the clock stays right while the internet is away for weeks.
        timesyncd leaves its mark for the next start of this process.
        """
        if not self._was_synchronised:
            self._was_synchronised = self._synchronised() or self._ntp_mark.exists()
        return self._was_synchronised
