"""The page "history": chart and table hold the same, for any stretch, one meter or all, and so does the CSV."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from filled_house import NOW_MS, ZONE, FilledHouse, empty_house, fill, three_meters

from pages.site import Twin
from store.part import Hole, Part

pytest_plugins = ("conftest_pages",)

Serve = Callable[[FilledHouse], str]
# The rows that the published system B shows: its time, meter, kW, V, A, Hz, power factor.
SYSTEM_B = [
    ("2025-01-22 14:01:12", 1, 33.02, 380.23, 52.27, 49.99, 0.98),
    ("2025-01-22 14:01:12", 2, 20.58, 380.78, 32.03, 49.98, 0.97),
    ("2025-01-22 14:01:18", 1, 33.02, 380.46, 52.27, 49.99, 0.98),
    ("2025-01-22 14:01:18", 2, 20.52, 380.78, 32.03, 49.98, 0.97),
    ("2025-01-22 14:01:18", 1, 33.28, 380.46, 52.27, 49.99, 0.98),
    ("2025-01-22 14:01:20", 1, 33.25, 380.10, 51.79, 49.99, 0.98),
    ("2025-01-22 14:01:22", 1, 33.39, 380.55, 51.97, 49.98, 0.98),
    ("2025-01-22 14:01:22", 2, 20.52, 380.49, 31.97, 49.99, 0.97),
]
MOMENT = "period=range&from=2025-01-22T14:01:10&to=2025-01-22T14:01:30&meter=all"


def system_b() -> Part:
    rows = []
    for seq, (at, channel, kw, volts, amps, hertz, factor) in enumerate(SYSTEM_B, 1):
        ms = int(datetime.fromisoformat(at).replace(tzinfo=ZONE).timestamp() * 1000)
        values = (volts, amps, kw * 1000, 0, hertz)
        small = [round(value * 1000) for value in values]
        rows.append((seq, channel, ms, small[0], small[1], small[2], seq, small[4], round(factor * 1000), 0))
    return Part("panel", 1, 0, sorted(rows, key=lambda row: (row[1], row[0])))


def made(folder: Path, twin: Twin, parts: list[Part], rolled: bool = False) -> FilledHouse:
    folder.mkdir(exist_ok=True)
    house = empty_house(folder, twin)
    fill(house, parts)
    house.frozen = True
    if rolled:
        house.roll()
    return house


def page_data(page: str) -> Any:
    found = re.search(r'id="page-data">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def table(page: str) -> list[list[str]]:
    """The texts of the table's body, row by row."""
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in body.split("</tr>")[:-1]
    ]


@pytest.mark.parametrize("twin", ["edge", "cloud"])
@pytest.mark.parametrize("rolled", [False, True])
def test_the_rows_of_system_b_stand_in_table_and_chart(
    tmp_path: Path, serve: Serve, twin: Twin, rolled: bool
) -> None:
    url = serve(made(tmp_path, twin, [system_b()], rolled))
    page = requests.get(f"{url}/history?{MOMENT}&rows=readings&lang=en", timeout=9).text
    assert table(page) == [
        [
            f"22 Jan, {at[11:]}", f"panel/{channel}", f"{1000 * kw:,.1f}", f"{volts:.1f}", f"{amps:.3f}",
            f"{factor:.2f}", f"{hertz:.1f}", f"{seq / 1000:.3f}",
        ]
        for seq, (at, channel, kw, volts, amps, hertz, factor) in enumerate(SYSTEM_B, 1)
    ]  # fmt: skip
    # Each value is in the chart of its meter alone, where every bucket has its least and its greatest.
    for channel in (1, 2):
        one = MOMENT.replace("meter=all", f"meter=panel/{channel}")
        charts = page_data(requests.get(f"{url}/history?{one}", timeout=9).text)["chart"]["charts"]
        for name, place, scale in (("power", 2, 1000), ("voltage", 3, 1), ("current", 4, 1)):
            [series] = charts[name]["series"]
            drawn = {value for value in (*series["min"], *series["max"]) if value is not None}
            wanted = {round(float(row[place]) * scale, 3) for row in SYSTEM_B if row[1] == channel}
            assert wanted == drawn, (channel, name)
            assert sum(series["n"]) == len([row for row in SYSTEM_B if row[1] == channel])
    exported = requests.get(f"{url}/api/v1/readings?format=csv&raw=1", timeout=9).text
    assert len(exported.splitlines()) == len(SYSTEM_B) + 1, "two rows in one second are two"


