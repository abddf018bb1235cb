"""A small house on real databases that can be asked at any moment whether the promises hold.

What was measured is written down; the edge and its clouds are the real store and sync, and every fault is an
argument. Times and values follow from the seq, so that a record has one content wherever it turns up.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from failingdisk import REFUSALS, FailingDisk, PowerCut
from madeparts import open_fresh
from replayed import NOW_MS, Clock, Edge, held, row
from simulated_edge import copy_card, erase_card

from cloud.intake import cursors_of, take
from store.backlog import Backlog
from store.clouds import Clouds
from store.database import Database
from store.part import Hole, Part
from store.sqlite import open_database
from sync.answer import Answer
from sync.batch import Batch
from sync.failure import Unreachable
from sync.replay import Replay, Step

SITE = 1
Name = tuple[str, int]
Record = tuple[Name, int]  # stream, seq
# More turns than any backlog of such a house needs.
MOST_TURNS = 300
IMPOSSIBLE_MV = 9_000_000
# What can happen to a record: it comes, dated or not yet; it is impossible; it comes late; it never comes.
KINDS = ("row", "row", "row", "undated", "impossible", "late", "sensor")
FATES = ("well", "request lost", "answer lost", "late", "power cut", "refused by the disk")


@dataclass
class Side:
    """What one database holds, record by record; raises AssertionError where that contradicts itself."""

    rows: dict[Record, tuple[Any, ...]] = field(default_factory=dict)
    causes: dict[Record, str] = field(default_factory=dict)
    cursors: dict[Name, int] = field(default_factory=dict)

    @classmethod
    def of(cls, db: Database, by_time: bool) -> "Side":
        found = held(db, by_time)
        side = cls({((r[0], r[1]), r[2]): r[3:] for r in found})
        assert len(side.rows) == len(found), "a reading is stored twice"
        sql = "SELECT source, boot, from_seq, to_seq, cause FROM gaps g JOIN streams s ON s.id = g.stream"
        for source, boot, low, high, cause in db.execute(sql):
            for seq in range(low, high + 1):
                record = ((source, boot), seq)
                assert record not in side.causes, f"{record} lies in two gaps"
                assert record not in side.rows, f"{record} is stored and lies in a gap"
                side.causes[record] = cause
        sql = "SELECT source, boot, first, cursor FROM streams"
        for source, boot, first, cursor in db.execute(sql):
            side.cursors[source, boot] = cursor
            for seq in range(first, cursor + 1):
                record = ((source, boot), seq)
                assert record in side.rows or record in side.causes, f"{record} is not accounted for"
        beyond = [r for r in (*side.rows, *side.causes) if r[1] > side.cursors[r[0]]]
        assert not beyond, f"{beyond} lie beyond the cursor"
        return side


class Hosted:
    """A cloud and the way to it. `fate` says what becomes of the next batch."""

    def __init__(self, folder: Path, number: int) -> None:
        self.path, self.url = folder / f"cloud{number}.sqlite", f"https://cloud{number}.example"
        self.copy = folder / f"copy{number}.sqlite"
        self.disk = FailingDisk()
        self.fate, self.step = FATES[0], 1
        self.late: list[bytes] = []
        self.confirmed: set[Record] = set()  # stored here when an answer said so
        self.db = self._opened()

    def cursors(self, streams: list[Name], /) -> dict[Name, int]:
        if self.fate == "request lost":
            raise Unreachable(self.fate)
        return dict(cursors_of(self.db, SITE, streams))

    def send(self, body: bytes, /) -> Callable[[], Answer]:
        return lambda: self._answer(body)

    def arrive(self) -> None:
        """A request that the edge gave up arrives after all."""
        take(self.db, SITE, Batch.decode(self.late.pop(), NOW_MS), NOW_MS)

    def behind(self) -> bool:
        """Whether the copy's cursors are behind in some stream that it knows, or does not know."""
        with closing(open_database(self.copy, "cloud")) as db:
            then = Side.of(db, True).cursors
        return any(cursor > then.get(name, 0) for name, cursor in self.held().cursors.items())

    def replace_with(self, path: Path | None) -> None:
        """The database is wiped, or a copy takes its place."""
        self.db.close()
        if path:
            copy_card(path, self.path)
        else:
            erase_card(self.path)
        self.db = self._opened()
        self.confirmed &= self.held().rows.keys()

    def held(self) -> Side:
        return Side.of(self.db, True)

    def _answer(self, body: bytes) -> Answer:
        if self.fate in ("request lost", "late"):
            self.late += [body] * (self.fate == "late")
            raise Unreachable(self.fate)
        self.disk.at = len(self.disk.steps) + self.step if "power" in self.fate or "disk" in self.fate else 0
        self.disk.fault = PowerCut if self.fate == "power cut" else REFUSALS[self.step % len(REFUSALS)]
        try:
            taken = take(self.db, SITE, Batch.decode(body, NOW_MS), NOW_MS)
        except (PowerCut, sqlite3.OperationalError) as fault:
            self.db.close()
            self.db = self._opened()
            raise Unreachable(str(fault)) from fault
        finally:
            self.disk.at = 0
        if self.fate == "answer lost":
            raise Unreachable(self.fate)
        self.confirmed |= {r for r in self.held().rows if r[1] <= taken.cursors.get(r[0], 0)}
        return Answer(taken.cursors, tuple(taken.refused))

    def _opened(self) -> Database:
        open_fresh(self.path, "cloud").close()
        db = open_database(self.path, "cloud", self.disk)
        db.conn.execute("INSERT OR IGNORE INTO sites (id, name) VALUES (1, 'rumah')")
        return db


