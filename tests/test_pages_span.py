"""Times as requests write them become ms, and days are the site's."""

from contextlib import suppress
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.calendar import PERIODS, day_span, period_span, periods
from pages.span import BadTime, parse_ms

JAKARTA, BERLIN = ZoneInfo("Asia/Jakarta"), ZoneInfo("Europe/Berlin")
HOUR_MS = 3_600_000
FAR = ["900000000000000", "-900000000000000", "253402300799999", "0001-01-01", "9999-01-01T00:00+07:00"]


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1795073400000", 1_795_073_400_000),
        ("2026-11-19T14:30", 1_795_073_400_000),
        ("2026-11-19 14:30", 1_795_073_400_000),
        ("2026-11-19T07:30Z", 1_795_073_400_000),
        ("2026-11-19T08:30+01:00", 1_795_073_400_000),
        # A plus sign in a query that was not written as %2B.
        ("2026-11-19T08:30:00 01:00", 1_795_073_400_000),
        ("2026-11-19", 1_795_021_200_000),
    ],
)
def test_a_time_is_ms_or_iso_in_the_sites_zone(text: str, ms: int) -> None:
    assert parse_ms(text, JAKARTA) == ms


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused_and_nothing_else_happens(text: str) -> None:
    with suppress(BadTime):
        assert isinstance(parse_ms(text, JAKARTA), int)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "14:30", "9999-12-31T23:59", "1e12", *FAR])
def test_what_is_no_time_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(BadTime, match="expected ISO 8601"):
        parse_ms(text, JAKARTA)


@pytest.mark.parametrize("text", ["0002-01-01", "9998-12-31T23:59"])
@pytest.mark.parametrize("zone", [JAKARTA, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Midway")])
def test_periods_of_the_first_and_last_times_can_be_told(text: str, zone: ZoneInfo) -> None:
    ms = parse_ms(text, zone)
    for period in PERIODS:
        assert len(list(periods(period, ms, ms + HOUR_MS, zone))) in (1, 2)
        from_ms, to_ms = period_span(period, ms, zone)
        assert from_ms <= ms < to_ms


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 11, 19), 24)])
def test_a_day_is_as_long_as_its_clock_says(day: tuple[int, int, int], hours: int) -> None:
    from_ms, to_ms = day_span(date(*day), BERLIN)
    assert to_ms - from_ms == hours * HOUR_MS


@pytest.mark.parametrize(
    ("period", "count"), [("hour", 25), ("day", 25 + 6), ("month", 12)], ids=["hour", "day", "month"]
)
def test_periods_cover_their_range_without_overlap(period: str, count: int) -> None:
    from_ms, to_ms = period_span(period, parse_ms("2026-10-25T12:00", BERLIN), BERLIN)
    found = list(periods(period, from_ms, to_ms, BERLIN))
    assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]
    assert (found[0][0], found[-1][1], len(found)) == (from_ms, to_ms, count)
