"""Every second is accounted for, or the page says how many are not."""

import re
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from filled_house import (
    DAY_MS,
    HOUR_MS,
    NOW_MS,
    STEP_MS,
    ZONE,
    FilledHouse,
    edge_condition,
    empty_house,
    fill,
    made_rows,
)

from edge.tally import NOTICES
from metering.gap import GapSum
from pages.catchup import Catchup
from pages.clock_facts import clock_facts
from pages.condition import ClockStep, CloudSide, Condition, EdgeSide, Notice
from pages.figures import Figures
from pages.health import account, by_cause
from pages.last_day import AGAIN_HOURS, FRESH_HOURS, HOURS, LastDay, day_of_hours
from pages.notices import NoticeWriter
from pages.sync_line import sync_line
from pages.words import LANGUAGES, Words
from store.entry import Entry
from store.ledger import Ledger
from store.part import Hole, Part
from store.sqlite import open_database

pytest_plugins = ("conftest_pages",)

Serve = Callable[[FilledHouse], str]
MINUTE_MS = 60_000


def lose(house: FilledHouse, which: str) -> None:
    """What a worn-out card may do."""
    db = open_database(house.path, house.twin)
    db.execute(f"DELETE FROM readings WHERE {which}")
    db.close()


def test_a_house_in_order_has_no_unexplained_gap(house: FilledHouse) -> None:
    with house.history() as history:
        held = account(history, NOW_MS)
    assert (held.unexplained, held.unexplained_ms) == (0, 0)
    assert [cause.cause for cause in held.causes] == ["sensor", "device-off"]
    assert held.causes[0].estimated == 0
    off = held.causes[1]
    assert (off.records, off.estimated) == (0, off.ms // STEP_MS), "one record in STEP_MS before it"
    assert 0.94 < held.recorded_ms / held.watched_ms < 0.96


def test_a_silent_sensor_costs_the_account_no_row_per_record(tmp_path: Path) -> None:
    house = empty_house(tmp_path)
    times = range(NOW_MS - HOUR_MS, NOW_MS, 200)
    rows = [(2 * n + 1, 1, at, 1, 1, 1, 1, 1, 1, 0) for n, at in enumerate(times)]
    holes = [Hole(2 * n + 2, 2 * n + 2, "sensor", at, at + 100) for n, at in enumerate(times)]
    fill(house, [Part("garage", 1, 0, rows, holes)])
    with house.history() as history:
        tracemalloc.start()
        held = account(history, NOW_MS)
        most_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    (found,) = held.causes
    assert (found.gaps, found.records, found.pauses, found.ms) == (18_000, 18_000, 1, HOUR_MS - 100)
    assert most_bytes < 1_000_000


def test_a_silence_that_nobody_wrote_down_is_found(tmp_path: Path) -> None:
    house = empty_house(tmp_path)
    early = made_rows(1, 1.0, NOW_MS - 3 * HOUR_MS, NOW_MS - 2 * HOUR_MS, 0, 1, 1, 1)
    late = made_rows(1, 1.0, NOW_MS - HOUR_MS, NOW_MS, 900, len(early) + 1, 1, 2)
    fill(house, [Part("garage", 1, 0, [*early, *late])])
    with house.history() as history:
        held = account(history, NOW_MS)
    assert held.unexplained == 1
    assert abs(held.unexplained_ms - HOUR_MS) <= MINUTE_MS


def test_a_gap_with_a_word_that_is_no_cause_is_unexplained(tmp_path: Path) -> None:
    house = empty_house(tmp_path)
    rows = made_rows(1, 1.0, NOW_MS - HOUR_MS, NOW_MS, 0, 1, 1, 1)
    last = len(rows)
    hole = Hole(last + 1, last + 9, "gremlins", NOW_MS - DAY_MS, NOW_MS - DAY_MS + STEP_MS)
    fill(house, [Part("garage", 1, 0, rows, [hole])])
    with house.history() as history:
        held = account(history, NOW_MS)
    assert held.unexplained == 1


def test_readings_that_only_lack_power_are_no_silence(tmp_path: Path) -> None:
    house = empty_house(tmp_path)
    rows = made_rows(1, 1.0, NOW_MS - HOUR_MS, NOW_MS, 0, 1, 1, 1)
    without = [
        row if place < 90 or place > 180 else (*row[:5], None, *row[6:]) for place, row in enumerate(rows)
    ]
    fill(house, [Part("garage", 1, 0, without)])
    with house.history() as history:
        assert account(history, NOW_MS).unexplained == 0


def test_gaps_between_the_records_of_neighbours_are_one_pause() -> None:
    gaps = [GapSum("garage", "sensor", 1, 1, 1000 * n, 1000 * n) for n in range(1, 1801)]
    (found,) = by_cause(gaps, 0, NOW_MS)
    assert (found.gaps, found.pauses, found.records, found.ms) == (1800, 1, 1800, 1_799_000)


def test_the_part_of_a_gap_outside_the_range_does_not_count() -> None:
    (found,) = by_cause([GapSum("garage", "link", 1, 9, 0, 100_000)], 90_000, 95_000)
    assert found.ms == 5_000


def test_a_catch_up_tells_the_share_that_arrived() -> None:
    catchup = Catchup()
    catchup.note(96_000)
    catchup.note(100_000)
    made = catchup.note(80_000)
    assert made is not None
    assert (made.done, made.whole) == (20_000, 100_000)


def test_what_is_only_under_way_is_no_catch_up() -> None:
    catchup = Catchup()
    assert catchup.note(150) is None
    assert catchup.note(0) is None


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "id",
            ["773.700 baris lagi", "sekitar 3 menit", "84.000 per detik", "jawaban terakhir 2 detik lalu"],
        ),
        ("en", ["773,700 rows left", "about 3 minutes", "84,000 per second", "last answer 2 seconds ago"]),
    ],
)
def test_a_catch_up_tells_rows_and_time_left_speed_and_last_answer(
    house: FilledHouse, serve: Serve, language: str, said: list[str]
) -> None:
    house.frozen = True
    held = edge_condition(NOW_MS, 773_700, "catching-up")
    cloud = replace(held.clouds[0], rows_per_s=84_000, left_s=190)
    house.condition = replace(held, clouds=(cloud,))
    text = requests.get(f"{serve(house)}/health?lang={language}", timeout=9).text
    assert [words for words in said if words not in text] == []


