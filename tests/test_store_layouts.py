"""Rows by stream and rows by time are two layouts of one history: the same parts give the same answers."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from madeparts import HOUR_MS, NOW_MS, VALUES, Twin, row, undated

from metering.reading import Meter, Row
from store import by_time
from store.history import FOREVER_MS, History
from store.part import Hole, Part
from store.sqlite import open_reader

pytest_plugins = ("conftest_twins",)

GARAGE = Meter("garage", 1)
BEGIN_MS = NOW_MS - NOW_MS % HOUR_MS


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Twin]:
    made = Twin(tmp_path, "edge")
    with closing(made.db):
        yield made


def found(
    twin: Twin, from_ms: int | None = None, to_ms: int | None = None, meter: Meter = GARAGE
) -> list[int]:
    return [r[1] for r in twin.history.rows(meter, from_ms, to_ms)]


@dataclass
class Story:
    """Parts in the order in which both twins take them."""

    parts: list[Part]
    meters: list[Meter]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Up to three boots of two devices, each of a few parts with holes and fills; times grow along a boot."""
    parts: list[Part] = []
    for source, boot in draw(
        st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3)), unique=True, max_size=3)
    ):
        at_ms = BEGIN_MS + draw(st.integers(0, 4)) * 1_700_000
        cursor = first = draw(st.integers(0, 3))
        missing: dict[int, Row] = {}
        for _ in range(draw(st.integers(1, 3))):
            made: list[Row] = []
            holes: list[Hole] = []
            for seq in range(cursor + 1, cursor + 1 + draw(st.integers(0, 6))):
                at_ms += draw(st.sampled_from([1, 1_000, 60_000, 1_500_000]))
                wh = draw(st.one_of(st.none(), st.integers(0, 9)))
                here = row(seq, at_ms, draw(st.integers(1, 2)), wh, draw(st.integers(1, 3)) * 1000)
                if draw(st.integers(0, 4)):
                    made.append(here)
                else:
                    missing[seq] = here
                    holes.append(Hole(seq, seq, draw(st.sampled_from(["sensor", "elsewhere"])), at_ms, at_ms))
            late = draw(st.lists(st.sampled_from(sorted(missing)), unique=True)) if missing else []
            fills = [missing[seq] for seq in late if seq <= cursor]
            parts.append(Part(source, boot, cursor, made, holes, fills, first=first + 1))
            cursor = parts[-1].last_seq
    meters = [Meter(source, channel) for source in "ab" for channel in (1, 2)]
    return Story(
        draw(st.permutations(parts)) if len({p.boot for p in parts}) == len(parts) else parts, meters
    )


def told(history: History, meter: Meter, from_ms: int, to_ms: int, width_ms: int) -> dict[str, Any]:
    return {
        "rows": list(history.rows(meter, from_ms, to_ms)),
        "all rows": list(history.rows(meter, None, None)),
        "volts": history.buckets(meter, "voltage_mv", from_ms, to_ms, width_ms),
        "energy": history.buckets(meter, "energy_wh", from_ms, to_ms, width_ms),
        "counters": list(history.counters(meter, from_ms, to_ms)),
        "newest": history.newest(meter),
        "span": history.span_ms(meter),
    }


@settings(max_examples=60, deadline=None)
@given(
    story=stories(),
    start=st.integers(-1, 6),
    hours=st.integers(0, 5),
    width_ms=st.sampled_from([1_000, 900_000, 7_000_000]),
)
def test_both_layouts_tell_the_same_history(story: Story, start: int, hours: int, width_ms: int) -> None:
    from_ms = BEGIN_MS + start * 1_700_000
    to_ms = from_ms + hours * HOUR_MS
    with TemporaryDirectory() as folder:
        edge, cloud = Twin(Path(folder), "edge"), Twin(Path(folder), "cloud")
        with closing(edge.db), closing(cloud.db):
            for part in story.parts:
                edge.take(part)
                cloud.take(part)
            assert edge.history.meters() == cloud.history.meters()
            assert edge.history.gaps(None, None) == cloud.history.gaps(None, None)
            assert edge.history.gaps(from_ms, to_ms) == cloud.history.gaps(from_ms, to_ms)
            for meter in story.meters:
                assert told(edge.history, meter, from_ms, to_ms, width_ms) == told(
                    cloud.history, meter, from_ms, to_ms, width_ms
                )