class Measured:
    """An edge with a device per stream: all that was ever measured, and what the edge may have forgotten."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path, self.copy = folder, folder / "edge.sqlite", folder / "card.sqlite"
        self.kinds: dict[Name, list[str]] = {}
        self.acked: dict[Name, int] = {}
        self.forgotten: set[Record] = set()  # acknowledged by a card that is not in the edge any more
        self.came: set[Record] = set()  # late, but here
        self.clouds: list[Hosted] = []
        self.replays: dict[str, Replay] = {}
        self.clock = Clock()
        self.disk = FailingDisk()
        self._open()

    def close(self) -> None:
        for db in (self.edge.db, *(cloud.db for cloud in self.clouds)):
            db.close()

    def collect(self, name: Name, upto: int, fault_at: int = 0) -> None:
        """The edge takes what the device has up to `upto`; the disk may fail at that step (odd: a power cut)."""
        cursor = self.edge.receiver.streams.cursor(*name)
        waits = self._waits(name)
        rows, holes, undated = [], [], []
        for seq in range(cursor + 1, upto + 1):
            kind = self.kinds[name][seq - 1]
            if seq <= self.acked.get(name, 0) or kind in ("sensor", "late"):
                forgot = kind != "sensor" and seq <= self.acked.get(name, 0)
                cause = "elsewhere" if forgot or kind == "late" else "sensor"
                holes.append(Hole(seq, seq, cause, content(seq, kind)[2], content(seq, kind)[2]))
                continue
            waits = waits or kind == "undated"
            undated += [seq] * waits
            whole = content(seq, kind)
            rows.append((*whole[:2], None, *whole[3:]) if waits else whole)
        self._failing(fault_at, lambda: self._store(name, cursor, rows, holes, undated))
        self.acked[name] = max(self.acked.get(name, 0), self.edge.receiver.streams.cursor(*name))

    def date(self, name: Name, most: int) -> None:
        """The oldest rows that wait get their date, as edge/latedates.py enters it."""
        number = self._number(name)
        waiting = self.edge.db.execute(
            "SELECT seq FROM undated WHERE stream = ? ORDER BY seq LIMIT ?", (number, most)
        ).fetchall()
        with self.edge.db.write():
            for (seq,) in waiting:
                self.edge.db.execute(
                    "UPDATE readings SET taken_ms = ? WHERE stream = ? AND seq = ?",
                    (row(seq)[2], number, seq),
                )
                self.edge.db.execute("DELETE FROM undated WHERE stream = ? AND seq = ?", (number, seq))

    def turn_up(self, name: Name) -> None:
        """The oldest record that is still to come late is here."""
        late = [
            seq for seq, kind in enumerate(self.kinds[name], 1)
            if kind == "late" and (name, seq) not in self.came and seq <= self._sendable(name)
        ]  # fmt: skip
        if late:
            cursor = self.edge.receiver.streams.cursor(*name)
            self.edge.take(Part(*name, cursor, fills=[content(late[0], "row")]))
            self.came.add((name, late[0]))

    def name_gaps(self, name: Name, low: int, high: int) -> None:
        """A `lost` line tells what became of records; only what nobody could explain gets its cause from it."""
        held = [gap for gap in self._gaps(name, low, high) if gap.cause == "elsewhere"]
        named = [Hole(max(g.from_seq, low), min(g.to_seq, high), "device-memory") for g in held]
        cursor = self.edge.receiver.streams.cursor(*name)
        if named:
            self.edge.take(Part(*name, cursor, fill_holes=named))

    def swap_card(self, path: Path | None) -> None:
        """An older copy of the card, or an empty one, takes its place."""
        before = self.held()
        self.stop()
        erase_card(self.path)
        if path:
            copy_card(path, self.path)
        self._open()
        self.forgotten |= before.rows.keys() - self.held().rows.keys()

    def stop(self) -> None:
        self.edge.db.close()
        self.replays = {}

    def held(self) -> Side:
        return Side.of(self.edge.db, False)

    def replay(self, cloud: Hosted) -> Replay:
        if cloud.url not in self.replays:
            clouds = Clouds(self.edge.db)
            backlog = Backlog(self.edge.db, clouds.number(cloud.url))
            self.replays[cloud.url] = Replay(backlog, clouds, cloud.url, cloud, lambda: NOW_MS, self.clock)
        return self.replays[cloud.url]

    def send(self, cloud: Hosted, fate: str, step: int, turns: int = 3) -> bool:
        """Some turns of the replay, all with one fate; True when nothing is left to send."""
        cloud.fate, cloud.step = fate, step
        self.clock.now_s += 1
        try:
            for _ in range(turns):
                if self.replay(cloud).step() is Step.IDLE:
                    return True
        except Unreachable:
            pass
        return False

    def _open(self) -> None:
        open_fresh(self.path, "edge").close()
        self.edge = Edge(self.path, self.disk)

    def _failing(self, fault_at: int, work: Callable[[], None]) -> None:
        self.disk.at = len(self.disk.steps) + fault_at if fault_at else 0
        self.disk.fault = PowerCut if fault_at % 2 else REFUSALS[fault_at % len(REFUSALS)]
        try:
            work()
        except (PowerCut, sqlite3.OperationalError):
            self.stop()
            self.disk.at = 0
            self._open()
        self.disk.at = 0

    def _store(self, name: Name, cursor: int, rows: list[Any], holes: list[Hole], undated: list[int]) -> None:
        with self.edge.db.write():
            self.edge.receiver.receive(Part(*name, cursor, rows, holes))
            self.edge.db.executemany(
                "INSERT INTO undated (stream, seq, uptime_ms) VALUES (?, ?, 0)",
                [(self._number(name), seq) for seq in undated],
            )

    def _number(self, name: Name) -> int | None:
        stream = self.edge.receiver.streams.find(*name)
        return stream.id if stream else None

    def _waits(self, name: Name) -> bool:
        sql = "SELECT 1 FROM undated WHERE stream = ?"
        return self.edge.db.execute(sql, (self._number(name),)).fetchone() is not None

    def _sendable(self, name: Name) -> int:
        stream = self.edge.receiver.streams.find(*name)
        return Backlog(self.edge.db, 0).sendable(stream) if stream else 0

    def _gaps(self, name: Name, low: int, high: int) -> list[Hole]:
        stream = self.edge.receiver.streams.find(*name)
        return self.edge.receiver.gaps.between(stream.id, low, high) if stream else []


def content(seq: int, kind: str) -> tuple[Any, ...]:
    """The dated row of a record; it follows from its seq."""
    return row(seq, voltage_mv=IMPOSSIBLE_MV) if kind == "impossible" else row(seq)