def test_rows_that_the_disk_lost_are_in_the_headline(tmp_path: Path) -> None:
    """Seven lost rows are no empty minute: only the ledger can tell."""
    house = empty_house(tmp_path)
    rows = made_rows(1, 1.0, NOW_MS - 5 * HOUR_MS, NOW_MS, 0, 1, 1, 1)
    fill(house, [Part("garage", 1, 0, rows)])
    lose(house, "seq IN (100, 110, 120, 130, 140, 150, 160)")
    with house.history() as history:
        held = account(history, NOW_MS)
    assert (held.unexplained, held.unexplained_ms) == (1, 0)
    assert [(device.unexplained, device.produced) for device in held.devices] == [(7, len(rows))]


def test_a_hole_that_both_find_counts_once(tmp_path: Path) -> None:
    house = empty_house(tmp_path)
    rows = made_rows(1, 1.0, NOW_MS - 5 * HOUR_MS, NOW_MS, 0, 1, 1, 1)
    fill(house, [Part("garage", 1, 0, rows)])
    lose(house, f"taken_ms BETWEEN {NOW_MS - 100 * MINUTE_MS} AND {NOW_MS - 95 * MINUTE_MS}")
    with house.history() as history:
        held = account(history, NOW_MS)
    assert held.unexplained == 1
    assert sum(device.unexplained for device in held.devices) == 31


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("id", ["Neraca bacaan", "tidak cocok", "dua kali", "1.801", "1.794"]),
        ("en", ["Ledger of readings", "do not add up", "is there twice", "1,801", "1,794"]),
    ],
)
def test_the_page_shows_what_became_of_every_number(
    tmp_path: Path, serve: Serve, language: str, said: list[str]
) -> None:
    house = empty_house(tmp_path)
    house.frozen = True
    rows = made_rows(1, 1.0, NOW_MS - 5 * HOUR_MS, NOW_MS, 0, 1, 1, 1)
    fill(house, [Part("garage", 1, 0, [*rows, (len(rows) + 1, *rows[-1][1:])])])
    lose(house, "seq BETWEEN 100 AND 106")
    db = open_database(house.path, "edge")
    db.execute("INSERT INTO gaps VALUES (1, 7, 7, 'sensor', NULL, NULL)")
    db.close()
    text = requests.get(f"{serve(house)}/health?lang={language}", timeout=9).text
    assert [words for words in said if words not in text] == []
    cells = re.findall(r"<td>([\d.,]+|<span.*?</span>)</td>", text.partition('class="ledger"')[2])
    assert [re.sub(r"<.*?>", "", cell) for cell in cells[2:4]] == ["1", "7"]


