"""Rows, parts and databases for tests of the store: small, real, and all of one kind."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from metering.reading import Row
from store.by_stream import RowsByStream
from store.by_time import RowsByTime
from store.history import History
from store.part import Hole, Part
from store.receiver import Receiver
from store.sqlite import SqliteDatabase, open_database

NOW_MS = 1_795_168_800_000
HOUR_MS = 3_600_000
VALUES = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)


def row(
    seq: int, taken_ms: int | None = None, channel: int = 1, wh: int | None = 38, volts: int = 225_700
) -> Row:
    """A reading; one a second from NOW_MS on unless told otherwise."""
    taken_ms = NOW_MS + 1000 * seq if taken_ms is None else taken_ms
    return (seq, channel, taken_ms, volts, 108, 24_400, wh, 50_000, 1_000, 0)


def undated(seq: int, channel: int = 1) -> Row:
    return (seq, channel, None, *VALUES)


def rows(seqs: Iterable[int]) -> list[Row]:
    return [row(seq) for seq in seqs]


@cache
def _fresh(twin: str) -> bytes:
    """An empty migrated database, made once: a file is copied faster than it is migrated."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "fresh.sqlite"
        open_database(path, twin).close()
        return path.read_bytes()


def open_fresh(path: Path, twin: str) -> SqliteDatabase:
    """Open a database that every migration has been applied to, made when it is not there."""
    if not path.exists():
        path.write_bytes(_fresh(twin))
    return open_database(path, twin)


class Twin:
    """One twin's database with its receiver: "edge" keeps rows by stream, "cloud" by time."""

    def __init__(self, folder: Path, twin: str, site: int = 1) -> None:
        self.path = folder / f"{twin}.sqlite"
        self.db: SqliteDatabase = open_fresh(self.path, twin)
        self.site = 0 if twin == "edge" else site
        self.layout = RowsByStream(self.db) if twin == "edge" else RowsByTime(self.db, self.site)
        self.receiver = Receiver(self.db, self.layout, self.site)
        self.history = History(self.db, self.layout, self.site)

    def take(self, *parts: Part) -> None:
        with self.db.write():
            for part in parts:
                assert self.receiver.receive(part).applied, part

    def gaps(self, source: str = "garage", boot: int = 7) -> list[Hole]:
        stream = self.receiver.streams.find(source, boot)
        return self.receiver.gaps.between(stream.id, 0, 2**62) if stream else []

    def seqs(self) -> list[int]:
        return [seq for (seq,) in self.db.execute("SELECT seq FROM readings ORDER BY seq")]

    def dump(self) -> list[str]:
        """Everything in the database, to see that nothing changed."""
        return list(self.db.conn.iterdump())
