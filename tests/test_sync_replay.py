"""Replay over a way that loses, repeats and refuses: in the end the cloud holds what the edge holds, once."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cloud.intake import cursors_of, take
from cloud.sites import Sites, SiteSetting
from store.backlog import Backlog
from store.by_stream import RowsByStream
from store.changes import TIMEZONE, Changes
from store.clouds import Clouds
from store.database import Database, open_database
from store.gaps import Gaps
from store.part import Hole, Part
from store.receiver import Receiver
from sync.answer import Answer
from sync.batch import Batch
from sync.failure import Failure, NotAdmitted, RowsRefused, TooLarge, Unreachable
from sync.rejection import Rejection
from sync.replay import MOST_SURPRISES, MOST_WITHHELD_PER_H, Replay, Step

NOW_MS = 1_795_168_800_000
URL = "https://cloud.example"
VALUES = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)
GARAGE, CELLAR = ("garage", 7), ("cellar", 65_537)
# More steps than any of these histories needs; a replay that gets nowhere fails here.
MOST_STEPS = 2_000


class Edge:
    """An edge's database, written as the collector writes it."""

    def __init__(self, path: Path) -> None:
        self.db = open_database(path, "edge")
        self.receiver = Receiver(self.db, RowsByStream(self.db))

    def take(self, part: Part) -> None:
        with self.db.write():
            self.receiver.receive(part)
            stream = self.receiver.streams.find(part.source, part.boot)
            assert stream is not None
            for row in part.fills:
                self._amend(stream.id, row[0], row[0])
            for hole in part.fill_holes:
                self._amend(stream.id, hole.from_seq, hole.to_seq)

    def grow(self, stream: tuple[str, int], upto: int, holes: tuple[Hole, ...] = ()) -> None:
        """Record everything up to `upto` but for the holes, on two channels."""
        cursor = self.receiver.streams.cursor(*stream)
        missing = {seq for hole in holes for seq in range(hole.from_seq, hole.to_seq + 1)}
        rows = [row(seq) for seq in range(cursor + 1, upto + 1) if seq not in missing]
        self.take(Part(*stream, cursor, rows, holes))

    def _amend(self, stream: int, low: int, high: int) -> None:
        self.db.execute("INSERT INTO amends (stream, from_seq, to_seq) VALUES (?, ?, ?)", (stream, low, high))


def row(seq: int, **changed: int) -> tuple[Any, ...]:
    taken_ms = changed.get("taken_ms", NOW_MS - 86_400_000 + 1000 * seq)
    return (seq, 1 + seq % 2, taken_ms, changed.get("voltage_mv", VALUES[0] + 100 * (seq % 7)), *VALUES[1:])


