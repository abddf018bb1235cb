"""Corrections of the own clock: recorded and told; and days and seconds that are longer or shorter than others.

docs/clock.md is the table of these cases.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from clocked import DAY, HOUR, MINUTE, SECOND, START_MS, VALUES, ClockedHouse
from filled_house import empty_house, fill

from edge.clocksteps import MOST_KEPT
from metering.calendar import day_span
from metering.reading import Meter
from pages.series import read
from pages.site import Twin
from pages.usage import usage
from store.part import Part

pytest_plugins = ("conftest_clock",)

GARAGE = Meter("garage", 1)
MakeHouse = Callable[..., ClockedHouse]


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
