"""What is picked on the page "history": from an address to a stretch of time and back, and the stretches beside it."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.calendar import day_span
from metering.quantity import DAY_MS
from metering.reading import Meter
from pages.picked import ALL, PERIODS, QUANTITIES, Picked, picked
from pages.query import Refused

JAKARTA, BERLIN = ZoneInfo("Asia/Jakarta"), ZoneInfo("Europe/Berlin")
METERS = [Meter("garage", 1), Meter("garage", 2)]
# Friday, 20 November 2026, 14.32 in Jakarta.
NOW_MS = 1_795_159_930_000


def pick(zone: ZoneInfo = JAKARTA, **given_: str) -> Picked:
    given_ = {name.rstrip("_"): text for name, text in given_.items()}
    return picked(given_, METERS, NOW_MS, zone)


def test_nothing_said_is_today_of_the_first_meter_and_everything() -> None:
    found = pick()
    assert (found.period, found.at, found.meters) == ("day", date(2026, 11, 20), (METERS[0],))
    assert (found.quantities, found.bars) == (QUANTITIES, "hour")
    assert (found.from_ms, found.to_ms) == day_span(date(2026, 11, 20), JAKARTA)


@pytest.mark.parametrize(
    ("period", "at", "days", "bars"),
    [
        ("day", "2026-11-19", 1, "hour"), ("month", "2026-11", 30, "day"), ("month", "2026-02-17", 28, "day"),
        ("year", "2024", 366, "month"), ("year", "2026-06-30", 365, "month"),
    ],
)  # fmt: skip
def test_a_period_is_whole(period: str, at: str, days: int, bars: str) -> None:
    found = pick(period=period, at=at)
    assert ((found.to_ms - found.from_ms) / DAY_MS, found.bars) == (days, bars)


def test_a_day_of_a_clock_change_has_its_hours() -> None:
    found = pick(BERLIN, at="2026-10-25")
    assert (found.to_ms - found.from_ms) / 3_600_000 == 25
    month = pick(BERLIN, period="month", at="2026-10")
    assert (month.to_ms - month.from_ms) / 3_600_000 == 31 * 24 + 1


@pytest.mark.parametrize(
    ("from_", "to", "bars"),
    [("2026-11-19T14:00", "2026-11-19T15:30", "hour"), ("2026-11-01", "2026-11-04", "hour"),
     ("2026-10-01", "2026-11-19", "day"), ("2017-01-01", "2026-11-19", "month")],
)  # fmt: skip
def test_a_range_has_bars_of_its_length(from_: str, to: str, bars: str) -> None:
    found = pick(period="range", from_=from_, to=to)
    assert found.bars == bars
    if "T" not in to:
        assert found.to_ms == day_span(date.fromisoformat(to), JAKARTA)[1], "the last day is whole"


@pytest.mark.parametrize(
    ("name", "given_"),
    [
        ("at", {"at": "2026-13-01"}), ("at", {"at": "x"}), ("at", {"day": "9999-12-31"}), ("at", {"at": "1969"}),
        ("period", {"period": "week"}), ("quantity", {"quantity": "colour"}), ("meter", {"meter": "attic/1"}),
        ("to", {"period": "range", "from_": "2026-11-19", "to": "2026-11-18"}),
        ("from", {"period": "range", "from_": "yesterday"}),
        ("from", {"period": "range", "from_": "1980-01-01", "to": "2026-01-01"}),
        ("at", {"period": "year", "at": "9998"}),
        ("from", {"period": "range", "from_": "0003-01-01", "to": "0030-01-01"}),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(name: str, given_: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        pick(JAKARTA, **given_)
    assert refused.value.error == name


@given(
    st.sampled_from(PERIODS[:3]),
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.sampled_from((JAKARTA, BERLIN)),
    st.sampled_from((*QUANTITIES, ALL)),
    st.sampled_from(("garage/2", ALL)),
)
def test_neighbours_touch_and_an_address_gives_the_same_again(
    period: str, at: date, zone: ZoneInfo, quantity: str, meter: str
) -> None:
    found = pick(zone, period=period, at=at.isoformat(), quantity=quantity, meter=meter)
    assert found.moved(-1).to_ms == found.from_ms
    assert found.moved(1).from_ms == found.to_ms
    assert found.moved(1).moved(-1).from_ms == found.from_ms
    asked = dict(pair.split("=") for pair in found.query().replace("%2F", "/").split("&"))
    again = picked(asked, METERS, NOW_MS, zone)
    assert (again.from_ms, again.to_ms, again.meters) == (found.from_ms, found.to_ms, found.meters)
    assert again.quantity == quantity
    assert found.around("month").around("day").at == found.at
