"""A replay against a real cloud database in process, over a way that loses, repeats and refuses."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import orjson

from cloud.intake import cursors_of, take
from cloud.sites import numbers_of
from store.backlog import Backlog
from store.by_stream import RowsByStream
from store.clouds import Clouds
from store.database import Database
from store.part import Hole, Part
from store.receiver import Receiver
from store.sqlite import Disk, open_database
from sync.answer import Answer
from sync.batch import Batch
from sync.failure import Failure, NotAdmitted, Unreachable
from sync.rejection import Rejection
from sync.replay import Replay, Step
from sync.uplink import answered

NOW_MS = 1_795_168_800_000
URL = "https://cloud.example"
VALUES = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)
GARAGE, CELLAR = ("garage", 7), ("cellar", 65_537)
# More steps than any of these histories needs; a replay that gets nowhere fails here.
MOST_STEPS = 2_000


class Edge:
    """An edge's database, written as the collector writes it."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self.db = open_database(path, "edge", disk)
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
    clock_ms: int = NOW_MS
    tells_time: bool = True
    disk: Disk | None = None

    def __post_init__(self) -> None:
        self.db = open_database(self.path, "cloud")
        self.site = numbers_of(self.db, ["rumah"])["rumah"]

    def cursors(self, streams: list[tuple[str, int]]) -> dict[tuple[str, int], int]:
        self.asked += 1
        return cursors_of(self.db, self.site, streams)

    def send(self, body: bytes) -> Callable[[], Answer]:
        return lambda: self._take(body)

    def _take(self, body: bytes) -> Answer:
        try:
            batch = Batch.decode(body, self.clock_ms)
            self.before(batch)
            self.batches.append(batch)
            taken = take(self.db, self.site, batch, self.clock_ms)
        except Rejection as rejection:
            return self._refusal(rejection)
        except sqlite3.OperationalError as error:
            raise Unreachable(f"503: {error}") from error
        self.after(batch)
        return Answer(taken.cursors, tuple(taken.refused), self.watch_s)

    def _refusal(self, rejection: Rejection) -> Answer:
        """As it arrives over HTTP."""
        date = {"Date": formatdate(self.clock_ms / 1000, usegmt=True)} if self.tells_time else {}
        said = {"error": rejection.word, "message": str(rejection)}
        return answered(rejection.status, date, orjson.dumps(said))

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
