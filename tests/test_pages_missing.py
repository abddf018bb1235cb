"""What the read API says of what is missing: gaps, their energy, and the ledger of hours."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from filled_house import (
    DAY_MS,
    HOUR_MS,
    NOW_MS,
    OFF_MS,
    FilledHouse,
    application,
    empty_house,
    fill,
    one_meter,
    served,
    three_meters,
)

from pages.accounts import MOST_ENERGIES, MOST_GAPS
from store.part import Hole, Part

pytest_plugins = ("conftest_pages",)

Serve = Callable[[FilledHouse], str]


def test_gaps_come_in_answers_of_bounded_length_and_none_is_lost(tmp_path: Path) -> None:
    house, records = empty_house(tmp_path), 12_000
    rows = [(2 * n, 1, NOW_MS - DAY_MS + n, 1, 1, 1, 1, 1, 1, 0) for n in range(1, records)]
    holes = [Hole(2 * n + 1, 2 * n + 1, "sensor", NOW_MS - DAY_MS, NOW_MS - DAY_MS) for n in range(records)]
    fill(house, [Part("garage", 1, 0, rows, holes), Part("garage", 2, 0, [(1, 1, NOW_MS, *rows[0][3:])])])
    found: list[dict[str, Any]] = []
    with served(application(house)) as url:
        after, lengths = "", []
        while after is not None:
            answer = requests.get(f"{url}/api/v1/gaps?after={after}", timeout=9).json()
            lengths.append(len(answer["gaps"]))
            found += answer["gaps"]
            after = answer["next"]
            assert answer["by_cause"]["sensor"]["gaps"] == records
    assert lengths == [MOST_GAPS, MOST_GAPS, records + 1 - 2 * MOST_GAPS]
    assert len({(gap["boot"], gap["from_seq"]) for gap in found}) == records + 1
    assert found[-1]["cause"] == "device-off"


def test_every_gap_tells_its_energy_where_one_asks_for_few(tmp_path: Path) -> None:
    house, records = empty_house(tmp_path), MOST_ENERGIES + 20
    rows = [(2 * n, 1, NOW_MS - DAY_MS + 2000 * n, 1, 1, 1, 3 * n, 1, 1, 0) for n in range(1, records + 1)]
    holes = [Hole(r[0] - 1, r[0] - 1, "sensor", r[2] - 1000, r[2] - 1000) for r in rows]
    fill(house, [Part("garage", 1, 0, rows, holes)])
    with served(application(house)) as url:
        every = requests.get(f"{url}/api/v1/gaps", timeout=9).json()
        first = requests.get(f"{url}/api/v1/gaps?most={MOST_ENERGIES}", timeout=9).json()
        rest = requests.get(f"{url}/api/v1/gaps?most={MOST_ENERGIES}&after={first['next']}", timeout=9).json()
    told = [gap["energy_wh"] for gap in (*first["gaps"], *rest["gaps"])]
    assert told == [{"garage/1": None}, *[{"garage/1": 3}] * (records - 1)]
    assert [gap["energy_wh"] for gap in every["gaps"]] == told[:MOST_ENERGIES] + [None] * 20
    assert (len(first["gaps"]), len(rest["gaps"]), rest["next"]) == (MOST_ENERGIES, 20, None)


def test_a_silence_tells_its_energy_by_meter_and_a_gap_without_times_none(tmp_path: Path) -> None:
    house = empty_house(tmp_path)

    def one(seq: int, channel: int, at_ms: int, wh: int | None) -> tuple[int | None, ...]:
        return (seq, channel, at_ms, 1, 1, 1, wh, 1, 1, 0)

    off_ms = NOW_MS - 3_600_000
    before = [one(1, 1, off_ms - 2, 100), one(2, 2, off_ms - 1, None), one(3, 3, off_ms, 5_000_000)]
    after = [one(1, 1, NOW_MS - 9, 340), one(2, 2, NOW_MS - 8, 7), one(3, 3, NOW_MS - 7, 900_000)]
    fill(house, [Part("garage", 1, 0, [*before], [Hole(4, 4, "elsewhere")]), Part("garage", 2, 0, after)])
    with served(application(house)) as url:
        gaps = requests.get(f"{url}/api/v1/gaps", timeout=9).json()["gaps"]
    assert [(gap["cause"], gap["energy_wh"]) for gap in gaps] == [
        ("elsewhere", None),
        ("device-off", {"garage/1": 240, "garage/2": None, "garage/3": None}),
    ]


@pytest.mark.parametrize("route", ["ledger", f"ledger?from={NOW_MS - 3 * DAY_MS}", "gaps"])
def test_both_twins_answer_the_same_about_what_is_missing(tmp_path: Path, route: str) -> None:
    answers = []
    for twin in ("edge", "cloud"):
        house = empty_house(tmp_path, twin)
        house.frozen = True
        fill(house, [*one_meter(), *[replace(part, source="kitchen") for part in three_meters()]])
        with served(application(house)) as url:
            answers.append(requests.get(f"{url}/api/v1/{route}", timeout=30).json())
    assert answers[0] == answers[1]
    assert len(answers[0].get("hours", answers[0].get("gaps"))) > 2


def test_the_ledger_covers_the_whole_hours_that_a_range_touches(url: str) -> None:
    at_ms = NOW_MS - 10 * HOUR_MS
    answer = requests.get(f"{url}/api/v1/ledger?from={at_ms}&to={at_ms + HOUR_MS}", timeout=9).json()
    begin_ms = at_ms - at_ms % HOUR_MS
    assert (answer["from_ms"], answer["to_ms"]) == (begin_ms, begin_ms + 2 * HOUR_MS)
    assert [hour["hour_ms"] for hour in answer["hours"]] == [begin_ms, begin_ms + HOUR_MS]
    assert [hour["meters"] for hour in answer["hours"]] == [{"garage/1": 360}] * 2
    assert answer["totals"]["produced"] == 720


def test_the_ledger_of_the_last_day_adds_up_with_its_silences(url: str) -> None:
    answer = requests.get(f"{url}/api/v1/ledger", timeout=9).json()
    totals = answer["totals"]
    assert answer["to_ms"] - answer["from_ms"] == DAY_MS
    assert (totals["unexplained"], totals["twice"], totals["explained"]) == (0, 0, {"sensor": 72})
    assert totals["produced"] == totals["stored"] + 72 == sum(hour["produced"] for hour in answer["hours"])
    silent = [hour for hour in answer["hours"] if hour["silent_ms"]]
    assert sum(hour["silent_ms"] for hour in silent) == totals["silent_ms"]
    assert totals["silent_ms"] == OFF_MS[1] - OFF_MS[0] + 10_000
    assert sum(hour["estimated"] for hour in silent) == totals["silent_ms"] // 10_000
