"""Sealed hours on their way: to a cloud that never had the rows, past one that has them, and every malformed one."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replayed import GARAGE, NOW_MS, URL, Edge, House, assert_twins, gaps, held, row

from metering.energy import HOUR_MS
from metering.quantity import COLUMNS, MOST_EXACT
from store.backlog import MOST_HOLES, MOST_SEALED, Backlog
from store.clouds import Clouds
from store.confirmed import Confirmed
from store.database import Database
from store.part import Hole, Part
from store.retention import Retention
from store.sealed import SealedHours
from store.sealing import MOST_COUNTERS, Seal
from store.sqlite import open_database
from store.streams import Stream
from sync import batch as bounds
from sync.batch import Batch
from sync.cutting import Cutter
from sync.packing import pack
from sync.position import Position
from sync.rejection import BadShape, OverSize

pytest_plugins = ("conftest_twins",)

SEAL = Seal(
    2, 498_658, 40, 3600, ((7, 1, NOW_MS, 5), (7, 40, NOW_MS + 9, 6)), {"power_mw": (3, -9, -5, 0)}, "0f" * 16
)
PART = Part("garage", 7, 0, holes=[Hole(1, 40, "policy", NOW_MS, NOW_MS + 9)], sealed=(SEAL,))
FOREVER = 10**6


def hours(edge: Edge, first: int, last: int, per_hour: int = 4, holes: tuple[Hole, ...] = ()) -> None:
    """Records first ... last, so many an hour, on two channels."""
    missing = {seq for hole in holes for seq in range(hole.from_seq, hole.to_seq + 1)}
    rows = [
        row(seq, taken_ms=NOW_MS - 400 * 86_400_000 + HOUR_MS // per_hour * (seq - 1))
        for seq in range(first, last + 1)
        if seq not in missing
    ]
    edge.take(Part(*GARAGE, first - 1, rows, holes))


def prune(db: Database, most: int = FOREVER) -> int:
    """The oldest hours of the edge, whoever has them; gives how many rows went."""
    retention, nobody = Retention(db), Confirmed(db, ())
    return sum(retention.prune(hour, nobody).rows for hour in retention.hours(FOREVER, most))


def pruned(edge: Edge, boot: int, hours: int) -> None:
    """A boot of which every record was the only one of its hour, and every hour was sealed."""
    edge.take(Part("garage", boot, 0, holes=[Hole(1, hours, "policy", NOW_MS, NOW_MS)]))
    stream = edge.receiver.streams.find("garage", boot)
    assert stream is not None
    with edge.db.write():
        for seq in range(1, hours + 1):
            SealedHours(edge.db).keep(stream.id, "garage", replace(SEAL, hour=10_000 * boot + seq, seq=seq))


def seals(db: Database) -> list[tuple[Any, ...]]:
    return db.execute(
        "SELECT m.source, m.channel, h.hour, s.boot, h.seq, h.row_count, h.counters, h.sums, h.digest FROM sealed h"
        " JOIN meters m ON m.id = h.meter JOIN streams s ON s.id = h.stream ORDER BY 1, 2, 3"
    ).fetchall()


# From an edge to its clouds


def test_a_new_cloud_gets_holes_and_sealed_hours_for_what_was_pruned(replayed: House) -> None:
    hours(replayed.edge, 1, 24, holes=(Hole(10, 11, "sensor", NOW_MS, NOW_MS),))
    assert prune(replayed.edge.db, 3) == 10
    replayed.settle(replayed.replay())
    assert_twins(replayed)
    assert [gap[2:5] for gap in gaps(replayed.cloud.db)] == [
        (1, 9, "policy"),
        (10, 11, "sensor"),
        (12, 12, "policy"),
    ]
    assert len(seals(replayed.cloud.db)) == 6
    assert seals(replayed.cloud.db) == seals(replayed.edge.db)


def test_a_cloud_that_has_the_rows_keeps_them_and_hears_nothing_of_the_pruning(replayed: House) -> None:
    hours(replayed.edge, 1, 24)
    replay = replayed.replay()
    replayed.settle(replay)
    had = held(replayed.cloud.db, True)
    prune(replayed.edge.db, 3)
    hours(replayed.edge, 25, 28)
    sent = len(replayed.cloud.batches)
    replayed.settle(replay)
    replayed.settle(replayed.replay())
    assert held(replayed.cloud.db, True)[:24] == had
    assert gaps(replayed.cloud.db) == []
    assert seals(replayed.cloud.db) == []
    parts = [part for batch in replayed.cloud.batches[sent:] for part in batch.parts]
    assert [(part.prev_seq, len(part.rows), part.holes, part.fill_holes) for part in parts] == [
        (24, 4, [], [])
    ]


def test_a_cloud_restored_from_an_old_backup_keeps_what_it_had_and_is_told_of_the_rest(
    replayed: House, tmp_path: Path
) -> None:
    hours(replayed.edge, 1, 10)
    replayed.settle(replayed.replay())
    replayed.cloud.copy(tmp_path / "backup.sqlite")
    hours(replayed.edge, 11, 24)
    replayed.settle(replayed.replay())
    had = held(replayed.cloud.db, True)
    prune(replayed.edge.db, 5)
    replayed.cloud.restore(tmp_path / "backup.sqlite")
    replayed.settle(replayed.replay())
    assert held(replayed.cloud.db, True) == [*had[:10], *had[20:]]
    assert [gap[2:5] for gap in gaps(replayed.cloud.db)] == [(11, 20, "policy")]
    assert {(seal[2], seal[5]) for seal in seals(replayed.cloud.db)} == {
        (seal[2], seal[5]) for seal in seals(replayed.edge.db)[2:5]
    }


def test_more_sealed_hours_than_a_batch_may_name_travel_in_several(replayed: House) -> None:
    many = bounds.MOST_SEALED + MOST_SEALED + 10
    pruned(replayed.edge, 7, many)
    replayed.settle(replayed.replay())
    assert_twins(replayed)
    assert seals(replayed.cloud.db) == seals(replayed.edge.db)
    counted = [sum(len(part.sealed) for part in batch.parts) for batch in replayed.cloud.batches]
    assert max(counted) <= bounds.MOST_SEALED
    assert max(len(part.sealed) for batch in replayed.cloud.batches for part in batch.parts) == MOST_SEALED


def test_a_batch_takes_no_more_seals_than_its_bound_from_many_streams(replayed: House) -> None:
    for boot in range(1, 7):
        pruned(replayed.edge, boot, MOST_SEALED - 1)
    backlog = Backlog(replayed.edge.db, Clouds(replayed.edge.db).number(URL))
    cut = Cutter(backlog).cut(Position({}, 0), 8000)
    assert 0 < sum(len(part.sealed) for part in cut.parts) <= bounds.MOST_SEALED


def test_a_part_that_its_holes_cut_short_has_the_seals_of_what_is_left(replayed: House) -> None:
    holes = [Hole(seq, seq, "policy" if seq % 2 else "sensor") for seq in range(1, MOST_HOLES + 10)]
    replayed.edge.take(Part(*GARAGE, 0, holes=holes))
    with replayed.edge.db.write():
        for seq in (MOST_HOLES - 1, MOST_HOLES + 1):
            SealedHours(replayed.edge.db).keep(1, "garage", replace(SEAL, hour=seq, seq=seq))
    backlog = Backlog(replayed.edge.db, Clouds(replayed.edge.db).number(URL))
    part = backlog.part(backlog.streams.all()[0], 0, 100)
    assert part is not None
    assert (part.last_seq, [seal.seq for seal in part.sealed]) == (MOST_HOLES, [MOST_HOLES - 1])
    replayed.settle(replayed.replay())
    assert seals(replayed.cloud.db) == seals(replayed.edge.db)


def test_a_batch_takes_no_more_meters_of_which_only_seals_are_left_than_its_bound(replayed: House) -> None:
    with replayed.edge.db.write():
        for number in range(1, bounds.MOST_METERS + 6):
            part = Part(f"source-{number}", 7, 0, holes=[Hole(1, 1, "policy")])
            replayed.edge.receiver.receive(part)
            SealedHours(replayed.edge.db).keep(number, part.source, replace(SEAL, seq=1))
    replayed.settle(replayed.replay())
    assert len(seals(replayed.cloud.db)) == bounds.MOST_METERS + 5


def test_a_row_that_was_withheld_and_then_pruned_is_named_once(replayed: House) -> None:
    hours(replayed.edge, 1, 8)
    clouds = Clouds(replayed.edge.db)
    clouds.withhold(clouds.number(URL), [(1, 3, "why"), (1, 6, "why")], NOW_MS)
    prune(replayed.edge.db, 1)
    replayed.settle(replayed.replay())
    assert [gap[2:5] for gap in gaps(replayed.cloud.db)] == [(1, 4, "policy"), (6, 6, "refused")]


class Slow(Backlog):
    """A backlog beside which another process prunes just when the rows were read, and the holes not yet."""

    path: Path

    def _holes(self, stream: Stream, low: int, high: int) -> list[Hole]:
        with closing(open_database(self.path, "edge")) as collector:
            prune(collector)
        return super()._holes(stream, low, high)


def test_what_is_pruned_while_a_part_is_cut_is_named_once(replayed: House, tmp_path: Path) -> None:
    hours(replayed.edge, 1, 8)
    backlog = Slow(replayed.edge.db, Clouds(replayed.edge.db).number(URL))
    backlog.path = tmp_path / "edge.sqlite"
    (stream,) = backlog.streams.all()
    part = backlog.part(stream, 0, 100)
    assert part is not None
    part.check_cover()
    assert (len(part.rows), part.last_seq) == (8, 8)
    after = backlog.part(stream, 0, 100)
    assert after is not None
    after.check_cover()
    assert (len(after.rows), len(after.sealed)) == (0, 4)


# As bytes

WHOLE = st.integers(-MOST_EXACT, MOST_EXACT)
NATURAL = st.integers(0, MOST_EXACT)
SEALS = st.builds(
    Seal,
    st.integers(1, 65_535),
    st.integers(0, 10**7),
    st.integers(1, MOST_EXACT),
    st.integers(1, MOST_EXACT),
    st.lists(st.tuples(NATURAL, NATURAL, NATURAL, NATURAL), max_size=MOST_COUNTERS).map(tuple),
    st.dictionaries(st.sampled_from(COLUMNS), st.tuples(WHOLE, WHOLE, WHOLE, WHOLE)),
    st.binary(min_size=16, max_size=16).map(bytes.hex),
)


@settings(max_examples=30)
@given(st.lists(SEALS, max_size=5))
def test_a_part_with_seals_comes_back_as_it_was(some: list[Seal]) -> None:
    (part,) = Batch.decode(Batch([replace(PART, sealed=tuple(some))]).encode(), NOW_MS).parts
    assert (part.holes, part.sealed) == (PART.holes, tuple(some))


def fields(*sealed: Any) -> bytes:
    """A batch of one part with whatever stands for its seals."""
    part = {"source": "garage", "boot": 7, "kind": "readings", "prev_seq": 0, "sealed": [*sealed]}
    return pack(orjson.dumps({"v": 1, "parts": [part]}))


GOOD: list[Any] = [2, 498_658, 40, 3600, [[7, 1, NOW_MS, 5]], {"power_mw": [3, -9, -5, 0]}, "0f" * 16]


@pytest.mark.parametrize(
    ("place", "wrong", "told"),
    [
        (0, 0, "seal channel"),
        (0, 65_536, "channel up to 65535"),
        (0, "1", "seal channel"),
        (1, -1, "seal hour"),
        (1, 10**8, "hour up to"),
        (2, 0, "seal seq"),
        (3, 0, "seal rows"),
        (3, 1.5, "seal rows"),
        (4, {}, "seal counters: a list"),
        (4, [[7, 1, NOW_MS]], "boot, seq, taken_ms, energy_wh"),
        (4, [[7, 1, NOW_MS, None]], "seal counter"),
        (4, [7], "seal counter: a list"),
        (4, [[7, 1, NOW_MS, 5]] * (MOST_COUNTERS + 1), f"at most {MOST_COUNTERS}"),
        (5, [], "seal sums: an object"),
        (5, {"gas_l": [1, 1, 1, 1]}, "gas_l not known here"),
        (5, {"power_mw": [1, 1, 1]}, "seal power_mw"),
        (5, {"power_mw": [1, 1, 1, None]}, "seal power_mw"),
        (5, {"power_mw": [1, 1, 1, True]}, "seal power_mw"),
        (5, {"power_mw": [1, 1, 1, MOST_EXACT + 1]}, "seal power_mw"),
        (6, "0f" * 15, "32 hex digits"),
        (6, "0F" * 16, "32 hex digits"),
        (6, None, "32 hex digits"),
    ],
)
def test_a_malformed_seal_rejects_the_batch_and_says_why(place: int, wrong: Any, told: str) -> None:
    with pytest.raises(BadShape, match=told):
        Batch.decode(fields([*GOOD[:place], wrong, *GOOD[place + 1 :]]), NOW_MS)


def test_a_seal_is_a_list_of_seven(replayed: House) -> None:
    (part,) = Batch.decode(fields(GOOD), NOW_MS).parts
    assert part.sealed == (replace(SEAL, counters=SEAL.counters[:1]),)
    for wrong in (GOOD[:6], [*GOOD, 1], "seal", None):
        with pytest.raises(BadShape, match="seal"):
            Batch.decode(fields(wrong), NOW_MS)


def test_seals_are_counted_before_they_are_read() -> None:
    with pytest.raises(OverSize, match="sealed hours"):
        Batch.decode(fields(*[None] * (bounds.MOST_SEALED + 1)), NOW_MS)


def test_meters_that_only_seals_name_are_counted_too() -> None:
    some = [[channel, *GOOD[1:]] for channel in range(1, bounds.MOST_METERS + 2)]
    with pytest.raises(OverSize, match="meters"):
        Batch.decode(fields(*some), NOW_MS)
