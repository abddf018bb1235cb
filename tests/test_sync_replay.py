"""Replay over a way that loses, repeats and refuses: in the end the cloud holds what the edge holds, once."""

import random
from pathlib import Path

import pytest
from replayed import CELLAR, GARAGE, NOW_MS, House, assert_twins, gaps, held, row

from cloud.intake import take
from store.changes import TIMEZONE, Changes
from store.part import Hole, Part
from sync.batch import Batch
from sync.failure import NotAdmitted, RowsRefused, Unreachable
from sync.replay import MOST_WITHHELD_PER_H

pytest_plugins = ("conftest_twins",)


def test_everything_arrives_with_its_gaps_and_first_numbers(house: House) -> None:
    house.edge.grow(GARAGE, 500, (Hole(20, 29, "sensor", NOW_MS, NOW_MS + 5),))
    house.edge.take(Part(*CELLAR, 99, [row(100), row(102)], [Hole(101, 101, "link")], first=100))
    with house.edge.db.write():
        writer = Changes(house.edge.db).next_part("rumah", 1, TIMEZONE, "Asia/Makassar")
        house.edge.receiver.receive(writer)
    house.settle(house.replay())
    assert_twins(house)
    assert Changes(house.cloud.db, house.cloud.site).current(TIMEZONE) == "Asia/Makassar"


def test_a_stream_travels_up_to_its_first_undated_row(house: House) -> None:
    house.edge.grow(GARAGE, 10)
    house.edge.db.execute("UPDATE readings SET taken_ms = NULL WHERE seq = 8")
    house.edge.db.execute("INSERT INTO undated (stream, seq, uptime_ms) VALUES (1, 8, 8000)")
    replay = house.replay()
    house.settle(replay)
    assert house.cloud.cursors([GARAGE])[GARAGE] == 7
    assert replay.progress.backlog_rows == 3


@pytest.mark.parametrize("seed", range(12))
def test_lost_repeated_and_refused_batches_leave_both_sides_the_same(house: House, seed: int) -> None:
    dice = random.Random(seed)

    def lose(_batch: Batch) -> None:
        if dice.random() < 0.3:
            raise Unreachable("lost on the way")

    def repeat(batch: Batch) -> None:
        if dice.random() < 0.3:
            take(house.cloud.db, house.cloud.site, batch, NOW_MS)
        lose(batch)

    house.cloud.before, house.cloud.after = lose, repeat
    replay = house.replay()
    upto = {GARAGE: 0, CELLAR: 0}
    for _ in range(25):
        stream = dice.choice([GARAGE, CELLAR])
        begin, upto[stream] = upto[stream] + 1, upto[stream] + dice.randint(1, 300)
        hole = Hole(begin, dice.randint(begin, upto[stream]), dice.choice(["sensor", "link"]), NOW_MS, NOW_MS)
        house.edge.grow(stream, upto[stream], (hole,))
        if dice.random() < 0.5:
            seq = dice.randint(hole.from_seq, hole.to_seq)
            house.edge.take(Part(*stream, upto[stream], fills=[row(seq)]))
        for _ in range(dice.randint(0, 4)):
            try:
                replay.step()
            except Unreachable:
                house.clock.now_s += 1
        if dice.random() < 0.2:
            replay = house.replay()
    house.settle(replay)
    assert_twins(house)


@pytest.mark.parametrize("seed", range(6))
def test_a_cloud_restored_from_an_older_copy_is_refilled(house: House, seed: int, tmp_path: Path) -> None:
    dice, replay = random.Random(seed), house.replay()
    house.edge.grow(GARAGE, 100, (Hole(10, 19, "link"), Hole(40, 49, "link")))
    house.edge.grow(CELLAR, 50)
    house.settle(replay)
    house.cloud.copy(tmp_path / "copy.db")
    house.edge.grow(CELLAR, 80)
    house.edge.take(Part(*GARAGE, 100, fills=[row(12)], fill_holes=[Hole(40, 45, "device-memory")]))
    house.edge.grow(GARAGE, 200)
    for _ in range(dice.randint(0, 6)):
        replay.step()
    house.cloud.restore(tmp_path / "copy.db")
    house.edge.grow(GARAGE, 210)
    house.settle(replay if seed % 2 else house.replay())
    assert_twins(house)


