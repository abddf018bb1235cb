"""Every way in which a clock can be wrong: nothing is reordered, blocked or lost, and what was corrected is told.

docs/clock.md is the table of these cases.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from clocked import DAY, HOUR, MINUTE, SECOND, START_MS, VALUES, YEAR, ClockedHouse
from filled_house import empty_house, fill

from edge.clock import BUILT_MS
from edge.clocksteps import MOST_KEPT
from metering.reading import Meter
from pages.series import read
from pages.site import Twin
from pages.span import day_span
from pages.usage import usage
from store.part import Part

GARAGE = Meter("garage", 1)
MakeHouse = Callable[..., ClockedHouse]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeHouse]:
    with ExitStack() as stack:

        def one(**how: Any) -> ClockedHouse:
            house = ClockedHouse(tmp_path, **how)
            stack.callback(house.close)
            return house

        yield one


def test_the_page_of_the_clock_names_these_tests() -> None:
    page = (Path(__file__).parent.parent / "docs" / "clock.md").read_text(encoding="utf-8")
    named = {name for _file, name in re.findall(r"`(test_\w+)\.py::(test_\w+)`", page)}
    here = {name for name in globals() if name.startswith("test_")} - {
        test_the_page_of_the_clock_names_these_tests.__name__
    }
    assert here <= named
    for file, name in re.findall(r"`(test_\w+)\.py::(test_\w+)`", page):
        assert f"def {name}(" in (Path(__file__).parent / f"{file}.py").read_text(encoding="utf-8")


def showing(at_ms: int) -> int:
    """How wrong a clock is that shows this at the start."""
    return at_ms - START_MS


YEARS = {
    "1970": showing(0),
    "2000": showing(946_684_800_000),
    "build date": showing(BUILT_MS),
    "2038": showing(2_147_483_648_000),
    "a year ahead": YEAR,
    "three minutes behind": -3 * MINUTE,
}
AHEAD = {"2038", "a year ahead"}

# A wrong year


@pytest.mark.parametrize("year", YEARS)
def test_a_pi_that_starts_with_a_wrong_year_dates_nothing_before_ntp_and_then_all_of_it(
    make: MakeHouse, year: str
) -> None:
    house = make(wrong_ms=YEARS[year], known=False)
    house.run(3 * MINUTE)
    assert set(house.dates().values()) == {None}
    house.ntp()
    house.settle()
    house.assert_all_here()
    assert house.worst() <= 50
    assert house.by() == [None]
    assert house.uncertain() == set()


@pytest.mark.parametrize("year", YEARS)
def test_a_trusted_clock_with_a_wrong_year_is_corrected_and_what_it_dated_stays(
    make: MakeHouse, year: str
) -> None:
    house = make(wrong_ms=YEARS[year], setting="trust")
    house.run(2 * MINUTE)
    before = {key: taken_ms for key, taken_ms in house.dates().items() if taken_ms is not None}
    house.wrong_ms = 0
    house.settle()
    house.run(2 * MINUTE)
    dates = house.dates()
    assert {key: dates[key] for key in before} == before
    assert house.undated() == 0
    assert house.truth.keys() - dates.keys() <= house._pending()
    if year in ("1970", "2000"):
        assert (before, house.by()) == ({}, [None])
        assert house.worst() <= 50
    else:
        assert house.by() == [-YEARS[year]]
        assert house.worst(5 * MINUTE + 10 * SECOND) <= 50
    if year not in AHEAD:
        house.assert_in_order()


@pytest.mark.parametrize("year", AHEAD)
def test_dates_after_tomorrow_do_not_hold_up_what_a_boot_measures_later(make: MakeHouse, year: str) -> None:
    house = make(wrong_ms=YEARS[year], setting="trust", known=False)
    house.run(2 * MINUTE)
    house.wrong_ms = 0
    house.settle()
    assert house.worst(2 * MINUTE + 10 * SECOND) <= 50
    assert house.uncertain() == {7 << 16 | 1}


@pytest.mark.parametrize("known", [False, True])
def test_dates_after_tomorrow_do_not_hold_up_a_boot_after_a_restart_of_the_pi(
    make: MakeHouse, known: bool
) -> None:
    house = make(wrong_ms=YEARS["2038"], setting="trust")
    house.run(5 * MINUTE)
    house.pi_stops()
    house.run(MINUTE)
    house.setting = "auto"
    house.pi_starts(known=known)
    house.run(2 * MINUTE)
    house.ntp()
    house.settle()
    assert house.undated() == 0
    assert house.worst(9 * MINUTE) <= 50


def test_a_wrong_past_does_not_end_the_order_of_a_boot(make: MakeHouse) -> None:
    """A Pi that wakes up a month ago is wrong, and nobody said that it was right before."""
    house = make(setting="trust")
    house.run(5 * MINUTE)
    house.pi_stops()
    house.run(MINUTE)
    house.pi_starts(wrong_ms=-30 * DAY, known=False)
    house.run(5 * MINUTE)
    house.assert_in_order()
    assert house.uncertain() == {7 << 16 | 1}


# Steps


@pytest.mark.parametrize("by_ms", [SECOND, HOUR, YEAR])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_step_while_the_time_is_known_loses_and_reorders_nothing(
    make: MakeHouse, by_ms: int, sign: int
) -> None:
    """The clock was wrong by so much, and NTP sets it right."""
    house = make(wrong_ms=sign * by_ms)
    house.run(5 * MINUTE)
    before = {key: taken_ms for key, taken_ms in house.dates().items() if taken_ms is not None}
    house.wrong_ms = 0
    house.settle()
    dates = house.dates()
    assert {key: dates[key] for key in before} == before
    assert house.truth.keys() - dates.keys() <= house._pending()
    assert house.undated() == 0
    assert house.by() == ([-sign * by_ms] if by_ms > SECOND else [])
    held = sign > 0 and by_ms == HOUR
    if not (sign > 0 and by_ms == YEAR):
        house.assert_in_order()
    assert house.worst(5 * MINUTE + 2 * SECOND) <= (HOUR + MINUTE if held else 50)
    assert house.uncertain() == ({7 << 16 | 1} if sign > 0 and by_ms > SECOND else set())


def test_after_a_step_back_dates_are_true_again_when_the_clock_has_caught_up(make: MakeHouse) -> None:
    house = make(wrong_ms=HOUR, interval_ms=10 * SECOND)
    house.run(5 * MINUTE)
    house.wrong_ms = 0
    house.run(70 * MINUTE)
    house.assert_all_here()
    assert house.worst(66 * MINUTE) <= 50


def test_slewing_is_no_step(make: MakeHouse) -> None:
    """Half a second in 1000 s, as fast as adjtime goes: own and monotonic clock are slewed alike."""
    half_ms = 500
    house = make(wrong_ms=-half_ms, slewed=lambda now: min(half_ms, (now - START_MS) / 2_000))
    house.run(20 * MINUTE)
    house.assert_all_here()
    assert house.worst() <= half_ms + 50
    assert house.worst(18 * MINUTE) <= 50
    assert (house.by(), house.uncertain()) == ([], set())


def test_a_step_between_two_commits_is_met_by_the_rows_of_both_sides(make: MakeHouse) -> None:
    house = make()
    house.run(5 * MINUTE + 3 * SECOND)
    here = house._pending()
    assert here
    house.wrong_ms = HOUR
    house.run(4 * SECOND)
    house.wrong_ms = 0
    house.run(MINUTE)
    house.assert_all_here()
    assert house.by() == [HOUR, -HOUR]
    dates = house.dates()
    assert all(dates[key] is not None for key in here)


def test_a_battery_clock_that_turns_out_hours_wrong(make: MakeHouse) -> None:
    """It was set to local time: seven hours ahead."""
    house = make(wrong_ms=7 * HOUR, known=False, rtc=True, interval_ms=10 * SECOND)
    house.run(2 * MINUTE)
    house.step_ms = 10 * SECOND
    before = {key: taken_ms for key, taken_ms in house.dates().items() if taken_ms is not None}
    assert before
    house.ntp()
    house.run(7 * HOUR + 10 * MINUTE)
    house.assert_all_here()
    dates = house.dates()
    assert {key: dates[key] for key in before} == before
    assert house.worst(7 * HOUR + 5 * MINUTE) <= 50
    (step,) = house.steps()
    assert (step.source, round(step.by_ms or 0, -3)) == ("ntp", -7 * HOUR)
    assert abs(step.at_ms - START_MS - 2 * MINUTE) <= 11 * SECOND
    assert house.uncertain() == {7 << 16 | 1}


def test_what_was_not_dated_yet_is_dated_by_the_corrected_clock(make: MakeHouse) -> None:
    """A new board's first half minute waits for a rate; the clock is corrected meanwhile."""
    house = make(wrong_ms=-7 * HOUR, known=False, setting="trust")
    house.run(5 * SECOND)
    house.wrong_ms = 0
    house.settle()
    house.assert_all_here()
    assert house.worst() <= 50


