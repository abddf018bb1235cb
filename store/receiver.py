"""The receiver: takes parts of streams in order, moves the cursor with the rows, accounts for holes.

Edge and cloud receive by this one implementation. Rules:
1. A part is applied only when its prev_seq is the cursor; else the cursor says where to go on.
2. Rows, holes and cursor move in the caller's one write transaction, so nothing counts twice.
3. A stored row always beats a gap: a fill is stored where a gap is, and shrinks it, or below the first record.
4. A hole never removes a stored row.
5. A seal is kept where its hour has fewer rows here than it was made of.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from metering.energy import HOUR_MS
from metering.gap import ELSEWHERE
from metering.reading import Meter
from store.changes import ChangeRows
from store.database import Database
from store.gaps import Gaps
from store.part import CHANGES, Applied, Hole, Part
from store.sealed import SealedHours
from store.streams import Stream, Streams


class Rows(Protocol):
    """How the rows of one kind are stored."""

    def insert(self, stream: int, source: str, rows: Sequence[tuple[Any, ...]]) -> None: ...


class Readings(Rows, Protocol):
    def scan(self, meter: Meter, from_ms: int, to_ms: int, columns: str = ...) -> Iterator[Any]: ...


class Receiver:
    """Receives for one site; every method wants to be inside a write transaction."""

    def __init__(self, db: Database, readings: Readings, site: int = 0) -> None:
        self.streams = Streams(db, site)
        self.gaps = Gaps(db)
        self._readings = readings
        self._changes = ChangeRows(db)
        self._sealed = SealedHours(db, site)

    def receive(self, part: Part) -> Applied:
        """Apply one part; raises store.part.Uncovered when it does not account for every seq once."""
        part.check_cover()
        stream = self.streams.find(part.source, part.boot)
        if (stream.cursor if stream else part.first - 1) != part.prev_seq:
            return Applied(stream.cursor if stream else 0, applied=False)
        if stream is None:
            stream = self.streams.begin(part.source, part.boot, part.kind, part.first)
        elif stream.kind != part.kind:
            raise ValueError(f"{part.source} boot {part.boot} is a stream of {stream.kind}, not {part.kind}")
        rows = self._rows(part.kind)
        rows.insert(stream.id, part.source, part.rows)
        self.gaps.add(stream.id, part.holes)
        filled = self._fill(stream, part)
        for hole in part.fill_holes:
            self.gaps.rename(stream.id, hole)
        self._seal(stream, part)
        cursor = part.last_seq
        dates = () if part.kind == CHANGES else [row[2] for row in part.rows]
        self.streams.move(stream.id, cursor, part.uncertain, dates)
        return Applied(cursor, applied=True, filled=filled)

    def _fill(self, stream: Stream, part: Part) -> list[int]:
        """Store the fills that lie in gaps; the others are here already and stay as they are."""
        taken = []
        for row in part.fills:
            self.begin_earlier(stream, row[0])
            if row[0] <= stream.cursor and self.gaps.covering(stream.id, row[0]):
                at_ms = row[2] if part.kind != CHANGES else None
                self.gaps.cut(stream.id, row[0], row[0], at_ms)
                taken.append(row)
        self._rows(part.kind).insert(stream.id, part.source, taken)
        if part.kind != CHANGES:
            self.streams.reach(stream.id, [row[2] for row in taken])
        return [row[0] for row in taken]

    def _seal(self, stream: Stream, part: Part) -> None:
        for seal in part.sealed:
            meter, from_ms = Meter(part.source, seal.channel), seal.hour * HOUR_MS
            here = self._readings.scan(meter, from_ms, from_ms + HOUR_MS, "seq")
            if sum(1 for _row in here) < seal.rows:
                self._sealed.keep(stream.id, part.source, seal)
                self._sealed.touch(part.source, seal)

    def begin_earlier(self, stream: Stream, seq: int) -> None:
        """A record below a stream's first: the stream begins there, and what lies between may be elsewhere."""
        first = self.streams.first(stream.id)
        if seq < first:
            self.gaps.add(stream.id, [Hole(seq, first - 1, ELSEWHERE)])
            self.streams.lower(stream.id, seq)

    def _rows(self, kind: str) -> Rows:
        return self._changes if kind == CHANGES else self._readings