@settings(max_examples=40, deadline=None)
@given(story=stories(), from_ms=st.integers(-(10**7), 2 * 10**7), span_ms=st.integers(0, 10**7))
def test_a_range_has_exactly_the_rows_dated_inside_it_in_order(
    story: Story, from_ms: int, span_ms: int
) -> None:
    low, high = BEGIN_MS + from_ms, BEGIN_MS + from_ms + span_ms
    with TemporaryDirectory() as folder:
        edge = Twin(Path(folder), "edge")
        with closing(edge.db):
            stored: dict[tuple[str, int, int], Row] = {}
            for part in story.parts:
                edge.take(part)
                stored |= {(part.source, part.boot, r[0]): r for r in [*part.rows, *part.fills]}
            for meter in story.meters:
                wanted = sorted(
                    (r[2] or 0, boot, seq)
                    for (source, boot, seq), r in stored.items()
                    if (source, r[1]) == (meter.source, meter.channel) and low <= (r[2] or 0) < high
                )
                assert [(r[2], r[0], r[1]) for r in edge.history.rows(meter, low, high)] == wanted


def test_a_range_begins_at_its_first_instant_and_ends_before_its_last(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(seq, BEGIN_MS + seq) for seq in (1, 2, 3, 4)]))
    assert found(twin, BEGIN_MS + 2, BEGIN_MS + 4) == [2, 3]


def test_the_first_and_the_last_ms_of_an_hour_belong_to_it(twin: Twin) -> None:
    times = [BEGIN_MS - 1, BEGIN_MS, BEGIN_MS + HOUR_MS - 1, BEGIN_MS + HOUR_MS]
    twin.take(Part("garage", 7, 0, [row(seq, at_ms) for seq, at_ms in enumerate(times, 1)]))
    assert found(twin, BEGIN_MS, BEGIN_MS + HOUR_MS) == [2, 3]
    assert found(twin) == [1, 2, 3, 4]


def test_a_row_that_comes_late_in_an_hour_that_was_thought_complete_is_found(twin: Twin) -> None:
    twin.take(
        Part("garage", 7, 0, [row(1, BEGIN_MS), row(3, BEGIN_MS + HOUR_MS)], [Hole(2, 2, "elsewhere")]),
        Part("garage", 7, 3, fills=[row(2, BEGIN_MS + HOUR_MS - 5)]),
    )
    assert found(twin, BEGIN_MS, BEGIN_MS + HOUR_MS) == [1, 2]


def test_several_boots_in_one_hour_are_read_in_order_of_time(twin: Twin) -> None:
    twin.take(
        Part("garage", 9, 0, [row(1, BEGIN_MS + 20), row(2, BEGIN_MS + 40)]),
        Part("garage", 7, 0, [row(1, BEGIN_MS + 10), row(2, BEGIN_MS + 30)]),
    )
    assert [(r[0], r[1]) for r in twin.history.rows(GARAGE, None, None)] == [(7, 1), (9, 1), (7, 2), (9, 2)]


def test_rows_of_one_instant_are_ordered_by_boot_then_seq(twin: Twin) -> None:
    twin.take(
        Part("garage", 9, 0, [row(1, BEGIN_MS), row(2, BEGIN_MS)]), Part("garage", 7, 0, [row(1, BEGIN_MS)])
    )
    assert [(r[0], r[1]) for r in twin.history.rows(GARAGE, None, None)] == [(7, 1), (9, 1), (9, 2)]
    newest = twin.history.newest(GARAGE)
    assert newest is not None
    assert (newest.boot, newest.seq) == (9, 2)


def test_other_channels_of_the_same_stream_are_passed_over(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(seq, channel=1 + seq % 2) for seq in range(1, 7)]))
    assert found(twin) == [2, 4, 6]
    assert found(twin, meter=Meter("garage", 2)) == [1, 3, 5]


def test_the_newest_reading_comes_with_its_values(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(2, BEGIN_MS + 9), row(1, BEGIN_MS + 1)]))
    newest = twin.history.newest(GARAGE)
    assert newest is not None
    assert (newest.boot, newest.seq, newest.taken_ms, newest.values) == (7, 2, BEGIN_MS + 9, VALUES)


def test_a_page_of_rows_ends_nowhere_in_particular(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_time, "PAGE_ROWS", 3)
    cloud = Twin(tmp_path, "cloud")
    with closing(cloud.db):
        times = [0, 0, 0, 0, 5, 5, 6, 7, 8]
        cloud.take(Part("garage", 7, 0, [row(seq, BEGIN_MS + ms) for seq, ms in enumerate(times, 1)]))
        assert found(cloud) == list(range(1, 10))


def test_buckets_begin_where_the_range_begins_and_hold_what_lies_in_them(twin: Twin) -> None:
    volts = [(0, 1000), (999, 3000), (1000, 5000), (2999, 7000)]
    twin.take(Part("garage", 7, 0, [row(i, BEGIN_MS + ms, volts=v) for i, (ms, v) in enumerate(volts, 1)]))
    assert twin.history.buckets(GARAGE, "voltage_mv", BEGIN_MS, BEGIN_MS + 3000, 1000) == [
        (BEGIN_MS, 2, 4000, 1000, 3000),
        (BEGIN_MS + 1000, 1, 5000, 5000, 5000),
        (BEGIN_MS + 2000, 1, 7000, 7000, 7000),
    ]