@dataclass
class Cloud:
    """A cloud in this process behind a way with faults; `faults` are asked before and after each batch."""

    path: Path
    before: Callable[[Batch], None] = lambda _batch: None
    after: Callable[[Batch], None] = lambda _batch: None
    batches: list[Batch] = field(default_factory=list)
    asked: int = 0
    watch_s: int = 0

    def __post_init__(self) -> None:
        self.db = open_database(self.path, "cloud")
        self.site = Sites([SiteSetting("rumah", "a-token-of-a-site")], self.db).all()[0].number

    def cursors(self, streams: list[tuple[str, int]]) -> dict[tuple[str, int], int]:
        self.asked += 1
        return cursors_of(self.db, self.site, streams)

    def send(self, body: bytes) -> Callable[[], Answer]:
        return lambda: self._take(body)

    def _take(self, body: bytes) -> Answer:
        batch = Batch.decode(body, NOW_MS)
        self.before(batch)
        self.batches.append(batch)
        try:
            taken = take(self.db, self.site, batch, NOW_MS)
        except Rejection as rejection:
            if rejection.status != 422:
                raise
            raise RowsRefused(str(rejection)) from rejection
        self.after(batch)
        return Answer(taken.cursors, tuple(taken.refused), self.watch_s)

    def copy(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as to:
            self.db.conn.backup(to)

    def restore(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as source:
            source.backup(self.db.conn)


class Wavering:
    """A cloud that says one thing when asked and another when sent to."""

    def cursors(self, _streams: list[tuple[str, int]], /) -> dict[tuple[str, int], int]:
        return {GARAGE: 5}

    def send(self, _body: bytes, /) -> Callable[[], Answer]:
        return lambda: Answer({GARAGE: 3})


@dataclass
class Clock:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class House:
    edge: Edge
    cloud: Cloud
    clock: Clock

    def replay(self, now_ms: Callable[[], int] = lambda: NOW_MS) -> Replay:
        clouds = Clouds(self.edge.db)
        backlog = Backlog(self.edge.db, clouds.number(URL))
        return Replay(backlog, clouds, URL, self.cloud, now_ms, self.clock, "rumah")

    def settle(self, replay: Replay, stop_on: type[Failure] = NotAdmitted) -> None:
        """Steps until nothing is left to send, going on after every failure but `stop_on`."""
        for _ in range(MOST_STEPS):
            try:
                if replay.step() is Step.IDLE:
                    return
            except stop_on:
                raise
            except Failure:
                self.clock.now_s += 1
        raise AssertionError(f"not settled after {MOST_STEPS} steps: {replay.progress}")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    edge, cloud = Edge(tmp_path / "edge.sqlite"), Cloud(tmp_path / "cloud.db")
    with closing(edge.db), closing(cloud.db):
        yield House(edge, cloud, Clock())


def held(db: Database, by_time: bool) -> list[tuple[Any, ...]]:
    """Every row of a side under the names that both sides share."""
    channel = "m.channel" if by_time else "r.channel"
    join = "JOIN meters m ON m.id = r.meter" if by_time else ""
    return db.execute(
        f"SELECT s.source, s.boot, r.seq, {channel}, r.taken_ms, r.voltage_mv, r.current_ma, r.power_mw,"
        f" r.energy_wh, r.frequency_mhz, r.power_factor_milli, r.alarm FROM readings r"
        f" JOIN streams s ON s.id = r.stream {join} ORDER BY 1, 2, 3"
    ).fetchall()


def gaps(db: Database) -> list[tuple[Any, ...]]:
    return db.execute(
        "SELECT s.source, s.boot, g.from_seq, g.to_seq, g.cause, g.from_ms, g.to_ms FROM gaps g"
        " JOIN streams s ON s.id = g.stream ORDER BY 1, 2, 3"
    ).fetchall()


def assert_twins(house: House) -> None:
    assert held(house.cloud.db, True) == held(house.edge.db, False)
    assert gaps(house.cloud.db) == gaps(house.edge.db)


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
    house.edge.take(
        Part(*GARAGE, 0, [row(s, taken_ms=NOW_MS + 10 * 86_400_000 + s) for s in range(1, 2_000)])
    )
    replay = house.replay()
    with pytest.raises(NotAdmitted, match="within an hour"):
        house.settle(replay)
    assert house.cloud.cursors([GARAGE])[GARAGE] <= 2 * MOST_WITHHELD_PER_H


def test_a_batch_that_is_too_large_is_halved_until_it_fits(house: House) -> None:
    def refuse(batch: Batch) -> None:
        if batch.rows > 300:
            raise TooLarge("300 rows are enough")

    house.cloud.before = refuse
    house.edge.grow(GARAGE, 3_000)
    house.settle(house.replay())
    assert_twins(house)


def test_batches_grow_with_the_line_up_to_the_bound(house: House) -> None:
    house.edge.grow(GARAGE, 100_000)
    house.settle(house.replay())
    sizes = [batch.rows for batch in house.cloud.batches]
    assert max(sizes) == 20_000
    assert sizes == sorted(sizes[:-1]) + sizes[-1:]


def test_a_slow_line_gets_batches_of_about_a_second(house: House) -> None:
    def slow(batch: Batch) -> None:
        house.clock.now_s += batch.rows / 700

    house.cloud.before = slow
    house.edge.grow(GARAGE, 20_000)
    house.settle(house.replay())
    sizes = [batch.rows for batch in house.cloud.batches]
    assert all(650 <= size <= 750 for size in sizes[3:-1])


def test_the_next_batch_is_cut_before_the_answer_is_there(house: House) -> None:
    house.edge.grow(GARAGE, 4_000)
    replay = house.replay()
    assert [replay.step() for _ in range(4)] == [Step.SENT, Step.LANDED, Step.LANDED, Step.IDLE]
    assert [batch.rows for batch in house.cloud.batches] == [2_000, 2_000]


def test_a_long_backlog_of_one_stream_does_not_hold_up_the_others(house: House) -> None:
    house.edge.grow(GARAGE, 50_000)
    house.edge.grow(CELLAR, 10)
    house.settle(house.replay())
    assert [part.source for part in house.cloud.batches[1].parts] == ["cellar", "garage"]


def test_with_nothing_to_send_an_empty_batch_says_every_half_minute_that_the_edge_lives(house: House) -> None:
    replay = house.replay()
    for _ in range(120):
        replay.step()
        house.clock.now_s += 1
    assert [len(batch.parts) for batch in house.cloud.batches] == [0] * 4
    assert replay.progress.state == "ok"


def test_the_cloud_is_asked_again_after_every_failure(house: House) -> None:
    house.edge.grow(GARAGE, 10)
    replay = house.replay()
    replay.step()
    house.cloud.before = lambda _batch: (_ for _ in ()).throw(Unreachable("gone"))
    with pytest.raises(Unreachable):
        replay.step()
    assert (replay.progress.state, replay.progress.reason, replay.progress.backlog_rows) == (
        "offline", "gone", 10,
    )  # fmt: skip
    house.cloud.before = lambda _batch: None
    house.settle(replay)
    assert house.cloud.asked == 2
    assert_twins(house)


def test_a_cloud_whose_cursors_never_agree_is_left_alone_for_a_while(house: House) -> None:
    house.edge.grow(GARAGE, 10)
    replay = Replay(
        Backlog(house.edge.db, 1), Clouds(house.edge.db), URL, Wavering(), lambda: NOW_MS, house.clock
    )
    for _ in range(2 * MOST_SURPRISES + 1):
        replay.step()
    with pytest.raises(Unreachable, match="keep changing"):
        replay.step()


def test_what_the_cloud_has_beyond_a_restored_card_is_left_as_it_is(house: House) -> None:
    house.edge.grow(GARAGE, 100)
    house.settle(house.replay())
    house.edge.db.execute("DELETE FROM readings WHERE seq > 60")
    house.edge.db.execute("UPDATE streams SET cursor = 60")
    replay = house.replay()
    house.settle(replay)
    assert (len(held(house.cloud.db, True)), replay.progress.backlog_rows) == (100, 0)
    house.edge.grow(GARAGE, 120, (Hole(61, 90, "elsewhere"),))
    house.settle(replay)
    assert [r[2] for r in held(house.cloud.db, True)] == list(range(1, 121))


def test_the_card_is_written_once_a_minute_and_only_what_moved(house: House) -> None:
    notes: list[dict[int, int]] = []
    clouds = Clouds(house.edge.db)
    replay = Replay(
        Backlog(house.edge.db, clouds.number(URL)), clouds, URL, house.cloud, lambda: NOW_MS, house.clock
    )
    clouds.note = lambda _cloud, cursors, *_: notes.append(cursors)  # type: ignore[method-assign]
    house.edge.grow(CELLAR, 5)
    for second in range(1, 181):
        house.edge.grow(GARAGE, second)
        replay.step()
        house.clock.now_s += 1
    replay.note()
    assert len(notes) == 3
    assert set(notes[-1]) == {2}


def test_gaps_that_learned_their_cause_travel(house: House) -> None:
    house.edge.grow(GARAGE, 50, (Hole(10, 19, "elsewhere"),))
    replay = house.replay()
    house.settle(replay)
    house.edge.take(Part(*GARAGE, 50, fill_holes=[Hole(12, 19, "device-memory", NOW_MS, NOW_MS + 7)]))
    house.settle(replay)
    assert_twins(house)
    assert [hole.cause for hole in Gaps(house.cloud.db).between(1, 1, 50)] == ["elsewhere", "device-memory"]
