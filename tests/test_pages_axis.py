"""The time axis: round local times, not too many, for an hour and for decades, in zones with clock changes."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.calendar import day_span, period_span
from metering.quantity import DAY_MS
from pages.axis import MOST_TICKS, ticks
from pages.figures import Figures
from pages.words import Words

JAKARTA, BERLIN = ZoneInfo("Asia/Jakarta"), ZoneInfo("Europe/Berlin")
ID = Figures(Words("id"), JAKARTA)
DAY = day_span(date(2026, 11, 19), JAKARTA)


def texts(from_ms: int, to_ms: int, figures: Figures = ID) -> list[str]:
    return [text for _ms, text in ticks(from_ms, to_ms, figures)]


def test_a_day_is_told_by_the_clock() -> None:
    assert [text for _ms, text in ticks(*DAY, ID, 180)] == [
        "00.00", "03.00", "06.00", "09.00", "12.00", "15.00", "18.00", "21.00", "24.00",
    ]  # fmt: skip


def test_an_hour_a_month_a_year_and_ten_years() -> None:
    assert texts(DAY[0], DAY[0] + 3_600_000) == [
        "00.00",
        "00.10",
        "00.20",
        "00.30",
        "00.40",
        "00.50",
        "01.00",
    ]
    assert texts(*period_span("day", DAY[0], JAKARTA)) == [
        "1 Nov", "6 Nov", "11 Nov", "16 Nov", "21 Nov", "26 Nov", "1 Des",
    ]  # fmt: skip
    assert texts(*period_span("month", DAY[0], JAKARTA))[:4] == ["2026", "Feb", "Mar", "Apr"]
    assert texts(DAY[0] - 3653 * DAY_MS, DAY[0]) == [str(year) for year in range(2017, 2027)]


def test_two_days_are_parted_by_a_date() -> None:
    assert "20 Nov" in texts(DAY[0], DAY[1] + DAY_MS)


@given(st.integers(1_600_000_000_000, 1_900_000_000_000), st.integers(60_000, 40 * 366 * DAY_MS))
@pytest.mark.parametrize("zone", [JAKARTA, BERLIN])
def test_ticks_lie_in_the_range_in_order_and_are_not_many(zone: ZoneInfo, from_ms: int, span_ms: int) -> None:
    found = [ms for ms, _text in ticks(from_ms, from_ms + span_ms, Figures(Words("en"), zone))]
    assert found == sorted(set(found))
    assert all(from_ms <= ms <= from_ms + span_ms for ms in found)
    assert len(found) <= MOST_TICKS + 5
