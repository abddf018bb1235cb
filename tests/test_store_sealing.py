"""Seals: what stays of an hour, the energy that it keeps, and who keeps it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from madeparts import VALUES, Twin, open_fresh, row
from retained import FIRST_HOUR, FIRST_MS, FOREVER, GARAGE, Edge, energy, hourly

from metering.energy import HOUR_MS, WRAP_WH, differences
from pages.series import blanks_of, read
from pages.usage import usage
from store.part import Hole, Part
from store.sealed import SealedHours
from store.sealing import MOST_COUNTERS, Seal, sealed


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    made = Edge(tmp_path)
    with closing(made.db):
        yield made


@given(
    st.lists(st.sampled_from([0, 1, 5, 60, -1, "reset", "wrap", "none"]), max_size=60),
    st.integers(0, WRAP_WH - 1),
)
def test_the_counters_kept_give_the_energy_of_all(steps: list[Any], first_wh: int) -> None:
    values: list[int | None] = [first_wh]
    last = first_wh
    for step in steps:
        last = {"reset": 0, "wrap": 3}.get(step, last + step if isinstance(step, int) else last)
        values.append(None if step == "none" else max(0, last))
    rows = [(7, seq, FIRST_MS + 60_000 * seq, *VALUES[:3], wh, *VALUES[4:]) for seq, wh in enumerate(values)]
    kept = sealed(1, FIRST_HOUR, rows).counters
    known = [(r[2], r[6]) for r in rows if r[6] is not None]
    assert len(kept) <= MOST_COUNTERS
    turns = sum(step.event is not None for step in differences(known))
    if turns <= (MOST_COUNTERS - 2) // 2:
        assert energy(c[2:] for c in kept) == energy(known)


def test_energy_of_a_month_is_the_same_after_pruning_any_part_of_it(edge: Edge) -> None:
    wh = [0, 3, 5, 9, 2, 4, 8, 9, 1, 1, 2, 7]  # reset twice
    edge.twin.take(
        Part("garage", 7, 0, [row(seq, FIRST_MS + seq * 900_000, wh=w) for seq, w in enumerate(wh, 1)])
    )
    ranges = [(FIRST_MS, FIRST_MS + 30 * 24 * HOUR_MS), (FIRST_MS + HOUR_MS, FIRST_MS + 3 * HOUR_MS)]

    def energies() -> list[int]:
        return [energy(c[2:] for c in edge.history.counters(GARAGE, *span)) for span in ranges]

    before, span = energies(), edge.history.span_ms(GARAGE)
    for hour in edge.retention.hours(FIRST_HOUR + 4, FOREVER):
        edge.retention.prune(hour, edge.confirmed())
        assert energies() == before
    assert edge.history.span_ms(GARAGE) == (FIRST_MS, FIRST_MS + 4 * HOUR_MS - 1)
    assert span is not None
    assert list(edge.history.rows(GARAGE, None, None)) == []


def test_the_last_counter_before_a_time_is_found_in_sealed_hours_too(edge: Edge) -> None:
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 13))))
    edge.prune_all(before=FIRST_HOUR + 2)
    for at_ms, seq in [(FIRST_MS + 2 * HOUR_MS, 8), (FIRST_MS + HOUR_MS + 1, 5), (FIRST_MS + HOUR_MS, 4)]:
        assert next(edge.history.counters(GARAGE, at_ms, at_ms + 1))[1] == seq
    assert list(edge.history.counters(GARAGE, FIRST_MS - 5, FIRST_MS)) == []


def test_pages_show_a_pruned_time_by_the_minute_as_before_and_finer_as_a_pause_by_rule(edge: Edge) -> None:
    edge.twin.take(Part("garage", 7, 0, hourly(range(1, 4 * 60 + 1), per_hour=60)))
    day, zone = (FIRST_MS, FIRST_MS + 4 * HOUR_MS), ZoneInfo("UTC")
    before = usage(edge.history, GARAGE, "hour", *day, zone)
    by_minute = read(edge.history, GARAGE, "voltage_mv", *day, 60_000)
    edge.prune_all(before=FIRST_HOUR + 2)
    assert read(edge.history, GARAGE, "voltage_mv", *day, 60_000) == by_minute
    series = read(edge.history, GARAGE, "voltage_mv", *day, 30_000)
    known = edge.history.span_ms(GARAGE)
    assert known is not None
    pruned = blanks_of(edge.history, GARAGE, series, known)[0]
    assert (pruned.from_ms, pruned.cause) == (FIRST_MS, "policy")
    assert abs(pruned.to_ms - (FIRST_MS + 2 * HOUR_MS)) <= 60_000
    assert usage(edge.history, GARAGE, "hour", *day, zone) == before


# The receiver of seals


SEAL = Seal(1, FIRST_HOUR, 3, 3, ((7, 1, FIRST_MS, 1),), {"energy_wh": (3, 6, 1, 3)}, "00" * 16)
POLICY = Hole(1, 3, "policy", FIRST_MS, FIRST_MS + 2000)


def test_a_twin_without_the_rows_keeps_the_seal(tmp_path: Path) -> None:
    cloud = Twin(tmp_path, "cloud")
    with closing(cloud.db):
        cloud.take(Part("garage", 7, 0, holes=[POLICY], sealed=[SEAL]))
        assert SealedHours(cloud.db, 1).find(GARAGE, FIRST_HOUR) == SEAL
        assert list(cloud.history.counters(GARAGE, FIRST_MS, FIRST_MS + 1)) == list(SEAL.counters)
        assert SealedHours(cloud.db, 2).find(GARAGE, FIRST_HOUR) is None, "another site has it"


@pytest.mark.parametrize(("rows", "keeps"), [(0, True), (2, True), (3, False), (4, False)])
def test_a_twin_with_as_many_rows_of_the_hour_needs_no_seal(tmp_path: Path, rows: int, keeps: bool) -> None:
    cloud = Twin(tmp_path, "cloud")
    with closing(cloud.db):
        if rows:
            cloud.take(Part("garage", 6, 0, [row(seq, FIRST_MS + seq) for seq in range(1, rows + 1)]))
        cloud.take(Part("garage", 7, 0, holes=[POLICY], sealed=[SEAL]))
        assert (SealedHours(cloud.db, 1).find(GARAGE, FIRST_HOUR) is not None) == keeps
        assert len(cloud.seqs()) == rows


def test_the_first_seal_of_an_hour_stays(tmp_path: Path) -> None:
    cloud = Twin(tmp_path, "cloud")
    other = Seal(1, FIRST_HOUR, 6, 9, (), {}, "11" * 16)
    with closing(cloud.db):
        cloud.take(Part("garage", 7, 0, holes=[POLICY], sealed=[SEAL]))
        cloud.take(Part("garage", 7, 3, holes=[Hole(4, 6, "policy")], sealed=[other]))
        assert SealedHours(cloud.db, 1).find(GARAGE, FIRST_HOUR) == SEAL


def test_seals_are_told_by_the_stream_of_their_last_record_and_no_more_than_asked(tmp_path: Path) -> None:
    with closing(open_fresh(tmp_path / "edge.sqlite", "edge")) as db:
        made = SealedHours(db)
        with db.write():
            for hour in range(1, 6):
                made.keep(hour % 2, "garage", Seal(1, hour, 10 * hour, 1, (), {}, "00" * 16))
        assert [seal.hour for seal in made.between(1, 10, 49, 9)] == [1, 3]
        assert [seal.hour for seal in made.between(1, 1, 99, 2)] == [1, 3]
