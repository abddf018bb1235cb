"""Pruning hours: everything stays accounted for, and nothing goes that a cloud lacks."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from madeparts import VALUES
from retained import FIRST_HOUR, FIRST_MS, FOREVER, GARAGE, URLS, Edge, hourly, unaccounted

from edge.notebook import Notebook
from metering.energy import HOUR_MS
from metering.reading import Meter
from store.part import Hole, Part
from store.sealed import SealedHours


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    made = Edge(tmp_path)
    with closing(made.db):
        yield made


# What a prune does


def test_an_hour_that_goes_leaves_one_gap_and_a_seal(edge: Edge) -> None:
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 9))))
    gone = edge.retention.prune((FIRST_HOUR, "garage"), edge.confirmed())
    assert (gone.rows, gone.unconfirmed) == (4, 0)
    assert edge.twin.seqs() == [5, 6, 7, 8]
    quarter = HOUR_MS // 4
    assert edge.twin.gaps() == [Hole(1, 4, "policy", FIRST_MS, FIRST_MS + 3 * quarter)]
    kept = SealedHours(edge.db).find(GARAGE, FIRST_HOUR)
    assert kept is not None
    assert (kept.seq, kept.rows) == (4, 4)
    assert kept.counters == ((7, 1, FIRST_MS, 1), (7, 4, FIRST_MS + 3 * quarter, 4))
    assert kept.sums["energy_wh"] == (4, 10, 1, 4)
    assert kept.sums["voltage_mv"] == (4, 4 * 225_700, 225_700, 225_700)


def test_hours_that_go_one_after_the_other_are_one_gap_but_for_what_the_sensor_left(edge: Edge) -> None:
    readings = [r for r in hourly(range(1, 13)) if r[0] != 6]
    edge.twin.take(Part("garage", 7, 0, readings, [Hole(6, 6, "sensor", FIRST_MS, FIRST_MS)]))
    assert edge.prune_all(before=FIRST_HOUR + 3) == 11
    assert [(g.from_seq, g.to_seq, g.cause) for g in edge.twin.gaps()] == [
        (1, 5, "policy"),
        (6, 6, "sensor"),
        (7, 12, "policy"),
    ]
    assert edge.twin.gaps()[2].to_ms == readings[-1][2]


def test_all_meters_and_boots_of_a_source_go_together_and_no_other_source(edge: Edge) -> None:
    edge.twin.take(
        Part("garage", 7, 0, hourly(range(1, 3), channels=2)),
        Part("garage", 8, 0, hourly(range(1, 5), channels=2)),
        Part("cellar", 7, 0, hourly(range(1, 5))),
    )
    assert edge.retention.prune((FIRST_HOUR, "garage"), edge.confirmed()).rows == 6
    assert {stream for stream, _seq in edge.rows()} == {3}
    assert edge.retention.hours(FIRST_HOUR + 1, FOREVER) == [(FIRST_HOUR, "cellar")]
    kept = SealedHours(edge.db).find(Meter("garage", 2), FIRST_HOUR)
    assert kept is not None
    assert kept.rows == 3
    assert kept.counters[0][:2] == (7, 1)
    assert kept.counters[-1][:2] == (8, 3)


def test_hours_are_told_oldest_first_whatever_the_source(edge: Edge) -> None:
    edge.twin.take(
        Part("garage", 7, 0, hourly(range(1, 9), channels=2)),
        Part("cellar", 7, 4, hourly(range(5, 13)), first=5),
    )
    assert edge.retention.hours(FIRST_HOUR + 2, FOREVER) == [
        (FIRST_HOUR, "garage"),
        (FIRST_HOUR + 1, "cellar"),
        (FIRST_HOUR + 1, "garage"),
    ]
    assert edge.retention.hours(FIRST_HOUR + 2, 1) == [(FIRST_HOUR, "garage")]


def test_rows_without_a_date_stay(edge: Edge) -> None:
    edge.twin.take(Part("garage", 7, 0, [*hourly(range(1, 4)), (4, 1, None, *VALUES)]))
    with edge.db.write():
        edge.db.execute("INSERT INTO undated VALUES (1, 4, 500)")
    assert edge.prune_all() == 3
    assert edge.twin.seqs() == [4]
    assert unaccounted(edge.db) == []


def test_a_row_that_turns_up_in_a_sealed_hour_stays_and_the_seal_too(edge: Edge) -> None:
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 4)), [Hole(4, 4, "elsewhere")]))
    assert edge.prune_all() == 3
    before = SealedHours(edge.db).find(GARAGE, FIRST_HOUR)
    edge.twin.take(Part("garage", 7, 4, fills=hourly(range(4, 5))))
    assert edge.retention.hours(FIRST_HOUR + 1, FOREVER) == []
    assert edge.retention.prune((FIRST_HOUR, "garage"), edge.confirmed()).rows == 0
    assert edge.twin.seqs() == [4]
    assert SealedHours(edge.db).find(GARAGE, FIRST_HOUR) == before
    assert unaccounted(edge.db) == []


def test_a_boot_of_which_no_row_is_left_is_not_dated_before_its_last_date(edge: Edge) -> None:
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 9))))
    with edge.db.write():
        edge.db.execute("INSERT INTO boots VALUES (1, 0, 0, 0)")
    (before,) = Notebook(edge.db).open_boots()
    edge.prune_all()
    (after,) = Notebook(edge.db).open_boots()
    assert after.floor_ms == before.floor_ms
    assert edge.history.newest(GARAGE) is None


# What may go


def test_nothing_may_go_that_a_cloud_in_the_settings_lacks(edge: Edge) -> None:
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 9))))
    assert edge.prune_all(*URLS) == 0
    edge.acknowledge(URLS[0], {1: 8})
    assert edge.prune_all(*URLS) == 0, "the second cloud was never heard of"
    edge.acknowledge(URLS[1], {1: 7})
    assert edge.prune_all(*URLS) == 4, "the first hour only: of the second one row is not there"
    assert edge.twin.seqs() == [5, 6, 7, 8]


def test_what_only_a_former_cloud_has_may_not_go(edge: Edge) -> None:
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 9))))
    edge.acknowledge("https://former.example", {1: 8})
    assert edge.prune_all(URLS[0]) == 0


def test_a_fill_that_has_not_travelled_may_not_go_although_the_cursor_is_beyond_it(edge: Edge) -> None:
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 9))))
    edge.amend(1, 2, 2)
    edge.acknowledge(URLS[0], {1: 8})
    assert edge.prune_all(URLS[0]) == 4
    assert edge.twin.seqs() == [1, 2, 3, 4]
    edge.acknowledge(URLS[0], {}, amended=1)
    assert edge.prune_all(URLS[0]) == 4


def test_what_is_forced_tells_how_many_rows_a_cloud_lacks(edge: Edge) -> None:
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 9))))
    edge.amend(1, 2, 2)
    edge.acknowledge(URLS[0], {1: 3})
    gone = edge.retention.prune((FIRST_HOUR, "garage"), edge.confirmed(*URLS[:1]))
    assert (gone.rows, gone.unconfirmed) == (4, 2)


def test_pages_that_come_free_are_counted_as_room(edge: Edge) -> None:
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 4001), per_hour=1000)))
    before = edge.retention.room()
    edge.prune_all()
    after = edge.retention.room()
    assert after.file >= before.file, "nothing goes back to the file system"
    assert after.reusable > before.reusable + after.file // 2
