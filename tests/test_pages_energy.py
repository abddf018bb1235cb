"""Energy per hour and since midnight follows the meter's own counter, across gaps, restarts and midnights."""

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from filled_house import DAY_MS, HOUR_MS, NOW_MS, ZONE, FilledHouse, empty_house, fill

from metering.calendar import day_of, day_span
from metering.reading import Meter, Row
from pages.today import LOOKED_LASTS_MS, Today
from pages.usage import TooMany, usage
from store.part import Part

pytest_plugins = ("conftest_pages",)

METER = Meter("garage", 1)
MIDNIGHT_MS = day_span(day_of(NOW_MS, ZONE), ZONE)[0]


def counted(*values: tuple[int, int | None], first: int = 1) -> list[Row]:
    """Rows at (taken_ms, energy_wh)."""
    return [
        (seq, 1, at, 220_000, 0, 100_000, wh, 50_000, 1000, 0) for seq, (at, wh) in enumerate(values, first)
    ]


def filled(folder: Path, *values: tuple[int, int | None]) -> FilledHouse:
    house = empty_house(folder)
    fill(house, [Part("garage", 1, 0, counted(*values))])
    return house


def test_energy_used_in_a_gap_counts_where_the_counter_is_read_again(tmp_path: Path) -> None:
    house = filled(tmp_path, (MIDNIGHT_MS + 1000, 100), (MIDNIGHT_MS + 5 * HOUR_MS, 4_100))
    with house.history() as history:
        used = usage(history, METER, "hour", MIDNIGHT_MS, MIDNIGHT_MS + 7 * HOUR_MS, ZONE)
    assert [bucket.energy_wh for bucket in used.buckets] == [0, None, None, None, None, 4_000, None]
    assert used.wh == 4_000


def test_the_hours_of_a_day_add_up_to_the_day(house: FilledHouse) -> None:
    from_ms, to_ms = MIDNIGHT_MS - DAY_MS, MIDNIGHT_MS
    with house.history() as history:
        hours = usage(history, METER, "hour", from_ms, to_ms, ZONE)
        day = usage(history, METER, "day", from_ms, to_ms, ZONE)
    assert len(hours.buckets) == 24
    assert hours.wh == day.wh == day.buckets[0].energy_wh
    assert sum(bucket.readings for bucket in hours.buckets) == day.buckets[0].readings


def minutes(folder: Path, from_ms: int, count: int) -> FilledHouse:
    return filled(folder, *((from_ms + n * 60_000, n) for n in range(count)))


def test_readings_are_counted_in_the_buckets_of_a_range_that_begins_at_half_past(tmp_path: Path) -> None:
    house, half = minutes(tmp_path, MIDNIGHT_MS, 300), MIDNIGHT_MS + HOUR_MS // 2
    with house.history() as history:
        used = usage(history, METER, "hour", half, half + 3 * HOUR_MS, ZONE)
    assert [bucket.readings for bucket in used.buckets] == [30, 60, 60, 30]


def test_a_bucket_before_a_meters_first_reading_is_empty(tmp_path: Path) -> None:
    house = minutes(tmp_path, MIDNIGHT_MS, 60)
    with house.history() as history:
        half = HOUR_MS // 2
        used = usage(history, METER, "hour", MIDNIGHT_MS - half, MIDNIGHT_MS + half, ZONE)
    assert [(bucket.readings, bucket.energy_wh) for bucket in used.buckets] == [(0, None), (30, 29)]


def test_days_that_change_by_half_an_hour_hold_their_own_readings(tmp_path: Path) -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    from_ms, to_ms = day_span(date(2026, 10, 4), zone)
    house = minutes(tmp_path, from_ms - DAY_MS, 4 * 1440)
    with house.history() as history:
        used = usage(history, METER, "day", from_ms - DAY_MS, to_ms + DAY_MS, zone)
    assert [bucket.readings for bucket in used.buckets] == [1440, 1410, 1440]


def test_a_counter_that_begins_again_is_told(tmp_path: Path) -> None:
    house = filled(tmp_path, (MIDNIGHT_MS, 90_000), (MIDNIGHT_MS + HOUR_MS, 250))
    with house.history() as history:
        used = usage(history, METER, "hour", MIDNIGHT_MS, MIDNIGHT_MS + 2 * HOUR_MS, ZONE)
    assert [(step.event, step.before_wh, step.after_wh) for step in used.events] == [("reset", 90_000, 250)]
    assert used.wh == 250


def test_a_range_with_too_many_buckets_is_refused(house: FilledHouse) -> None:
    with house.history() as history, pytest.raises(TooMany):
        usage(history, METER, "hour", 0, NOW_MS, ZONE)


def test_today_counts_from_the_last_value_before_midnight(tmp_path: Path) -> None:
    house = filled(
        tmp_path, (MIDNIGHT_MS - 1000, 5_000), (MIDNIGHT_MS + 1000, 5_001), (MIDNIGHT_MS + HOUR_MS, 5_700)
    )
    with house.history() as history:
        assert Today(ZONE).wh(history, METER, NOW_MS) == 700


def test_today_takes_only_what_is_new_and_adds_the_live_value(tmp_path: Path) -> None:
    house = filled(tmp_path, (MIDNIGHT_MS + 1000, 5_000), (MIDNIGHT_MS + HOUR_MS, 5_700))
    today = Today(ZONE)
    with house.history() as history:
        assert today.wh(history, METER, NOW_MS) == 700
        assert today.wh(history, METER, NOW_MS, (NOW_MS, 5_900)) == 900
        assert today.wh(history, METER, NOW_MS) == 700
    fill(house, [Part("garage", 1, 2, counted((NOW_MS, 5_950), first=3))])
    with house.history() as history:
        assert today.wh(history, METER, NOW_MS + LOOKED_LASTS_MS) == 950


def test_a_backlog_of_days_is_not_counted_as_used_today(tmp_path: Path) -> None:
    house = filled(tmp_path, (MIDNIGHT_MS - 2 * DAY_MS, 1_000))
    today = Today(ZONE)
    with house.history() as history:
        assert today.wh(history, METER, NOW_MS) is None
    fill(house, [Part("garage", 1, 1, counted((MIDNIGHT_MS - 1000, 9_000), first=2))])
    with house.history() as history:
        assert today.wh(history, METER, NOW_MS + LOOKED_LASTS_MS) is None
    fill(house, [Part("garage", 1, 2, counted((MIDNIGHT_MS + HOUR_MS, 9_300), first=3))])
    with house.history() as history:
        assert today.wh(history, METER, NOW_MS + 2 * LOOKED_LASTS_MS) == 300


def test_a_new_day_begins_at_nothing(tmp_path: Path) -> None:
    house = filled(tmp_path, (MIDNIGHT_MS + 1000, 5_000), (MIDNIGHT_MS + HOUR_MS, 5_700))
    today = Today(ZONE)
    with house.history() as history:
        assert today.wh(history, METER, NOW_MS) == 700
        assert today.wh(history, METER, NOW_MS + DAY_MS) is None


def test_a_meter_without_a_counter_has_no_energy_rather_than_none_used(tmp_path: Path) -> None:
    house = filled(tmp_path, (MIDNIGHT_MS + 1000, None), (MIDNIGHT_MS + HOUR_MS, None))
    with house.history() as history:
        assert Today(ZONE).wh(history, METER, NOW_MS) is None
        used = usage(history, METER, "hour", MIDNIGHT_MS, NOW_MS, ZONE)
    assert used.wh is None