def test_a_correction_while_the_collector_was_down_is_seen(make: MakeHouse) -> None:
    house = make(wrong_ms=-HOUR, setting="trust")
    house.run(5 * MINUTE)
    house.pi_stops()
    house.wrong_ms = 0
    house.run(30 * SECOND)
    house.process_starts()
    house.settle()
    house.assert_all_here()
    assert house.by() == [HOUR]
    assert house.worst(5 * MINUTE) <= 50


def test_a_correction_is_told_once_also_when_the_process_restarts_after_it(make: MakeHouse) -> None:
    house = make(wrong_ms=-HOUR, setting="trust")
    house.run(2 * MINUTE)
    house.wrong_ms = 0
    house.run(3 * SECOND)
    house.pi_stops()
    house.process_starts()
    house.run(MINUTE)
    assert house.by() == [HOUR]
    assert house.worst(2 * MINUTE + SECOND) <= 50
    low, high = house.ask("SELECT min(own_ms - mono_ms), max(own_ms - mono_ms) FROM anchors")
    assert high - low <= 2, "the anchors on disk are corrected too"


def test_a_restart_of_the_process_is_no_news_of_the_clock(make: MakeHouse) -> None:
    house = make()
    house.run(2 * MINUTE)
    house.pi_stops()
    house.process_starts()
    house.run(2 * MINUTE)
    assert house.steps() == []


