"""When the Pi's own clock may be believed, on machines made of a few files."""

import time
from pathlib import Path

import pytest

from edge.clock import BUILT_MS, Instant, SystemClock, ntp_synchronised
from metering.quantity import TAKEN_MS_LEAST

NOW_MS = BUILT_MS + 1_000_000


class Machine:
    """A root folder, a kernel's word about NTP, and clocks that stand where they are put."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.synchronised = False
        self.wall_ms, self.mono_ms = NOW_MS, 5_000
        self.has("proc/sys/kernel/random/boot_id", "b0075\n")

    def has(self, path: str, text: str = "") -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def clock(self, setting: str = "auto", last_on_disk_ms: int = 0) -> SystemClock:
        return SystemClock(
            setting,
            last_on_disk_ms,
            self.root,
            lambda: self.synchronised,
            lambda: self.wall_ms,
            lambda: self.mono_ms,
        )


@pytest.fixture
def pc(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def pi(pc: Machine) -> Machine:
    """A Raspberry Pi: a device tree and no battery clock."""
    pc.has("proc/device-tree/model", "Raspberry Pi 4")
    return pc


@pytest.fixture
def pi_with_rtc(pi: Machine) -> Machine:
    pi.has("sys/class/rtc/rtc0/name")
    return pi


def test_a_pi_that_ntp_has_not_reached_does_not_know_the_time(pi: Machine) -> None:
    assert pi.clock().source() is None
    assert pi.clock().now() == Instant(5_000, None, "b0075")


def test_a_pi_knows_the_time_from_ntp(pi: Machine) -> None:
    pi.synchronised = True
    assert pi.clock().now() == Instant(5_000, NOW_MS, "b0075", "ntp")
    assert pi.clock().source() == "ntp"


def test_a_pi_that_has_known_the_time_knows_it_while_the_internet_is_away(pi: Machine) -> None:
    """The kernel forgets after 9 hours without NTP; the clock has drifted by a second at most."""
    clock = pi.clock()
    pi.synchronised = True
    clock.now()
    pi.synchronised = False
    assert clock.source() == "ntp"


def test_a_pi_that_ntp_has_set_knows_the_time_after_a_restart_of_the_process(pi: Machine) -> None:
    pi.has("run/systemd/timesync/synchronized")
    assert pi.clock().source() == "ntp"


def test_with_trust_the_time_is_always_known(pi: Machine) -> None:
    pi.wall_ms = BUILT_MS - 1
    assert pi.clock("trust").source() == "trust"
    assert pi.clock("trust").now() == Instant(5_000, BUILT_MS - 1, "b0075", "trust")


def test_a_trusted_clock_that_ntp_keeps_says_so_with_its_instants(pi: Machine) -> None:
    pi.synchronised = True
    assert pi.clock("trust").source() == "trust"
    assert pi.clock("trust").now().source == "ntp"


@pytest.mark.parametrize("wall_ms", [-1, 0, 946_684_800_000, TAKEN_MS_LEAST - 1])
@pytest.mark.parametrize("setting", ["auto", "trust"])
def test_a_clock_that_shows_less_than_2020_is_not_known_whoever_says_so(
    pc: Machine, setting: str, wall_ms: int
) -> None:
    pc.wall_ms, pc.synchronised = wall_ms, True
    assert pc.clock(setting).source() is None
    assert pc.clock(setting).now() == Instant(5_000, None, "b0075")


def test_a_battery_clock_is_believed(pi_with_rtc: Machine) -> None:
    assert pi_with_rtc.clock().source() == "rtc"


@pytest.mark.parametrize(("wall_ms", "source"), [(BUILT_MS - 1, None), (BUILT_MS, "rtc")])
def test_a_battery_clock_before_the_build_is_empty(
    pi_with_rtc: Machine, wall_ms: int, source: str | None
) -> None:
    pi_with_rtc.wall_ms = wall_ms
    assert pi_with_rtc.clock().source() == source


@pytest.mark.parametrize(("last_ms", "source"), [(NOW_MS + 1, None), (NOW_MS, "rtc")])
def test_a_battery_clock_before_the_last_reading_on_disk_is_wrong(
    pi_with_rtc: Machine, last_ms: int, source: str | None
) -> None:
    assert pi_with_rtc.clock(last_on_disk_ms=last_ms).source() == source


def test_ntp_is_believed_before_a_battery_clock(pi_with_rtc: Machine) -> None:
    pi_with_rtc.synchronised, pi_with_rtc.wall_ms = True, BUILT_MS - 1
    assert pi_with_rtc.clock().source() == "ntp"


def test_a_container_has_neither_device_tree_nor_battery_clock_and_is_believed(pc: Machine) -> None:
    assert pc.clock().source() == "machine"


def test_a_pc_with_a_wrong_battery_clock_is_not_believed(pc: Machine) -> None:
    pc.has("sys/class/rtc/rtc0/name")
    pc.wall_ms = 0
    assert pc.clock().source() is None


def test_a_machine_without_a_boot_id_has_one_era(tmp_path: Path) -> None:
    clock = SystemClock("auto", 0, tmp_path, lambda: False, lambda: NOW_MS, lambda: 1)
    assert clock.now().era == "unknown"


def test_the_real_machine_is_asked_without_harm() -> None:
    assert ntp_synchronised() in (True, False)
    now = SystemClock("trust").now()
    assert now.own_ms is not None
    assert abs(now.own_ms - time.time() * 1000) < 5_000
    assert now.mono_ms > 0
