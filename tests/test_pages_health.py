"""Every second is accounted for, or the page says how many are not."""

import tracemalloc
from pathlib import Path

import pytest
from filled_house import DAY_MS, HOUR_MS, NOW_MS, STEP_MS, ZONE, FilledHouse, empty_house, fill, made_rows

from edge.tally import NOTICES
from metering.gap import GapSum
from pages.catchup import Catchup
from pages.condition import CloudSide, Condition, EdgeSide, Notice
from pages.figures import Figures
from pages.health import account, by_cause
from pages.notices import NoticeWriter
from pages.sync_line import sync_line
from pages.words import LANGUAGES, Words
from store.part import Hole, Part

pytest_plugins = ("conftest_pages",)

MINUTE_MS = 60_000


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


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [*NOTICES, "collector-silent", "clock-unknown"])
def test_every_notice_of_an_edge_has_its_words(language: str, kind: str) -> None:
    writer = NoticeWriter(Words(language), Figures(Words(language), ZONE), NOW_MS)
    condition = Condition(edge=EdgeSide(NOW_MS, 1, notices=(Notice(kind, {"about": "garage"}),)))
    (said,) = writer.all(condition, "edge")
    assert "{" not in said.text
    assert said.text != Words(language)("notice.other", kind=kind)
