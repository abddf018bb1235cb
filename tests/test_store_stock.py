"""Counter values beside a gap: both layouts find the same ones, wherever the gap lies."""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from madeparts import HOUR_MS, NOW_MS, Twin, row

from metering.energy import REACH_MS
from metering.reading import Meter
from store.part import Part

pytest_plugins = ("conftest_twins",)

GARAGE = Meter("garage", 1)
BEGIN_MS = NOW_MS - NOW_MS % HOUR_MS


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([1, 2_000, 400_000, HOUR_MS, REACH_MS]),
            st.integers(1, 2),
            st.sampled_from([None, 5, 9]),
        ),
        min_size=1,
        max_size=25,
    ),
    from_ms=st.integers(-HOUR_MS, 40 * HOUR_MS),
    place=st.integers(0, 24),
    lasts_ms=st.integers(0, 3 * HOUR_MS),
)
def test_the_counters_beside_a_gap_are_the_nearest_within_reach(
    steps: list[tuple[int, int, int | None]], from_ms: int, place: int, lasts_ms: int
) -> None:
    at_ms, rows = BEGIN_MS, []
    for seq, (step_ms, channel, wh) in enumerate(steps, 1):
        at_ms += step_ms
        rows.append(row(seq, at_ms, channel, wh))
    # Half of the gaps begin exactly at a row.
    begin_ms = BEGIN_MS + from_ms if place >= len(rows) else rows[place][2] or 0
    end_ms = begin_ms + lasts_ms
    known = [(r[2] or 0, r[6]) for r in rows if r[1] == 1 and r[6] is not None]
    before = [each for each in known if begin_ms - REACH_MS <= each[0] <= begin_ms]
    after = [each for each in known if end_ms <= each[0] <= end_ms + REACH_MS]
    wanted = before[-1] if before else None, after[0] if after else None
    with TemporaryDirectory() as folder:
        for name in ("edge", "cloud"):
            twin = Twin(Path(folder), name)
            with closing(twin.db):
                half = len(rows) // 2
                twin.take(Part("garage", 7, 0, rows[:half]))
                later = [(seq, *rest) for seq, (_, *rest) in enumerate(rows[half:], 1)]
                twin.take(Part("garage", 8, 0, later))
                assert twin.layout.stock.counters(GARAGE, begin_ms, end_ms) == wanted


@pytest.mark.parametrize("wh", [(7, None), (None, 9)])
@pytest.mark.parametrize("off_ms", [0, 1])
def test_a_counter_value_farther_away_than_a_day_is_none(
    twin: Twin, wh: tuple[int | None, int | None], off_ms: int
) -> None:
    begin_ms, end_ms = BEGIN_MS + 1_800_000, BEGIN_MS + 5_400_000
    times = begin_ms - REACH_MS - off_ms, end_ms + REACH_MS + off_ms
    twin.take(Part("garage", 7, 0, [row(1, times[0], wh=wh[0]), row(2, times[1], wh=wh[1])]))
    wanted = [
        None if value is None or off_ms else (at_ms, value) for at_ms, value in zip(times, wh, strict=True)
    ]
    assert list(twin.layout.stock.counters(GARAGE, begin_ms, end_ms)) == wanted


def test_energy_is_what_the_counter_moved_across(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(1, BEGIN_MS, wh=100), row(2, BEGIN_MS + HOUR_MS, wh=340)]))
    assert twin.history.energy_across(GARAGE, BEGIN_MS + 1, BEGIN_MS + 2) == 240
    assert twin.history.energy_across(GARAGE, BEGIN_MS, BEGIN_MS + HOUR_MS) == 240
    assert twin.history.energy_across(GARAGE, BEGIN_MS, BEGIN_MS + HOUR_MS + 1) is None
    assert twin.history.energy_across(Meter("garage", 2), BEGIN_MS, BEGIN_MS + 1) is None


def test_a_counter_is_found_in_an_hour_without_reading_all_of_it(tmp_path: Path) -> None:
    edge = Twin(tmp_path, "edge")
    with closing(edge.db):
        edge.take(Part("garage", 7, 0, [row(seq, BEGIN_MS + 200 * seq) for seq in range(1, 15_000)]))
        counted = [0]
        edge.db.conn.set_progress_handler(lambda: counted.append(counted.pop() + 1), 10)
        edge.history.energy_across(GARAGE, BEGIN_MS + 1_500_000, BEGIN_MS + 1_600_000)
        edge.db.conn.set_progress_handler(None, 0)
    assert counted[0] < 200, "two thousand steps of SQLite, not a hundred thousand"