def test_the_last_day_is_counted_again_little_by_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = empty_house(tmp_path)
    fill(house, [Part("garage", 1, 0, made_rows(1, 1.0, NOW_MS - DAY_MS, NOW_MS, 0, 1, 1, 1))])
    last_day = LastDay()
    counted: list[list[int]] = []

    def hours(book: Ledger, from_ms: int, to_ms: int) -> list[Entry]:
        counted[-1].append(from_ms)
        return really(book, from_ms, to_ms)

    def found(now_ms: int = NOW_MS) -> int:
        counted.append([])
        with house.history() as history:
            return sum(entry.unexplained for entry in last_day.entries(history, now_ms))

    really = Ledger.hours
    monkeypatch.setattr(Ledger, "hours", hours)
    assert found() == 0
    lose(house, f"taken_ms BETWEEN {NOW_MS - 9 * HOUR_MS} AND {NOW_MS - 8 * HOUR_MS}")
    lose(house, f"taken_ms >= {NOW_MS - MINUTE_MS}")
    assert found() == 6, "the running hour is counted each time"
    turns = 1 + next(turn for turn in range(1, HOURS) if found() == 367)
    assert turns <= (HOURS - FRESH_HOURS) // AGAIN_HOURS
    assert {len(each) for each in counted} == {HOURS, FRESH_HOURS + AGAIN_HOURS}
    found(NOW_MS + HOUR_MS)
    assert day_of_hours(NOW_MS + HOUR_MS)[1] - HOUR_MS in counted[-1], "a new hour is counted at once"


def test_the_header_shows_the_worst_cloud() -> None:
    clouds = (
        CloudSide("https://a.example", "ok", 1, 0),
        CloudSide("https://b.example", "offline", 1, 77),
        CloudSide("https://c.example", "catching-up", 1, 9),
    )
    line = sync_line(Condition(clouds=clouds), "edge", 10, lambda _side: None)
    assert (line.state, line.backlog_rows, line.warns) == ("offline", 77, True)


def test_a_cloud_that_hears_nothing_says_so() -> None:
    def state(heard_ms: int | None) -> str:
        condition = Condition(clouds=(CloudSide("", "ok", heard_ms),))
        return sync_line(condition, "cloud", NOW_MS, lambda _side: None).state

    assert state(NOW_MS - 30_000) == "fresh"
    assert state(NOW_MS - 91_000) == "silent"
    assert state(None) == "never"


@pytest.mark.parametrize(
    ("language", "corrected", "known"),
    [
        ("en", ("Last correction", "-3 min on 20 Nov 2026, 14:32"), "Known since"),
        ("id", ("Koreksi terakhir", "-3 mnt pada 20 Nov 2026, 14.32"), "Diketahui sejak"),
    ],
)
def test_the_last_correction_of_the_clock_is_told(
    language: str, corrected: tuple[str, str], known: str
) -> None:
    steps = (
        ClockStep(NOW_MS, -180_000, "ntp"),
        ClockStep(NOW_MS - DAY_MS, 7 * HOUR_MS, "ntp"),
        ClockStep(NOW_MS - 2 * DAY_MS, None, "ntp"),
    )
    facts = clock_facts(
        EdgeSide(NOW_MS, 1, clock="ntp", clock_steps=steps), Words(language), Figures(Words(language), ZONE)
    )
    assert corrected in facts
    assert [said.split(",")[0] for name, said in facts if name == known] == ["18 Nov 2026"]
    quiet = clock_facts(EdgeSide(NOW_MS, 1), Words(language), Figures(Words(language), ZONE))
    assert {name for name, _said in quiet}.isdisjoint({corrected[0], known})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [*NOTICES, "collector-silent", "clock-unknown"])
def test_every_notice_of_an_edge_has_its_words(language: str, kind: str) -> None:
    writer = NoticeWriter(Words(language), Figures(Words(language), ZONE), NOW_MS)
    condition = Condition(edge=EdgeSide(NOW_MS, 1, notices=(Notice(kind, {"about": "garage"}),)))
    (said,) = writer.all(condition, "edge")
    assert "{" not in said.text
    assert said.text != Words(language)("notice.other", kind=kind)
