"""The backlog: what one cloud has not confirmed yet, cut into parts; the sender's view of the edge's streams.

Rows travel up to the first undated one. Gaps that were filled or named after the cloud's cursor had passed
them (amends) travel as fills.
"""

from dataclasses import dataclass
from operator import itemgetter

from metering.gap import ELSEWHERE
from metering.quantity import COLUMNS
from metering.reading import CHANNEL, Row
from store.changes import ChangeRows
from store.database import Database
from store.gaps import Gaps
from store.part import CHANGES, Hole, Part
from store.sealed import SealedHours
from store.streams import Stream, Streams

_VALUES = ", ".join(COLUMNS)
_NOT_WITHHELD = (
    "AND NOT EXISTS (SELECT 1 FROM withheld w WHERE w.cloud = ? AND w.stream = r.stream AND w.seq = r.seq)"
)
# One part names at most this many holes; more would make a batch of brackets rather than of readings.
MOST_HOLES = 2_000
# Sealed hours named by one part: of six meters about three days, and 200 KB before they are packed.
MOST_SEALED = 500
# Amends taken into one part, in the order they happened.
MOST_AMENDS = 500


@dataclass(frozen=True, slots=True)
class Amended:
    """Fills for one stream, and the number of the last amend they carry."""

    part: Part
    upto: int


class Backlog:
    """The backlog of one cloud; `cloud` is its local number (see store/clouds.py)."""

    def __init__(self, db: Database, cloud: int) -> None:
        self._db = db
        self._cloud = cloud
        self._gaps = Gaps(db)
        self._changes = ChangeRows(db)
        self._sealed = SealedHours(db)
        self.streams = Streams(db)

    def sendable(self, stream: Stream) -> int:
        """The highest seq that may travel now: the cursor, or the one before the first undated record."""
        row = self._db.execute("SELECT min(seq) FROM undated WHERE stream = ?", (stream.id,)).fetchone()
        return stream.cursor if row[0] is None else min(stream.cursor, row[0] - 1)

    def part(self, stream: Stream, after_seq: int, most_rows: int) -> Part | None:
        """The next part beyond after_seq with at most most_rows rows, or None when there is nothing to send.

        after_seq below the stream's first record is accounted for as a hole `elsewhere`: this edge never
        had those records, so only a twin may.
        """
        # One state of the database: a row that is filled in or pruned meanwhile would be named twice or not at all.
        with self._db.read():
            begun = after_seq or stream.first - 1
            last = self.sendable(stream)
            if last <= begun:
                return None
            if stream.kind == CHANGES:
                last = min(last, begun + most_rows)
                changes = self._changes.beyond(stream.id, begun, last)
                return Part(stream.source, stream.boot, begun, changes, first=stream.first, kind=CHANGES)
            return self._readings(stream, begun, last, most_rows)

    def _readings(self, stream: Stream, begun: int, last: int, most_rows: int) -> Part:
        """A part of readings from begun + 1 to last, or less far where a bound cuts it."""
        rows = self._rows(stream, begun + 1, last, most_rows)
        if len(rows) == most_rows:
            last = rows[-1][0] or last
        seals = self._sealed.between(stream.id, begun + 1, last, MOST_SEALED)
        if len(seals) == MOST_SEALED:
            last = seals[-1].seq
        holes = self._holes(stream, begun + 1, last)
        if len(holes) > MOST_HOLES:
            last = holes[MOST_HOLES - 1].to_seq
        rows = [row for row in rows if (row[0] or 0) <= last]
        rows.sort(key=itemgetter(CHANNEL))
        return Part(
            stream.source,
            stream.boot,
            begun,
            rows,
            holes[:MOST_HOLES],
            first=stream.first,
            uncertain=stream.uncertain,
            sealed=tuple(seal for seal in seals if seal.seq <= last),
        )

    def amended(self, beyond: int, after: dict[int, int]) -> tuple[list[Amended], int]:
        """Fills for amends numbered beyond `beyond`, and the number up to which nothing is left to do.

        `after`: where each stream stands at the cloud once everything on the way has arrived; amends above
        that need no fill, because the rows themselves are still to come.
        """
        with self._db.read():
            return self._amended(beyond, after)

    def _amended(self, beyond: int, after: dict[int, int]) -> tuple[list[Amended], int]:
        amends = self._db.execute(
            "SELECT id, stream, from_seq, to_seq FROM amends WHERE id > ? ORDER BY id LIMIT ?",
            (beyond, MOST_AMENDS),
        ).fetchall()
        streams = {stream.id: stream for stream in self.streams.all()} if amends else {}
        found: list[Amended] = []
        for number, stream_id, low, high in amends:
            stream, high = streams[stream_id], min(high, after.get(stream_id, 0))
            if low <= high:
                rows = self._rows(stream, low, high, high - low + 1)
                if any(row[2] is None for row in rows):
                    break
                holes = self._holes(stream, low, high)
                part = Part(
                    stream.source,
                    stream.boot,
                    after[stream_id],
                    fills=rows,
                    fill_holes=holes,
                    first=stream.first,
                )
                found.append(Amended(part, number))
            beyond = number
        return found, beyond

    def waiting_rows(self, after: dict[int, int]) -> int:
        """How many records the cloud has not confirmed; `after` = its cursor by stream number."""
        return sum(max(0, s.cursor - max(after.get(s.id, 0), s.first - 1)) for s in self.streams.all())

    def _rows(self, stream: Stream, low: int, high: int, most: int) -> list[Row]:
        # Asked for each row it would cost a fifth of all reading, and hardly any stream has a withheld one.
        unless = _NOT_WITHHELD if self._withholds(stream, low, high) else ""
        return self._db.execute(
            f"SELECT seq, channel, taken_ms, {_VALUES} FROM readings r WHERE stream = ? AND seq BETWEEN ? AND ?"
            f" {unless} ORDER BY seq LIMIT ?",
            (stream.id, low, high, *((self._cloud,) if unless else ()), most),
        ).fetchall()

    def _withholds(self, stream: Stream, low: int, high: int) -> bool:
        found = self._db.execute(
            "SELECT 1 FROM withheld WHERE cloud = ? AND stream = ? AND seq BETWEEN ? AND ? LIMIT 1",
            (self._cloud, stream.id, low, high),
        )
        return found.fetchone() is not None

    def _holes(self, stream: Stream, low: int, high: int) -> list[Hole]:
        """Gaps and withheld rows in low ... high, clipped to it, in order; a withheld row that was pruned is a gap."""
        held = [
            Hole(seq, seq, "refused")
            for (seq,) in self._db.execute(
                "SELECT w.seq FROM withheld w JOIN readings r ON r.stream = w.stream AND r.seq = w.seq"
                " WHERE w.cloud = ? AND w.stream = ? AND w.seq BETWEEN ? AND ?",
                (self._cloud, stream.id, low, high),
            )
        ]
        if low < stream.first:
            held.append(Hole(low, min(high, stream.first - 1), ELSEWHERE))
        gaps = [gap.within(low, high) for gap in self._gaps.between(stream.id, low, high)]
        return sorted([*gaps, *held], key=lambda hole: hole.from_seq)
