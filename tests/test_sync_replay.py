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


def test_everything_arrives_with_its_gaps_and_first_numbers(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 500, (Hole(20, 29, "sensor", NOW_MS, NOW_MS + 5),))
    replayed.edge.take(Part(*CELLAR, 99, [row(100), row(102)], [Hole(101, 101, "link")], first=100))
    with replayed.edge.db.write():
        writer = Changes(replayed.edge.db).next_part("rumah", 1, TIMEZONE, "Asia/Makassar")
        replayed.edge.receiver.receive(writer)
    replayed.settle(replayed.replay())
    assert_twins(replayed)
    assert Changes(replayed.cloud.db, replayed.cloud.site).current(TIMEZONE) == "Asia/Makassar"


def test_a_stream_travels_up_to_its_first_undated_row(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 10)
    replayed.edge.db.execute("UPDATE readings SET taken_ms = NULL WHERE seq = 8")
    replayed.edge.db.execute("INSERT INTO undated (stream, seq, uptime_ms) VALUES (1, 8, 8000)")
    replay = replayed.replay()
    replayed.settle(replay)
    assert replayed.cloud.cursors([GARAGE])[GARAGE] == 7
    assert replay.progress.backlog_rows == 3


@pytest.mark.parametrize("seed", range(12))
def test_lost_repeated_and_refused_batches_leave_both_sides_the_same(replayed: House, seed: int) -> None:
    dice = random.Random(seed)

    def lose(_batch: Batch) -> None:
        if dice.random() < 0.3:
            raise Unreachable("lost on the way")

    def repeat(batch: Batch) -> None:
        if dice.random() < 0.3:
            take(replayed.cloud.db, replayed.cloud.site, batch, NOW_MS)
        lose(batch)

    replayed.cloud.before, replayed.cloud.after = lose, repeat
    replay = replayed.replay()
    upto = {GARAGE: 0, CELLAR: 0}
    for _ in range(25):
        stream = dice.choice([GARAGE, CELLAR])
        begin, upto[stream] = upto[stream] + 1, upto[stream] + dice.randint(1, 300)
        hole = Hole(begin, dice.randint(begin, upto[stream]), dice.choice(["sensor", "link"]), NOW_MS, NOW_MS)
        replayed.edge.grow(stream, upto[stream], (hole,))
        if dice.random() < 0.5:
            seq = dice.randint(hole.from_seq, hole.to_seq)
            replayed.edge.take(Part(*stream, upto[stream], fills=[row(seq)]))
        for _ in range(dice.randint(0, 4)):
            try:
                replay.step()
            except Unreachable:
                replayed.clock.now_s += 1
        if dice.random() < 0.2:
            replay = replayed.replay()
    replayed.settle(replay)
    assert_twins(replayed)


@pytest.mark.parametrize("seed", range(6))
def test_a_cloud_restored_from_an_older_copy_is_refilled(replayed: House, seed: int, tmp_path: Path) -> None:
    dice, replay = random.Random(seed), replayed.replay()
    replayed.edge.grow(GARAGE, 100, (Hole(10, 19, "link"), Hole(40, 49, "link")))
    replayed.edge.grow(CELLAR, 50)
    replayed.settle(replay)
    replayed.cloud.copy(tmp_path / "copy.db")
    replayed.edge.grow(CELLAR, 80)
    replayed.edge.take(Part(*GARAGE, 100, fills=[row(12)], fill_holes=[Hole(40, 45, "device-memory")]))
    replayed.edge.grow(GARAGE, 200)
    for _ in range(dice.randint(0, 6)):
        replay.step()
    replayed.cloud.restore(tmp_path / "copy.db")
    replayed.edge.grow(GARAGE, 210)
    replayed.settle(replay if seed % 2 else replayed.replay())
    assert_twins(replayed)


def test_a_quiet_stream_that_went_back_is_found_with_the_next_batch_of_another(
    replayed: House, tmp_path: Path
) -> None:
    replayed.cloud.copy(tmp_path / "empty.db")
    replayed.edge.grow(CELLAR, 50)
    replayed.edge.grow(GARAGE, 50)
    replay = replayed.replay()
    replayed.settle(replay)
    replayed.cloud.restore(tmp_path / "empty.db")
    replayed.edge.grow(GARAGE, 51)
    replayed.settle(replay)
    assert_twins(replayed)


