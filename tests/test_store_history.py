"""Gaps and silences as people see them: every interval without readings has a cause."""

import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from madeparts import NOW_MS, VALUES, Twin, row, rows, undated

from metering.gap import Gap
from metering.reading import Meter
from store.by_stream import RowsByStream
from store.part import Hole, Part
from store.silence import SHORTEST_MS, Span, silences


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Twin]:
    made = Twin(tmp_path, "edge")
    with closing(made.db):
        yield made


def off(from_ms: int, to_ms: int, boot: int = 8, source: str = "garage") -> Gap:
    return Gap(source, boot, 1, 0, "device-off", from_ms, to_ms)


def test_the_time_between_two_boots_is_a_silence_without_a_missing_record() -> None:
    assert list(silences([Span("garage", 7, 0, 100), Span("garage", 8, 60_000, 70_000)])) == [
        off(100, 60_000)
    ]


def test_a_short_restart_is_no_silence() -> None:
    assert list(silences([Span("garage", 7, 0, 100), Span("garage", 8, 100 + SHORTEST_MS, 70_000)])) == []
    assert list(silences([Span("garage", 7, 0, 100), Span("garage", 8, 101 + SHORTEST_MS, 70_000)])) != []


def test_boots_of_different_sources_explain_nothing_about_each_other() -> None:
    assert list(silences([Span("garage", 7, 0, 100), Span("cellar", 8, 60_000, 70_000)])) == []


def test_silences_follow_time_and_not_the_order_of_boot_numbers() -> None:
    spans = [Span("garage", 9, 0, 100), Span("garage", 3, 60_000, 70_000), Span("garage", 5, 90_000, 99_000)]
    assert list(silences(spans)) == [off(100, 60_000, 3), off(70_000, 90_000, 5)]


def test_a_boot_inside_another_one_does_not_make_a_silence_of_what_was_measured() -> None:
    spans = [
        Span("garage", 7, 0, 100_000),
        Span("garage", 8, 10_000, 20_000),
        Span("garage", 9, 110_000, 120_000),
    ]
    assert list(silences(spans)) == [off(100_000, 110_000, 9)]


def test_what_a_silence_lacks_is_estimated_by_the_pace_before_it() -> None:
    before = Span("garage", 7, 0, 100_000, records=300)
    (silence,) = silences([before, Span("garage", 8, 160_000, 170_000, records=5)])
    assert (silence.records, silence.estimated) == (0, 180)


def test_a_range_shows_the_gaps_that_touch_it(edge: Twin) -> None:
    edge.take(
        Part(
            "garage",
            7,
            0,
            [row(1), row(3), row(5)],
            [Hole(2, 2, "sensor", 200, 300), Hole(4, 4, "link", 400, 500)],
        )
    )
    assert [g.cause for g in edge.history.gaps(300, 400)] == ["sensor"]
    assert [g.cause for g in edge.history.gaps(301, 400)] == []
    assert [g.cause for g in edge.history.gaps(301, 401)] == ["link"]
    assert [g.cause for g in edge.history.gaps(None, None)] == ["sensor", "link"]


def test_a_gap_whose_times_are_not_known_is_shown_in_every_range(edge: Twin) -> None:
    edge.take(Part("garage", 7, 0, [row(1)], [Hole(2, 2, "elsewhere")]))
    assert [g.from_seq for g in edge.history.gaps(0, 1)] == [2]


def test_a_gap_at_the_end_of_a_boot_ends_when_the_next_boot_has_its_first_row(edge: Twin) -> None:
    edge.take(
        Part("garage", 7, 0, [row(1, NOW_MS)], [Hole(2, 9, "device-off", NOW_MS, None)]),
        Part("garage", 8, 0, [row(1, NOW_MS + 4000)]),
        Part("garage", 9, 0, [row(1, NOW_MS + 8000)]),
        Part("cellar", 9, 0, [row(1, NOW_MS + 2000)]),
    )
    [gap] = edge.history.gaps(None, None)
    assert (gap.from_ms, gap.to_ms) == (NOW_MS, NOW_MS + 4000)


def test_a_gap_at_the_end_of_the_newest_boot_stays_open(edge: Twin) -> None:
    edge.take(Part("garage", 7, 0, [row(1, NOW_MS)], [Hole(2, 9, "device-off", NOW_MS, None)]))
    assert edge.history.gaps(None, None)[0].to_ms is None