def test_a_correction_is_on_disk_soon_also_where_no_device_is(make: MakeHouse) -> None:
    house = make(known=False)
    house.device.home.address = None
    house.collector.tick(house.clock.now())  # type: ignore[union-attr]
    house.ntp()
    for _ in range(12):
        house.now += 100
        house.collector.tick(house.clock.now())  # type: ignore[union-attr]
    assert house.by() == [None]


def test_a_clock_that_does_not_come_to_rest_fills_no_disk(make: MakeHouse) -> None:
    house = make(interval_ms=HOUR)
    for _ in range(MOST_KEPT + 20):
        house.wrong_ms = 5 * SECOND - house.wrong_ms
        house.run(3 * SECOND)
    assert house.ask("SELECT count(*) FROM clock_steps") == (MOST_KEPT,)
    assert house.steps()[-1].at_ms > START_MS + 300 * SECOND


# Summer time


@pytest.mark.parametrize("twin", ["edge", "cloud"])
@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Europe/Berlin", 28, 23), ("Europe/Berlin", 27, 24), ("Asia/Jakarta", 28, 24)],
)
def test_a_day_of_the_site_s_zone_has_its_hours_and_no_reading_counts_twice(
    tmp_path: Path, twin: Twin, zone: str, day: int, hours: int
) -> None:
    assert_day_of(tmp_path, twin, ZoneInfo(zone), date(2027, 3, day), hours)


def test_the_hour_that_autumn_repeats_is_two_hours(tmp_path: Path) -> None:
    assert_day_of(tmp_path, "edge", ZoneInfo("Europe/Berlin"), date(2027, 10, 31), 25)


def assert_day_of(folder: Path, twin: Twin, zone: ZoneInfo, day: date, hours: int) -> None:
    """A reading each 10 minutes, 10 Wh apart, for three days around it."""
    house, (from_ms, to_ms) = empty_house(folder, twin), day_span(day, zone)
    times = range(from_ms - DAY, to_ms + DAY, 10 * MINUTE)
    rows = [(n + 1, 1, at_ms, *VALUES, 10 * n, 50_000, 1_000, 0) for n, at_ms in enumerate(times)]
    fill(house, [Part("garage", 1, 0, rows)])
    with house.history() as history:
        whole = usage(history, GARAGE, "day", from_ms, to_ms, zone)
        each = usage(history, GARAGE, "hour", from_ms, to_ms, zone)
        points = read(history, GARAGE, "power_mw", from_ms, to_ms, HOUR).points
    assert [(bucket.readings, bucket.energy_wh) for bucket in whole.buckets] == [(6 * hours, 60 * hours)]
    assert [bucket.readings for bucket in each.buckets] == [6] * hours
    assert each.wh == whole.wh
    assert [point and point.n for point in points] == [6] * hours


# Leap second


def leap(now: float) -> float:
    """UTC as a kernel shows it: the last second of the day is shown twice, five minutes after the start."""
    return now - (1_000 if now >= START_MS + 5 * MINUTE else 0)


def smeared(now: float) -> float:
    """The second is spread over a day, as several public NTP servers do."""
    return now - 1_000 * min(1.0, max(0.0, (now - START_MS) / DAY))


def test_a_leap_second_is_no_correction_and_time_goes_on(make: MakeHouse) -> None:
    house = make(utc=leap, step_ms=250, interval_ms=500)
    house.run(7 * MINUTE)
    house.assert_all_here()
    assert house.worst(MINUTE, 5 * MINUTE - 10 * SECOND) <= 50
    assert house.worst(5 * MINUTE) <= 1_050
    assert house.worst(5 * MINUTE + 2 * SECOND) <= 50
    assert (house.by(), house.uncertain()) == ([], set())


def test_a_smeared_leap_second_is_followed(make: MakeHouse) -> None:
    house = make(utc=smeared, step_ms=5 * SECOND, interval_ms=30 * SECOND)
    house.run(6 * HOUR)
    house.assert_all_here()
    assert house.worst(3 * MINUTE) <= 50
    assert house.by() == []


# Without NTP


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
