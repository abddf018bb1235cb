"""Stories of what a house writes, told on a disk that may fail at any step: each to the same end.

`tell` raises what the disk raises where the real process would end; it is called again after `crash`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from collecting import Edge, hello, lost, reading, silent
from failingdisk import FailingDisk, PowerCut
from replayed import (
    CELLAR,
    GARAGE,
    MOST_STEPS,
    NOW_MS,
    URL,
    Clock,
    Cloud,
    House,
    assert_twins,
    gaps,
    held,
    row,
)
from replayed import Edge as Writer

from edge.line import Ack, Line, Refused
from edge.timezone import tell_timezone
from store.backlog import Backlog
from store.changes import TIMEZONE, Changes
from store.clouds import Clouds
from store.part import Hole, Part
from store.sqlite import open_database
from sync.answer import Answer
from sync.failure import Unreachable
from sync.replay import NOTE_EVERY_S, Replay, Step

# Everything that is held in the end, with both twins found equal.
End = list[Any]
# A device sends again what is not acknowledged for so long.
RESEND_MS = 12_000
SYNC_MS = 4_000
BOOT = 0x1111_0005
# No register can hold it; a cloud refuses it.
IMPOSSIBLE_MV = 9_000_000


class Story(Protocol):
    def tell(self) -> None: ...
    def crash(self) -> None: ...
    def end(self) -> End: ...


class Collected:
    """A device, and the collector on the failing disk; 70 s, of which the device measures for 30."""

    known_from_ms = 0
    records: tuple[tuple[int, Line], ...] = tuple(
        (1000 * seq, reading(seq, channel=1 + seq % 2)) for seq in range(1, 31)
    )
    again: tuple[tuple[int, Line], ...] = ()
    oldest: tuple[int, int] = (0, 1)  # from this uptime on the device holds nothing below this seq
    until_ms = 70_000

    def __init__(self, folder: Path, disk: FailingDisk) -> None:
        self.edge = Edge(folder, disk)
        self.acked = self.sent = self.progress_ms = 0
        self.house = House(_reopened(self.edge.path), Cloud(folder / "cloud.sqlite"), Clock())
        self.replay = self.house.replay()

    def tell(self) -> None:
        while self.edge.mono_ms < self.until_ms:
            self.edge.known = self.edge.mono_ms >= self.known_from_ms
            self.edge.run(100)
            if self.edge.mono_ms % 1000 == 0:
                self._a_second()

    def crash(self) -> None:
        self.edge.restart()

    def end(self) -> End:
        self.house.settle(self.replay)
        assert_twins(self.house)
        db = self.edge.db
        kept = [(seq, why) for seq, why in db.execute("SELECT seq, why FROM quarantine ORDER BY number")]
        ends = [self.acked, held(db, False), gaps(db), kept]
        for each in (db, self.house.edge.db, self.house.cloud.db):
            each.close()
        return ends

    def _a_second(self) -> None:
        now = self.edge.mono_ms
        self._hear_acks(now)
        if now - self.progress_ms >= RESEND_MS:
            self.sent, self.progress_ms = self.acked, now
        due = [line for at, line in self.records if at <= now and _seq(line) > self.sent]
        self.sent = max([self.sent, *map(_seq, due)])
        extra = [line for at, line in self.again if at == now]
        oldest = max(self.acked + 1, self.oldest[1] if now >= self.oldest[0] else 1)
        self.edge.hear(hello(now, oldest), *due, *extra)
        if now % SYNC_MS == 0:
            self.replay.step()
            self.house.clock.now_s += SYNC_MS / 1000

    def _hear_acks(self, now: int) -> None:
        for said, on_disk in zip(self.edge.wire.told, self.edge.wire.on_disk, strict=True):
            assert isinstance(said, Ack)
            assert said.seq <= on_disk
            if said.seq > self.acked:
                self.acked, self.progress_ms = said.seq, now
        self.edge.wire.told, self.edge.wire.on_disk = [], []


class Committed(Collected):
    """Readings, a silent sensor and a refused line, on a new board."""

    records = tuple(
        (at, silent(5) if at == 5_000 else Refused("garage", BOOT, 9, b"R7", "?") if at == 9_000 else line)
        for at, line in Collected.records
    )


class DatedLate(Collected):
    """The own clock becomes known after two commits."""

    known_from_ms = 25_000


class Filled(Collected):
    """Records 3 to 5 are passed over; then 4 turns up, and a `lost` line tells what became of 3."""

    records = tuple(each for each in Collected.records if not 3_000 <= each[0] <= 5_000)
    oldest = (6_000, 6)
    again = tuple((at, line) for at in (20_000, 40_000, 60_000) for line in (reading(4), lost(3, 1)))
    until_ms = 80_000


class FailingCloud(Cloud):
    """A cloud on the failing disk: refused with 503, or gone in the middle of a batch."""

    def _take(self, body: bytes) -> Answer:
        try:
            return super()._take(body)
        except PowerCut as cut:
            self.db.close()
            self.db = open_database(self.path, "cloud", self.disk)
            raise Unreachable("the cloud lost its power") from cut


class TakenIn:
    """A cloud on the failing disk takes in readings, holes, fills, a change and an impossible reading."""

    def __init__(self, folder: Path, disk: FailingDisk) -> None:
        self.cloud = FailingCloud(folder / "cloud.sqlite")
        self.cloud.db.close()
        self.cloud.disk = disk
        self.cloud.db = open_database(self.cloud.path, "cloud", disk)
        self.house = House(Writer(folder / "edge.sqlite"), self.cloud, Clock())

    def tell(self) -> None:
        house, edge = self.house, self.house.edge
        replay = house.replay()
        edge.grow(GARAGE, 20, (Hole(4, 9, "elsewhere", NOW_MS, NOW_MS + 5),))
        edge.take(Part(*CELLAR, 99, [row(100)], [Hole(101, 101, "link")], first=100))
        tell_timezone(edge.db, "rumah", "Asia/Makassar", 10**9)
        house.settle(replay)
        edge.take(Part(*GARAGE, 20, fills=[row(6)], fill_holes=[Hole(4, 5, "device-memory")]))
        edge.take(Part(*GARAGE, 20, [row(21), row(22, voltage_mv=IMPOSSIBLE_MV)]))
        house.settle(replay)

    def crash(self) -> None:
        raise AssertionError("a cloud answers, or nobody hears of it; nothing else ends")

    def end(self) -> End:
        edge, cloud = self.house.edge.db, self.cloud.db
        assert held(cloud, True) == [each for each in held(edge, False) if each[5] < IMPOSSIBLE_MV]
        kept = cloud.execute("SELECT seq FROM quarantine ORDER BY number").fetchall()
        ends = [held(cloud, True), gaps(cloud), kept, Changes(cloud, self.cloud.site).current(TIMEZONE)]
        edge.close()
        cloud.close()
        return ends


class Noted:
    """The sync worker on the failing disk: a cloud that is new, where it stands, what it refused."""

    def __init__(self, folder: Path, disk: FailingDisk) -> None:
        self.disk, self.folder = disk, folder
        self.house = House(Writer(folder / "edge.sqlite"), Cloud(folder / "cloud.sqlite"), Clock())
        self.house.edge.grow(GARAGE, 30, (Hole(4, 9, "sensor"),))
        self.house.edge.take(Part(*GARAGE, 30, [row(31, voltage_mv=IMPOSSIBLE_MV)]))
        self.db = self.house.edge.db

    def tell(self) -> None:
        self.db = open_database(self.folder / "edge.sqlite", "edge", self.disk)
        clouds = Clouds(self.db)
        backlog = Backlog(self.db, clouds.number(URL))
        replay = Replay(backlog, clouds, URL, self.house.cloud, lambda: NOW_MS, self.house.clock)
        for _ in range(MOST_STEPS):
            if replay.step() is Step.IDLE:
                break
        self.house.clock.now_s += NOTE_EVERY_S
        replay.step()
        replay.note()

    def crash(self) -> None:
        self.db.close()

    def end(self) -> End:
        clouds = Clouds(self.db)
        edge, cloud = self.house.edge.db, self.house.cloud.db
        assert held(cloud, True) == held(edge, False)[:-1]
        ends = [held(cloud, True), gaps(cloud), clouds.acknowledged(clouds.number(URL))[0]]
        for each in (self.db, edge, cloud):
            each.close()
        return ends


class Changed:
    """The house's time zone is told once, however often its writer begins anew."""

    def __init__(self, folder: Path, disk: FailingDisk) -> None:
        self.disk, self.starts = disk, 0
        self.house = House(Writer(folder / "edge.sqlite"), Cloud(folder / "cloud.sqlite"), Clock())
        self.path = folder / "edge.sqlite"
        self.db = open_database(self.path, "edge", disk)

    def tell(self) -> None:
        self.starts += 1
        tell_timezone(self.db, "rumah", "Asia/Makassar", self.starts * 10**9)

    def crash(self) -> None:
        self.db.close()
        self.db = open_database(self.path, "edge", self.disk)

    def end(self) -> End:
        self.house.settle(self.house.replay())
        edge, cloud = self.house.edge.db, self.house.cloud
        told = [db.execute("SELECT seq, kind, rev, value FROM changes").fetchall() for db in (edge, cloud.db)]
        assert told[0] == told[1]
        for db in (self.db, edge, cloud.db):
            db.close()
        return told[0]


STORIES: dict[str, Callable[[Path, FailingDisk], Story]] = {
    "a collector commits": Committed,
    "rows are dated late": DatedLate,
    "a gap is filled and named": Filled,
    "a cloud takes in batches": TakenIn,
    "the sync worker notes": Noted,
    "a change is written": Changed,
}


def _seq(line: Line) -> int:
    return int(getattr(line, "seq", 0))


def _reopened(path: Path) -> Writer:
    return Writer(path)