def test_sums_of_gaps_hold_every_gap_and_silence(edge: Twin) -> None:
    edge.take(
        Part(
            "garage",
            7,
            0,
            [row(1, NOW_MS), row(3, NOW_MS + 2)],
            [
                Hole(2, 2, "sensor", NOW_MS, NOW_MS + 2),
                Hole(4, 5, "sensor", NOW_MS + 2, NOW_MS + 9),
                Hole(6, 6, "link"),
                Hole(7, 9, "device-off", NOW_MS + 9, None),
            ],
        ),
        Part("garage", 8, 0, [row(1, NOW_MS + 60_000)]),
    )
    sums = edge.history.gap_sums(NOW_MS, NOW_MS + 60_000, 60_000)
    assert {(s.cause, s.gaps, s.records, s.from_ms, s.to_ms) for s in sums} == {
        ("sensor", 2, 3, NOW_MS, NOW_MS + 9),
        ("link", 1, 1, None, None),
        ("device-off", 1, 3, NOW_MS + 9, NOW_MS + 60_000),
        ("device-off", 1, 0, NOW_MS + 2, NOW_MS + 60_000),
    }


def test_silences_are_shown_in_the_ranges_they_touch(edge: Twin) -> None:
    edge.take(Part("garage", 7, 0, [row(1, NOW_MS)]), Part("garage", 8, 0, [row(1, NOW_MS + 60_000)]))
    silent = off(NOW_MS, NOW_MS + 60_000)
    assert edge.history.gaps(None, None) == [silent]
    assert edge.history.gaps(NOW_MS + 60_000, NOW_MS + 60_001) == [silent]
    assert edge.history.gaps(NOW_MS + 60_001, None) == []
    assert edge.history.gaps(None, NOW_MS) == []
    assert edge.history.gaps(None, NOW_MS + 1) == [silent]


@pytest.mark.parametrize("read_before", [0, 1, 2, 3])
def test_a_row_that_is_dated_while_the_others_are_read_comes_once(edge: Twin, read_before: int) -> None:
    edge.take(Part("garage", 7, 0, [row(1), row(2), undated(3), row(4, NOW_MS + 7_200_000)]))
    edge.db.execute("INSERT INTO undated VALUES (1, 3, 500)")
    reading = edge.history.rows(Meter("garage", 1), None, None)
    found = [next(reading) for _ in range(read_before)]
    dated = row(3, NOW_MS + 1500)
    with edge.db.write():
        edge.db.execute("UPDATE readings SET taken_ms = ? WHERE seq = 3", (dated[2],))
        edge.db.execute("DELETE FROM undated")
        assert isinstance(edge.layout, RowsByStream)
        edge.layout.index(1, "garage", [dated])
    found += reading
    assert sorted(r[1] for r in found) == [1, 2, 3, 4]
    assert {r[3:] for r in found if r[1] == 3} == {VALUES}


@pytest.mark.parametrize("kind", ["edge", "cloud"])
def test_the_last_counter_of_a_meter_taken_down_years_ago_is_found_as_cheaply(
    tmp_path: Path, kind: str
) -> None:
    made = Twin(tmp_path, kind)
    with closing(made.db):
        made.take(Part("garage", 7, 0, rows(range(1, 20_001))))
        lately = work_of_counters(made, NOW_MS + 20_001_000)
        assert work_of_counters(made, NOW_MS + 3 * 366 * 86_400_000) <= lately + 100


@pytest.mark.parametrize("kind", ["edge", "cloud"])
def test_the_last_counter_of_a_meter_that_comes_back_after_weeks_is_found_without_its_rows(
    tmp_path: Path, kind: str
) -> None:
    made = Twin(tmp_path, kind)
    back_ms = NOW_MS + 30 * 86_400_000
    with closing(made.db):
        made.take(Part("garage", 7, 0, rows(range(1, 20_001))))
        made.take(Part("garage", 8, 0, [row(1, back_ms)]))
        tracemalloc.start()
        before = next(made.history.counters(made.history.meters()[0], back_ms, back_ms + 1))
        most_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert before[1] == 20_000
    assert most_bytes < 100_000


def work_of_counters(made: Twin, from_ms: int) -> int:
    """Steps that SQLite takes to find the counter before from_ms."""
    steps: list[None] = []
    made.db.conn.set_progress_handler(lambda: steps.append(None), 1)
    (before,) = made.history.counters(made.history.meters()[0], from_ms, from_ms + 1000)
    made.db.conn.set_progress_handler(None, 0)
    assert before[1] == 20_000
    return len(steps)
