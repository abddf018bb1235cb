"""Retention: hours whose rows may go, and their going: sealed, deleted and accounted for in one commit.

The rows of an edge are pruned by the hour of a source, all its meters and boots at once: within a stream they lie
side by side, so that each page is written once more and comes free, not once for every meter. Measured at 1 Hz: an
hour of three sensors (10 800 rows) takes 0.1 s of a PC's core and 0.54 MB of log, and frees 0.51 MB. An hour that
was sealed is done with: a row that turns up in it later stays a row, because no seal is ever computed again.

SQLite gives no space back to the file system: pages that come free are used again by the next rows. So the disk
is as full as before after pruning, and what has come of it is seen in `Room.reusable` alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice
from typing import Any

from metering.energy import HOUR_MS
from metering.quantity import COLUMNS
from metering.reading import Meter
from store.by_stream import RowsByStream
from store.confirmed import Confirmed
from store.database import Database, Result
from store.gaps import Gaps
from store.part import Hole
from store.rolling import Rolling
from store.runs import runs
from store.sealed import SealedHours
from store.sealing import Seal, sealed
from store.streams import Streams

_WITH_CHECK = f"{', '.join(COLUMNS)}, {RowsByStream.intact}"

Hour = tuple[int, str]  # UTC hour since 1970, source
Dated = list[tuple[int, int]]  # (seq, taken_ms)


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went, and how many of them some cloud did not have."""

    rows: int
    unconfirmed: int


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes of the database file, and those of its pages that the next rows will use."""

    file: int
    reusable: int


class Retention:
    """Prunes the readings of an edge; its one user is the one writer of readings."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rows = RowsByStream(db)
        self._gaps = Gaps(db)
        self._sealed = SealedHours(db)
        self._streams = Streams(db)
        self._rolling = Rolling(db, self._rows)

    def hours(self, before: int, most: int) -> list[Hour]:
        """The first `most` (hour, source) below `before` that have rows and are not sealed, oldest first."""
        meters = self._rows.meters.all()
        cursors = [self._hours(meter, before) for meter in meters]
        found = merge(*(_named(cursor, meter) for cursor, meter in zip(cursors, meters, strict=True)))
        hours = [hour for hour, _same in islice(groupby(found), most)]
        for cursor in cursors:
            # One left open would keep an old state of the database, from which no write can begin.
            cursor.close()
        return hours

    def confirmed(self, hour: Hour, clouds: Confirmed) -> bool:
        """Whether every cloud has all rows of the hour."""
        return not any(clouds.missing(*stretch) for stretch in self._stretches(hour))

    def prune(self, hour: Hour, clouds: Confirmed) -> Pruned:
        """Seal the hour's rows and delete them (its own transaction); what no cloud has goes too."""
        with self._db.write():
            gone: dict[int, Dated] = {}
            for meter in self._meters(hour):
                begin_ms = hour[0] * HOUR_MS
                self._rolling.hour(meter, begin_ms)
                rows = list(self._rows.scan(meter, begin_ms, begin_ms + HOUR_MS, _WITH_CHECK))
                self._seal(meter, hour[0], rows, gone)
            unconfirmed = sum(self._unconfirmed(stream, run, clouds) for stream, run in gone.items())
            for stream, rows in gone.items():
                self._delete(stream, rows)
        return Pruned(sum(map(len, gone.values())), unconfirmed)

    def room(self) -> Room:
        size, pages, free = (
            self._db.execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_size", "page_count", "freelist_count")
        )
        return Room(size * pages, size * free)

    def _hours(self, meter: Meter, before: int) -> Result:
        return self._db.execute(
            "SELECT hour FROM hours h WHERE meter = ? AND hour < ?"
            " AND NOT EXISTS (SELECT 1 FROM sealed s WHERE s.meter = h.meter AND s.hour = h.hour) ORDER BY hour",
            (self._rows.meters.find(meter), before),
        )

    def _meters(self, hour: Hour) -> list[Meter]:
        """The meters of the source that have rows in the hour and no seal of it."""
        rows = self._db.execute(
            "SELECT m.channel FROM meters m WHERE m.source = ? AND m.site = 0"
            " AND EXISTS (SELECT 1 FROM hours h WHERE h.meter = m.id AND h.hour = ?)"
            " AND NOT EXISTS (SELECT 1 FROM sealed s WHERE s.meter = m.id AND s.hour = ?) ORDER BY m.channel",
            (hour[1], hour[0], hour[0]),
        ).fetchall()
        return [Meter(hour[1], channel) for (channel,) in rows]

    def _stretches(self, hour: Hour) -> Sequence[tuple[int, int, int]]:
        """(stream, from_seq, to_seq) in which the source's rows of the hour lie."""
        return self._db.execute(
            "SELECT h.stream, min(h.from_seq), max(h.to_seq) FROM hours h JOIN meters m ON m.id = h.meter"
            " WHERE m.source = ? AND m.site = 0 AND h.hour = ? GROUP BY h.stream",
            (hour[1], hour[0]),
        ).fetchall()

    def _seal(self, meter: Meter, hour: int, rows: list[tuple[Any, ...]], gone: dict[int, Dated]) -> None:
        """Keep the seal of one meter's hour, and note its rows by stream as those that go."""
        streams = {boot: self._number(meter.source, boot) for boot in {row[0] for row in rows}}
        for boot, seq, taken_ms, *_values in rows:
            gone.setdefault(streams[boot], []).append((seq, taken_ms))
        # What a disk has changed shall not stay in sums for ever.
        intact = [row[:-1] for row in rows if row[-1]]
        if intact:
            seal: Seal = sealed(meter.channel, hour, intact)
            self._sealed.keep(streams[intact[-1][0]], meter.source, seal)
        self._db.execute(
            "DELETE FROM hours WHERE meter = ? AND hour = ?", (self._rows.meters.find(meter), hour)
        )

    def _delete(self, stream: int, rows: Dated) -> None:
        """Delete exactly these rows; each run of them becomes a gap `policy`, joined to its neighbours."""
        dates = dict(sorted(rows))
        gone = list(runs(dates))
        self._db.executemany(
            "DELETE FROM readings WHERE stream = ? AND seq BETWEEN ? AND ?",
            [(stream, low, high) for low, high in gone],
        )
        self._gaps.add(stream, [Hole(low, high, "policy", dates[low], dates[high]) for low, high in gone])

    @staticmethod
    def _unconfirmed(stream: int, rows: Dated, clouds: Confirmed) -> int:
        seqs = [seq for seq, _taken_ms in rows]
        missing = clouds.missing(stream, min(seqs), max(seqs))
        return sum(any(low <= seq <= high for low, high in missing) for seq in seqs)

    def _number(self, source: str, boot: int) -> int:
        stream = self._streams.find(source, boot)
        assert stream is not None
        return stream.id


def _named(hours: Result, meter: Meter) -> Iterator[Hour]:
    return ((hour, meter.source) for (hour,) in hours)
