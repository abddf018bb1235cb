"""Times without a clock, restarts of the Pi, of the device and of both: everything is dated or marked in the end.

docs/clock.md is the table of these cases.
"""

from collections.abc import Callable

import pytest
from clocked import DAY, HOUR, MINUTE, SECOND, ClockedHouse, showing

from edge.clock import BUILT_MS
from metering.reading import Meter

pytest_plugins = ("conftest_clock",)

GARAGE = Meter("garage", 1)
MakeHouse = Callable[..., ClockedHouse]


def test_three_days_without_ntp_are_dated_within_bounds_when_it_comes(make: MakeHouse) -> None:
    house = make(known=False, wrong_ms=showing(BUILT_MS), step_ms=MINUTE, interval_ms=2 * MINUTE)
    house.run(3 * DAY)
    assert set(house.dates().values()) == {None}
    assert house.may_travel() == 0
    assert house.collector
    (boot,) = house.collector.registry.boots.all()
    assert len(boot.stream.pending) <= 2, "what waits for its date waits on disk"
    assert len(boot.dating.anchors.kept) <= 3 * DAY // MINUTE
    house.ntp()
    house.run(3 * MINUTE)
    house.assert_all_here()
    assert house.worst() <= 50
    assert (house.by(), house.uncertain()) == ([None], set())
    assert house.may_travel() == len(house.dates())


def test_a_device_is_the_clock_for_an_hour_after_the_pi_s_reboot_and_then_rows_wait(make: MakeHouse) -> None:
    house = make(step_ms=5 * SECOND, interval_ms=10 * SECOND)
    house.run(HOUR)
    house.pi_stops()
    house.run(2 * MINUTE)
    house.pi_starts(wrong_ms=showing(BUILT_MS), known=False)
    house.run(50 * MINUTE)
    house.assert_all_here()
    assert house.worst(HOUR) <= 1_000
    house.run(70 * MINUTE)
    assert house.undated() > 300
    house.ntp()
    house.settle()
    house.assert_all_here()
    assert house.worst(HOUR) <= 1_000
    assert house.worst(2 * HOUR + 10 * MINUTE) <= 50
    assert house.by() == [None]


# Restarts


@pytest.mark.parametrize(
    ("boots", "ntp", "power"),
    [
        (1, True, False),
        (1, False, True),
        (2, False, False),
        (2, True, True),
        (5, False, False),
        (5, True, True),
    ],
)
def test_a_device_that_restarts_while_the_pi_is_down(
    make: MakeHouse, boots: int, ntp: bool, power: bool
) -> None:
    house = make()
    house.run(5 * MINUTE)
    house.pi_stops()
    for _ in range(boots):
        house.run(40 * SECOND)
        house.device_loses_power() if power else house.device_restarts()
    house.run(20 * SECOND)
    house.pi_starts(wrong_ms=0 if ntp else showing(BUILT_MS), known=ntp)
    house.run(3 * MINUTE)
    if not ntp:
        house.ntp()
    house.settle()
    house.assert_all_here()
    last = max(house.truth)[0]
    up_ms = 5 * MINUTE + boots * 40 * SECOND
    assert house.worst(0, 5 * MINUTE - SECOND) <= 50
    assert house.worst(up_ms) <= 50
    never_heard = set(range((7 << 16) + 2, last))
    known = {boot for boot, _seq in house.dates()}
    assert house.uncertain() >= never_heard & known, "their dates are estimates, and marked"
    ends = [(boot, max(t or 0 for (b, _), t in house.dates().items() if b == boot)) for boot in sorted(known)]
    assert [end for _boot, end in ends] == sorted(end for _boot, end in ends)


def test_a_power_cut_that_takes_both_and_brings_back_a_pi_that_does_not_know_the_time(
    make: MakeHouse,
) -> None:
    house = make()
    house.run(5 * MINUTE)
    house.pi_stops()
    house.run(30 * SECOND)
    house.device_loses_power()
    house.pi_starts(wrong_ms=showing(BUILT_MS), known=False)
    house.run(5 * MINUTE)
    assert house.undated() > 250
    house.ntp()
    house.settle()
    house.assert_all_here()
    assert house.worst() <= 50
    assert house.uncertain() == set()


@pytest.mark.parametrize("restarts", [True, False])
def test_a_pi_that_never_knew_the_time_is_followed_by_one_that_does(make: MakeHouse, restarts: bool) -> None:
    house = make(known=False, wrong_ms=showing(0))
    house.run(5 * MINUTE)
    house.pi_stops()
    if restarts:
        house.device_loses_power()
    house.run(MINUTE)
    house.pi_starts()
    house.settle()
    house.assert_all_here()
    first = 7 << 16 | 1
    assert house.uncertain() == ({first} if restarts else set())
    assert house.worst(6 * MINUTE) <= 50
    assert house.worst() <= (2 * MINUTE if restarts else 50)
