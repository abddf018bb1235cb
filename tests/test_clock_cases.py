"""Every way in which a clock can be wrong: nothing is reordered, blocked or lost, and what was corrected is told.

docs/clock.md is the table of these cases.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from clocked import DAY, HOUR, MINUTE, SECOND, START_MS, YEAR, ClockedHouse, showing

from edge.clock import BUILT_MS
from metering.reading import Meter

pytest_plugins = ("conftest_clock",)

GARAGE = Meter("garage", 1)
MakeHouse = Callable[..., ClockedHouse]


def test_the_page_of_the_clock_names_these_tests() -> None:
    page = (Path(__file__).parent.parent / "docs" / "clock.md").read_text(encoding="utf-8")
    named = {name for _file, name in re.findall(r"`(test_\w+)\.py::(test_\w+)`", page)}
    here = {
        name
        for file in Path(__file__).parent.glob("test_clock_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert here - {test_the_page_of_the_clock_names_these_tests.__name__} <= named
    for file, name in re.findall(r"`(test_\w+)\.py::(test_\w+)`", page):
        assert f"def {name}(" in (Path(__file__).parent / f"{file}.py").read_text(encoding="utf-8")


YEARS = {
    "1970": showing(0),
    "2000": showing(946_684_800_000),
    "build date": showing(BUILT_MS),
    "2038": showing(2_147_483_648_000),
    "a year ahead": YEAR,
    "three minutes behind": -3 * MINUTE,
}
AHEAD = ("2038", "a year ahead")

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