@pytest.mark.parametrize("period", ["day", "month", "year"])
def test_every_period_has_its_rows_and_a_csv_of_exactly_them(
    house: FilledHouse, serve: Serve, period: str
) -> None:
    house.frozen = True
    url = serve(house)
    asked = f"period={period}&at=2026-11-19&meter=garage/1"
    page = requests.get(f"{url}/history?{asked}&lang=en", timeout=9).text
    rows = list(csv.DictReader(io.StringIO(requests.get(f"{url}/history.csv?{asked}", timeout=9).text)))
    shown = table(page)
    assert len(shown) == len(rows) == {"day": 24, "month": 4, "year": 1}[period]
    for cells, row in zip(shown, rows, strict=True):
        wh = row["energy_wh"]
        assert cells[1] == ("—" if wh == "" else f"{(int(wh) + 5) // 10 / 100:.2f}")
        assert cells[4] == ("—" if row["power_most_w"] == "" else f"{float(row['power_most_w']) + 1e-9:,.0f}")
    used = sum(int(row["energy_wh"]) for row in rows if row["energy_wh"])
    bars = page_data(page)["chart"]["charts"]["energy"]["bars"][0]["kwh"]
    assert round(1000 * sum(kwh or 0 for kwh in bars)) == used


def test_one_quantity_has_its_mean_and_extremes(house: FilledHouse, serve: Serve) -> None:
    url = serve(house)
    page = requests.get(f"{url}/history?at=2026-11-19&quantity=voltage&lang=en", timeout=9).text
    charts = page_data(page)["chart"]["charts"]
    assert list(charts) == ["voltage", "energy"]
    assert [len(row) for row in table(page)] == [6] * 24
    csv_ = requests.get(f"{url}/history.csv?at=2026-11-19&quantity=voltage", timeout=9).text
    assert csv_.startswith(
        "from,to,meter,energy_wh,voltage_mean_v,voltage_least_v,voltage_most_v,readings,missing_s"
    )


def test_all_meters_stand_together_sorted_and_in_pages(house_of_three: FilledHouse, serve: Serve) -> None:
    house_of_three.frozen = True
    url = serve(house_of_three)
    asked = "period=range&from=2026-11-19T18:00&to=2026-11-20T14:00&meter=all"
    first = table(requests.get(f"{url}/history?{asked}&sort=-power.most&lang=en", timeout=9).text)
    second = table(requests.get(f"{url}/history?{asked}&sort=-power.most&page=2&lang=en", timeout=9).text)
    assert (len(first), len(second)) == (50, 10)
    watts = [float(row[5].replace(",", "")) for row in first + second if row[5] != "—"]
    assert watts == sorted(watts, reverse=True)
    assert {row[1] for row in first + second} == {"garage/1", "garage/2", "garage/3"}
    by_name = table(requests.get(f"{url}/history?{asked}&sort=meter&lang=en", timeout=9).text)
    assert [row[1] for row in by_name[:20]] == ["garage/1"] * 20
    rows = requests.get(f"{url}/history.csv?{asked}&sort=-power.most", timeout=9).text.splitlines()
    assert len(rows) == 61, "the CSV has all pages"


def test_single_readings_go_on_page_by_page_and_none_twice(house: FilledHouse, serve: Serve) -> None:
    house.frozen = True
    url = serve(house)
    asked = "/history?period=range&from=2026-11-20T10:00&to=2026-11-20T10:50&meter=garage/1&rows=readings"
    seen: list[str] = []
    at: str | None = asked
    while at:
        page = requests.get(url + at, timeout=9).text
        seen += [row[0] for row in table(page)]
        after = re.search(r'href="(/history\?[^"]*after=[^"]*)#table"', page)
        at = after[1].replace("&amp;", "&") if after else None
    assert len(seen) == len(set(seen)) == 300
    assert requests.get(f"{url}{asked}&after=x.y", timeout=9).status_code == 400


@pytest.mark.parametrize("path", [
    "meters", "latest", "series?meter=garage/1", "series?meter=garage/2&quantity=voltage&points=77",
    "series?meter=garage/1&from=2026-11-19T18:00:01&to=2026-11-20T09:00", "energy?meter=garage/1&period=hour",
    "energy?meter=garage/2&period=day", "energy?meter=garage/3&period=month", "gaps?from=2026-11-19&to=2026-11-21",
    "ledger", "readings?meter=garage/3&from=2026-11-20T13:00&format=csv",
])  # fmt: skip
def test_both_servers_answer_alike(tmp_path: Path, serve: Serve, path: str) -> None:
    """Whether rollups are there or not, for the same rows."""
    answers = []
    for twin, rolled in (("edge", False), ("edge", True), ("cloud", False), ("cloud", True)):
        kind: Twin = "edge" if twin == "edge" else "cloud"
        house = made(tmp_path / f"{twin}-{rolled}", kind, three_meters(), rolled)
        answer = requests.get(f"{serve(house)}/api/v1/{path}", timeout=9)
        assert answer.status_code == 200
        told = answer.text if path.startswith("readings") else answer.json()
        if isinstance(told, dict):
            told.pop("sync", None)
        answers.append(told)
    assert answers.count(answers[0]) == len(answers)


