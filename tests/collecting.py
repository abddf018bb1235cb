"""A collector on a real database, in a time of its own, with senders that remember what they were told."""

from contextlib import closing
from pathlib import Path

from madeparts import open_fresh

from edge.clock import Instant
from edge.collector import Collector, Heard
from edge.line import LOST, Ack, Earlier, Garbled, Hello, Line, NoReading, Reading, parse
from edge.live import Live
from edge.tally import Tally
from store.by_stream import RowsByStream
from store.database import Database
from store.gaps import Gaps
from store.history import History
from store.part import Hole
from store.sqlite import Disk, open_database, open_reader
from store.streams import Streams

OWN_MS = 1_795_168_800_000
BOOT = 0x1111_0005
VALUES = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)


def reading(
    seq: int,
    uptime_ms: int | None = None,
    boot: int = BOOT,
    name: str = "garage",
    wh: int = 38,
    channel: int = 1,
) -> Reading:
    uptime_ms = 1000 * seq if uptime_ms is None else uptime_ms
    return Reading(name, boot, seq, uptime_ms, channel, (*VALUES[:3], wh, *VALUES[4:]))


def silent(seq: int, boot: int = BOOT) -> NoReading:
    return NoReading("garage", boot, seq, 1000 * seq, 1, "timeout", 1)


def lost(seq: int, count: int, boot: int = BOOT) -> NoReading:
    return NoReading("garage", boot, seq, 1000 * seq, 0, LOST, count)


def hello(uptime_ms: int, oldest: int = 1, boot: int = BOOT, name: str = "garage", **more: int) -> Hello:
    said = {"queued": 0, "dropped": 0, "capacity": 160, "earlier": 0} | more
    return Hello(
        name, boot, uptime_ms, "1.0.0", "power", 5_000, said["queued"], oldest, 1_000, said["dropped"], 0,
        said["capacity"], said["earlier"],
    )  # fmt: skip


def s1(oldest: int, newest: int, boot: int = BOOT) -> Earlier:
    return Earlier("garage", boot, oldest, newest)


class Wire:
    """Where answers go: remembers them, and what stood on disk when each left."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.told: list[Line | Garbled] = []
        self.on_disk: list[int] = []

    def send(self, data: bytes) -> None:
        said = parse(data.removesuffix(b"\n"))
        assert isinstance(said, Ack)
        self.told.append(said)
        with closing(open_reader(self._path)) as db:
            streams = [s for s in Streams(db).all() if s.boot & 0xFFFF_FFFF == said.boot]
            self.on_disk.append(max((stream.cursor for stream in streams), default=0))

    def acks(self) -> list[int]:
        """The seqs acknowledged so far, and forget them."""
        told, self.told = self.told, []
        return [said.seq for said in told if isinstance(said, Ack)]


class Edge:
    """The Pi: it hears lines at `mono_ms` and is ticked every 100 ms while time runs."""

    def __init__(self, folder: Path, disk: Disk | None = None, known: bool = True) -> None:
        self.path = folder / "edge.sqlite"
        open_fresh(self.path, "edge").close()
        self.disk, self.known, self.era, self.mono_ms, self.starts_ms = disk, known, "era-1", 0, 0
        self.own_ms = OWN_MS  # what the own clock shows at the beginning
        self.wire = Wire(self.path)
        self.start()

    def start(self) -> None:
        self.db: Database = open_database(self.path, "edge", self.disk)
        self.collector = Collector(self.db, Tally(), Live())

    def restart(self, era: str | None = None) -> None:
        """The process ends without a word and starts again; with an era, the whole machine does."""
        self.db.close()
        if era:
            self.starts_ms, self.mono_ms, self.era = self.starts_ms + self.mono_ms, 0, era
        self.start()

    @property
    def at(self) -> Instant:
        return Instant(
            self.mono_ms, self.own_ms + self.starts_ms + self.mono_ms if self.known else None, self.era
        )

    def hear(self, *lines: Line | Garbled, wire: Wire | None = None) -> None:
        """Lines in one datagram."""
        self.collector.hear(Heard(list(lines), wire or self.wire, self.at))

    def run(self, ms: int) -> None:
        for _ in range(ms // 100):
            self.mono_ms += 100
            self.collector.tick(self.at)

    def commit(self) -> None:
        self.run(10_200)

    def live_through(
        self, seconds: int, boot: int = BOOT, uptime_ms: int | None = None, oldest: int = 1
    ) -> int:
        """Hellos once a second; gives the uptime of the last."""
        uptime_ms = self.mono_ms if uptime_ms is None else uptime_ms
        for _ in range(seconds):
            self.run(1_000)
            uptime_ms += 1_000
            self.hear(hello(uptime_ms, oldest, boot))
        return uptime_ms

    def committed(self, *seqs: int) -> None:
        """Readings that are on disk and acknowledged."""
        self.hear(*(reading(seq) for seq in seqs))
        self.commit()
        self.wire.acks()

    # What is on disk

    def rows(self, boot: int = BOOT) -> dict[int, int | None]:
        """seq -> taken_ms of a boot."""
        found = self.db.execute(
            "SELECT r.seq, r.taken_ms FROM readings r JOIN streams s ON s.id = r.stream WHERE s.boot = ?"
            " ORDER BY r.seq",
            (boot,),
        )
        return dict(found.fetchall())

    def gaps(self, boot: int = BOOT, source: str = "garage") -> list[tuple[int, int, str]]:
        stream = Streams(self.db).find(source, boot)
        holes: list[Hole] = Gaps(self.db).between(stream.id, 0, 2**62) if stream else []
        return [(hole.from_seq, hole.to_seq, hole.cause) for hole in holes]

    def cursor(self, boot: int = BOOT, source: str = "garage") -> int:
        return Streams(self.db).cursor(source, boot)

    def history(self) -> History:
        return History(self.db, RowsByStream(self.db))

    def quarantined(self) -> list[tuple[int, str]]:
        return self.db.execute("SELECT seq, raw FROM quarantine ORDER BY number").fetchall()

    @property
    def counts(self) -> dict[str, int]:
        return dict(self.collector.tally.counts)

    @property
    def notices(self) -> list[str]:
        return [notice.kind for notice in self.collector.tally.notices]
