"""Figures are written as each language writes them, unknown is a dash, and nothing is rounded up to whole."""

from zoneinfo import ZoneInfo

import pytest

from pages.figures import Figures
from pages.words import Words

N = "\u00a0"
JAKARTA = ZoneInfo("Asia/Jakarta")
ID, EN = Figures(Words("id"), JAKARTA), Figures(Words("en"), JAKARTA)
# Thursday, 19 November 2026, 14.30 in Jakarta.
AT_MS = 1_795_073_400_000


@pytest.mark.parametrize(
    ("mw", "indonesian", "english"),
    [
        (1_184_000, f"1.184{N}W", f"1,184{N}W"),
        (0, f"0{N}W", f"0{N}W"),
        (9_999_400, f"9.999{N}W", f"9,999{N}W"),
        (9_999_500, f"10,00{N}kW", f"10.00{N}kW"),
        (12_340_000, f"12,34{N}kW", f"12.34{N}kW"),
        (-1_500, f"-1{N}W", f"-1{N}W"),
        (None, "—", "—"),
    ],
)
def test_power_is_whole_watts_and_from_ten_thousand_on_kilowatts(
    mw: int | None, indonesian: str, english: str
) -> None:
    assert (str(ID.power(mw)), str(EN.power(mw))) == (indonesian, english)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("voltage", 221_400, f"221,4{N}V"),
        ("current", 5_630, f"5,63{N}A"),
        ("power_factor", 950, "0,95"),
        ("frequency", 50_000, f"50,0{N}Hz"),
        ("voltage", None, "—"),
        ("current", 0, f"0,00{N}A"),
    ],
)
def test_each_quantity_has_its_decimals_and_unit(name: str, value: int | None, shown: str) -> None:
    assert str(ID.quantity(name, value)) == shown


@pytest.mark.parametrize(
    ("wh", "shown"),
    [(9_990, f"9,99{N}kWh"), (0, f"0,00{N}kWh"), (123_449, f"123,4{N}kWh"), (None, "—")],
)
def test_energy_is_in_kilowatt_hours(wh: int | None, shown: str) -> None:
    assert str(ID.kwh(wh)) == shown


def test_times_and_dates_are_the_sites() -> None:
    assert (ID.clock(AT_MS), EN.clock(AT_MS)) == ("14.30", "14:30")
    assert (ID.date(AT_MS), EN.date(AT_MS)) == ("Kamis, 19 Nov 2026", "Thursday, 19 Nov 2026")
    assert Figures(Words("id"), ZoneInfo("America/New_York")).clock(AT_MS) == "02.30"


def test_since_names_the_day_when_it_was_not_today() -> None:
    assert ID.since(AT_MS, AT_MS + 3_600_000) == "14.30"
    assert ID.since(AT_MS, AT_MS + 86_400_000) == "19 Nov"


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (0, "1 second ago"),
        (1_999, "1 second ago"),
        (59_999, "59 seconds ago"),
        (60_000, "1 minute ago"),
        (7_200_000, "2 hours ago"),
        (900_000_000, "10 days ago"),
    ],
)
def test_an_age_is_in_its_largest_unit(ms: int, shown: str) -> None:
    assert EN.age(ms) == shown


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (0, "0 mnt"),
        (12_000, "12 dtk"),
        (97 * 60_000, "1 j 37 mnt"),
        (86_400_000, "1 hr"),
        (5_400_000_000, "62 hr 12 j"),
    ],
)
def test_a_span_is_brief_in_tables(ms: int, shown: str) -> None:
    assert ID.brief(ms) == shown


def test_what_is_not_whole_never_reads_a_hundred_percent() -> None:
    assert ID.percent(999_999, 1_000_000) == "99,9%"
    assert ID.percent(10, 10) == "100%"
    assert ID.percent(963, 1000) == "96,3%"
    assert ID.percent(0, 0) == "—"