def test_a_gap_is_drawn_with_its_cause_at_any_length(tmp_path: Path, serve: Serve) -> None:
    """Two days without the device, in a month of readings a minute apart."""
    day = 86_400_000
    rows = [
        (seq, 1, NOW_MS - 20 * day + seq * 60_000, 221_000, 500, 100_000, seq, 50_000, 950, 0)
        for seq in range(1, 20 * 1_440)
        if not 8 * 1_440 < seq <= 10 * 1_440
    ]
    hole = Hole(8 * 1_440 + 1, 10 * 1_440, "link", NOW_MS - 12 * day, NOW_MS - 10 * day)
    url = serve(made(tmp_path, "edge", [Part("garage", 7, 0, rows, [hole])], rolled=True))
    for period, at in (("month", "2026-11"), ("year", "2026")):
        page = requests.get(f"{url}/history?period={period}&at={at}&lang=en", timeout=9).text
        blanks = page_data(page)["chart"]["charts"]["power"]["blanks"]
        assert [blank["title"].split(",")[0] for blank in blanks] == ["Cable or network down"], period
        assert re.search(r"(2 d|1 d 23 h)( \d min)? missing", page), period


def test_the_recap_of_a_month_compares_it_with_a_bill(house: FilledHouse, serve: Serve) -> None:
    house.frozen = True
    url = serve(house)
    page = requests.get(f"{url}/recap?at=2026-11&meter=garage/1&lang=en", timeout=9).text
    days = table(page)
    assert [row[0] for row in days] == [
        *[f"{name}, {day} Nov" for name, day in (("Tue", 17), ("Wed", 18), ("Thu", 19), ("Fri", 20))]
    ]
    measured = sum(float(row[2]) for row in days)
    for bill, said in (
        (f"{measured:.2f}", "They agree"), (f"{measured * 1.3:.1f}", "The bill has more"),
        (f"{measured * 0.7:.1f}", "The bill has less"), ("abc", "This is not a number"),
    ):  # fmt: skip
        assert said in requests.get(f"{url}/recap?at=2026-11&lang=en&bill={bill}", timeout=9).text, bill
    assert all(word in page for word in ("Heaviest hour", "Always on, at night", "Counter, "))


def test_a_site_can_be_put_on_a_home_screen(house: FilledHouse, serve: Serve) -> None:
    url = serve(house)
    found = requests.get(f"{url}/manifest.webmanifest", timeout=9)
    assert found.headers["Content-Type"] == "application/manifest+json"
    told = found.json()
    assert (told["short_name"], told["start_url"], told["display"]) == ("Rumah Ibu", "/", "standalone")
    for icon in told["icons"]:
        picture = requests.get(url + icon["src"], timeout=9)
        assert picture.content.startswith(b"\x89PNG")
    assert 'rel="manifest"' in requests.get(f"{url}/", timeout=9).text


def test_more_meters_than_a_chart_can_show_are_all_in_the_table(tmp_path: Path, serve: Serve) -> None:
    rows = [
        (seq, seq, NOW_MS - 3_600_000 + seq, 221_000, 500, 100_000, seq, 50_000, 950, 0)
        for seq in range(1, 16)
    ]
    url = serve(made(tmp_path, "edge", [Part("garage", 7, 0, rows)]))
    page = requests.get(f"{url}/history?meter=all&lang=en", timeout=9).text
    assert "Of 15 meters the charts show the first 12, the table the first 15." in page
    assert len({row[1] for row in table(page)}) == 15
    assert len(page_data(page)["chart"]["charts"]["power"]["series"]) == 12


def test_bars_of_meters_that_began_on_different_days_stand_on_their_own_days(
    tmp_path: Path, serve: Serve
) -> None:
    day = 86_400_000
    rows = [
        (seq, channel, NOW_MS - days * day + seq * 60_000, 221_000, 500, 100_000, seq, 50_000, 950, 0)
        for channel, days, seqs in ((1, 5, range(1, 3_001)), (2, 2, range(3_001, 6_001)))
        for seq in seqs
    ]
    url = serve(made(tmp_path, "edge", [Part("garage", 7, 0, rows)], rolled=True))
    page = requests.get(f"{url}/history?period=month&at=2026-11&meter=all", timeout=9).text
    one, other = page_data(page)["chart"]["charts"]["energy"]["bars"]
    assert one["t"] == other["t"]
    assert [kwh is not None for kwh in one["kwh"]] != [kwh is not None for kwh in other["kwh"]]