def test_a_reading_that_turns_up_in_a_gap_travels_as_a_fill(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 100, (Hole(10, 19, "link", NOW_MS, NOW_MS + 9),))
    replay = replayed.replay()
    replayed.settle(replay)
    replayed.edge.take(Part(*GARAGE, 100, fills=[row(12), row(13)]))
    replayed.settle(replay)
    assert_twins(replayed)
    assert [len(part.fills) for batch in replayed.cloud.batches for part in batch.parts][-2:] == [1, 1]


def test_more_fills_than_a_batch_holds_travel_in_several(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 30_000, (Hole(1, 29_000, "link"),))
    replay = replayed.replay()
    replayed.settle(replay)
    with replayed.edge.db.write():
        replayed.edge.receiver.receive(Part(*GARAGE, 30_000, fills=[row(seq) for seq in range(1, 29_001)]))
        replayed.edge.db.executemany(
            "INSERT INTO amends (stream, from_seq, to_seq) VALUES (1, ?, ?)", [(1, 900), (901, 29_000)]
        )
    replayed.settle(replay)
    assert_twins(replayed)
    assert sum(len(part.fills) for batch in replayed.cloud.batches for part in batch.parts) == 29_000


def test_an_impossible_reading_is_withheld_and_what_follows_goes_on(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 9)
    replayed.edge.take(Part(*GARAGE, 9, [row(10, voltage_mv=9_000_000)]))
    replayed.edge.grow(GARAGE, 20)
    replay = replayed.replay()
    replayed.settle(replay)
    assert [r[2] for r in held(replayed.cloud.db, True)] == [*range(1, 10), *range(11, 21)]
    assert gaps(replayed.cloud.db) == [("garage", 7, 10, 10, "refused", None, None)]
    assert (replay.progress.refused_rows, replay.progress.state) == (1, "ok")
    replayed.edge.grow(GARAGE, 21)
    replayed.settle(replay)
    assert replay.progress.refused_rows == 1


def test_rows_that_make_a_whole_batch_refused_are_found_and_withheld(replayed: House) -> None:
    poison = {77, 78, 1_500}

    def refuse(batch: Batch) -> None:
        if poison & {each[0] for part in batch.parts for each in part.rows}:
            raise RowsRefused("poisoned")

    replayed.cloud.before = refuse
    replayed.edge.grow(GARAGE, 3_000)
    replayed.edge.grow(CELLAR, 70)
    replay = replayed.replay()
    replayed.settle(replay)
    arrived = {(r[0], r[2]) for r in held(replayed.cloud.db, True)}
    assert arrived == {("garage", s) for s in range(1, 3_001)} - {("garage", s) for s in poison} | {
        ("cellar", s) for s in range(1, 71)
    }
    assert replay.progress.refused_rows == len(poison)


def test_a_cloud_that_refuses_everything_stops_the_replay_and_loses_nothing(replayed: House) -> None:
    def refuse(batch: Batch) -> None:
        if batch.parts:
            raise RowsRefused("no")

    replayed.cloud.before = refuse
    replayed.edge.grow(GARAGE, 3_000)
    replay = replayed.replay()
    with pytest.raises(NotAdmitted, match="within an hour"):
        replayed.settle(replay)
    assert replay.progress.state == "not-admitted"
    assert replay.progress.refused_rows == MOST_WITHHELD_PER_H
    with pytest.raises(NotAdmitted):
        replay.step()
    replayed.cloud.before = lambda _batch: None
    replayed.settle(replayed.replay(lambda: NOW_MS + 3_600_001))
    assert len(held(replayed.cloud.db, True)) == 3_000 - MOST_WITHHELD_PER_H


def test_a_cloud_whose_clock_is_wrong_does_not_run_past_good_readings(replayed: House) -> None:
    here_ms = NOW_MS + 10 * 86_400_000
    replayed.edge.take(Part(*GARAGE, 0, [row(s, taken_ms=here_ms + s) for s in range(1, 2_000)]))
    with pytest.raises(NotAdmitted, match="set the wrong one"):
        replayed.settle(replayed.replay(lambda: here_ms + 9_000))
    assert replayed.cloud.cursors([GARAGE])[GARAGE] == 0