def test_a_bucket_across_the_turn_of_an_hour_is_one(twin: Twin) -> None:
    turn = BEGIN_MS + HOUR_MS
    twin.take(Part("garage", 7, 0, [row(1, turn - 1, volts=1000), row(2, turn, volts=3000)]))
    assert twin.history.buckets(GARAGE, "voltage_mv", turn - 5000, turn + 5000, 10_000) == [
        (turn - 5000, 2, 4000, 1000, 3000)
    ]


def test_a_missing_value_is_not_counted_as_zero(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(1, BEGIN_MS, wh=None), row(2, BEGIN_MS + 1, wh=8)]))
    buckets = twin.history.buckets(GARAGE, "energy_wh", BEGIN_MS, BEGIN_MS + 10, 10)
    assert buckets == [(BEGIN_MS, 1, 8, 8, 8)]


def test_only_columns_of_the_table_of_quantities_reach_the_sql(twin: Twin) -> None:
    with pytest.raises(KeyError):
        twin.history.buckets(GARAGE, "1); DROP TABLE readings; --", 0, 1, 1)


def test_counters_begin_with_the_last_one_before_the_range(twin: Twin) -> None:
    days = 40
    twin.take(
        Part(
            "garage",
            7,
            0,
            [row(1, BEGIN_MS, wh=1), row(2, BEGIN_MS + 5, wh=3), row(3, BEGIN_MS + 6, wh=None)],
        ),
        Part("garage", 8, 0, [row(1, BEGIN_MS + days * 24 * HOUR_MS, wh=9)]),
    )
    later = BEGIN_MS + days * 24 * HOUR_MS
    assert [c[3] for c in twin.history.counters(GARAGE, later, later + 1)] == [3, 9]
    assert [c[3] for c in twin.history.counters(GARAGE, BEGIN_MS, BEGIN_MS + 6)] == [1, 3]
    assert [c[3] for c in twin.history.counters(GARAGE, BEGIN_MS + 5, BEGIN_MS + 6)] == [1, 3]


def test_an_unknown_meter_has_an_empty_history(twin: Twin) -> None:
    nobody = Meter("nobody", 1)
    assert told(twin.history, nobody, 0, FOREVER_MS, 10**9) == {
        "rows": [], "all rows": [], "volts": [], "energy": [], "counters": [], "newest": None, "span": None,
    }  # fmt: skip


def test_rows_that_wait_for_their_date_come_last_and_only_where_the_end_is_open(edge: Twin) -> None:
    edge.take(Part("garage", 7, 0, [row(1), undated(2), undated(3, channel=2)]))
    edge.db.execute("INSERT INTO undated VALUES (1, 2, 500), (1, 3, 501)")
    assert [(r[1], r[2]) for r in edge.history.rows(GARAGE, None, None)] == [(1, NOW_MS + 1000), (2, None)]
    assert found(edge, None, FOREVER_MS) == [1]


def test_rows_are_in_the_hour_index_only_once_they_are_dated(edge: Twin) -> None:
    edge.take(Part("garage", 7, 0, [undated(1)]))
    assert edge.db.execute("SELECT count(*) FROM hours").fetchone()[0] == 0
    assert edge.history.span_ms(GARAGE) is None
    assert [m.key for m in edge.history.meters()] == ["garage/1"]


def test_the_hour_index_has_one_line_per_meter_hour_and_stream(edge: Twin) -> None:
    edge.take(Part("garage", 7, 0, [row(seq, BEGIN_MS + seq) for seq in range(1, 50)]))
    edge.take(Part("garage", 7, 49, [row(seq, BEGIN_MS + seq) for seq in range(50, 99)]))
    assert edge.db.execute("SELECT from_seq, to_seq FROM hours").fetchall() == [(1, 98)]


def test_a_stored_row_is_found_by_its_number(edge: Twin) -> None:
    edge.take(Part("garage", 7, 0, [row(1), row(2, channel=3)]))
    layout = edge.layout
    assert hasattr(layout, "find")
    assert layout.find(1, 2) == row(2, channel=3)
    assert layout.find(1, 3) is None


def test_a_reader_sees_what_a_writer_committed_and_can_write_nothing(edge: Twin) -> None:
    with closing(open_reader(edge.path)) as reader:
        edge.take(Part("garage", 7, 0, [row(1)]))
        assert reader.execute("SELECT count(*) FROM readings").fetchone()[0] == 1
        with pytest.raises(Exception, match="readonly"):
            reader.execute("DELETE FROM readings")