def test_a_quiet_stream_that_went_back_is_found_with_the_next_batch_of_another(
    house: House, tmp_path: Path
) -> None:
    house.cloud.copy(tmp_path / "empty.db")
    house.edge.grow(CELLAR, 50)
    house.edge.grow(GARAGE, 50)
    replay = house.replay()
    house.settle(replay)
    house.cloud.restore(tmp_path / "empty.db")
    house.edge.grow(GARAGE, 51)
    house.settle(replay)
    assert_twins(house)


def test_a_reading_that_turns_up_in_a_gap_travels_as_a_fill(house: House) -> None:
    house.edge.grow(GARAGE, 100, (Hole(10, 19, "link", NOW_MS, NOW_MS + 9),))
    replay = house.replay()
    house.settle(replay)
    house.edge.take(Part(*GARAGE, 100, fills=[row(12), row(13)]))
    house.settle(replay)
    assert_twins(house)
    assert [len(part.fills) for batch in house.cloud.batches for part in batch.parts][-2:] == [1, 1]


def test_more_fills_than_a_batch_holds_travel_in_several(house: House) -> None:
    house.edge.grow(GARAGE, 30_000, (Hole(1, 29_000, "link"),))
    replay = house.replay()
    house.settle(replay)
    with house.edge.db.write():
        house.edge.receiver.receive(Part(*GARAGE, 30_000, fills=[row(seq) for seq in range(1, 29_001)]))
        house.edge.db.executemany(
            "INSERT INTO amends (stream, from_seq, to_seq) VALUES (1, ?, ?)", [(1, 900), (901, 29_000)]
        )
    house.settle(replay)
    assert_twins(house)
    assert sum(len(part.fills) for batch in house.cloud.batches for part in batch.parts) == 29_000


def test_an_impossible_reading_is_withheld_and_what_follows_goes_on(house: House) -> None:
    house.edge.grow(GARAGE, 9)
    house.edge.take(Part(*GARAGE, 9, [row(10, voltage_mv=9_000_000)]))
    house.edge.grow(GARAGE, 20)
    replay = house.replay()
    house.settle(replay)
    assert [r[2] for r in held(house.cloud.db, True)] == [*range(1, 10), *range(11, 21)]
    assert gaps(house.cloud.db) == [("garage", 7, 10, 10, "refused", None, None)]
    assert (replay.progress.refused_rows, replay.progress.state) == (1, "ok")
    house.edge.grow(GARAGE, 21)
    house.settle(replay)
    assert replay.progress.refused_rows == 1


def test_rows_that_make_a_whole_batch_refused_are_found_and_withheld(house: House) -> None:
    poison = {77, 78, 1_500}

    def refuse(batch: Batch) -> None:
        if poison & {each[0] for part in batch.parts for each in part.rows}:
            raise RowsRefused("poisoned")

    house.cloud.before = refuse
    house.edge.grow(GARAGE, 3_000)
    house.edge.grow(CELLAR, 70)
    replay = house.replay()
    house.settle(replay)
    arrived = {(r[0], r[2]) for r in held(house.cloud.db, True)}
    assert arrived == {("garage", s) for s in range(1, 3_001)} - {("garage", s) for s in poison} | {
        ("cellar", s) for s in range(1, 71)
    }
    assert replay.progress.refused_rows == len(poison)


def test_a_cloud_that_refuses_everything_stops_the_replay_and_loses_nothing(house: House) -> None:
    def refuse(batch: Batch) -> None:
        if batch.parts:
            raise RowsRefused("no")

    house.cloud.before = refuse
    house.edge.grow(GARAGE, 3_000)
    replay = house.replay()
    with pytest.raises(NotAdmitted, match="within an hour"):
        house.settle(replay)
    assert replay.progress.state == "not-admitted"
    assert replay.progress.refused_rows == MOST_WITHHELD_PER_H
    with pytest.raises(NotAdmitted):
        replay.step()
    house.cloud.before = lambda _batch: None
    house.settle(house.replay(lambda: NOW_MS + 3_600_001))
    assert len(held(house.cloud.db, True)) == 3_000 - MOST_WITHHELD_PER_H


def test_a_cloud_whose_clock_is_wrong_does_not_run_past_good_readings(house: House) -> None:
    here_ms = NOW_MS + 10 * 86_400_000
    house.edge.take(Part(*GARAGE, 0, [row(s, taken_ms=here_ms + s) for s in range(1, 2_000)]))
    with pytest.raises(NotAdmitted, match="set the wrong one"):
        house.settle(house.replay(lambda: here_ms + 9_000))
    assert house.cloud.cursors([GARAGE])[GARAGE] == 0
