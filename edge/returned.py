"""What a cloud gave back: parcels that the sync worker left, taken in by the collector, the one writer of readings.

1. Holes of a part account for numbers that this edge lacks: its streams begin earlier or reach farther, and
   gaps `elsewhere` get the cause that the cloud knows. A stored row always beats them.
2. Fills are rows: stored, or mended, by the rules of store/mending.py; the cloud's dates stand.
3. A row of an hour that is sealed here was let go of, and does not come back.
4. A stream whose records wait in RAM is not moved under them; its parcel waits for the next commit.
"""

import logging
import sqlite3
from collections.abc import Sequence

from edge.boards import Board
from edge.boots import Boot
from edge.notebook import Notebook
from metering.energy import HOUR_MS
from metering.gap import ELSEWHERE
from metering.reading import CHANNEL, TAKEN_MS, Meter, Row
from store.by_stream import RowsByStream
from store.clouds import Clouds
from store.database import Database
from store.gaps import Gaps
from store.history import FOREVER_MS
from store.mending import Mended, Mender
from store.parcels import Parcels
from store.part import CHANGES, Hole, Part
from store.receiver import Receiver
from store.runs import runs
from store.sealed import SealedHours
from store.streams import Stream
from sync.batch import Batch

# While one waits, lines are taken between two parcels; else the card is left alone.
BETWEEN_MS, LOOK_EVERY_MS = 200, 2_000

log = logging.getLogger(__name__)


class Returned:
    """Used by the collector's thread, or by a command while no collector runs."""

    def __init__(self, db: Database) -> None:
        self._db = db
        rows = RowsByStream(db)
        self._receiver = Receiver(db, rows)
        self._gaps = Gaps(db)
        self._mender = Mender(self._receiver, rows, rows.redate)
        self._keeper = Mender(self._receiver, rows)  # of a further cloud no dates are taken
        self._clouds = Clouds(db)
        self._notebook = Notebook(db)
        self._seals = SealedHours(db)
        self._parcels = Parcels(db)
        self._due_mono_ms = 0

    def waiting(self) -> int:
        return self._parcels.waiting()

    def due(self, mono_ms: int) -> bool:
        """Whether it is time to look; the next look is then some time away."""
        if mono_ms < self._due_mono_ms:
            return False
        self._due_mono_ms = mono_ms + LOOK_EVERY_MS
        return True

    def take(self, boots: Sequence[Boot], mono_ms: int = 0) -> list[Board] | None:
        """Take the oldest parcel in, in a transaction of its own: the boards it told of, None if there was none."""
        parcel = self._parcels.next()
        if parcel is None:
            return None
        self._due_mono_ms = mono_ms + BETWEEN_MS
        in_ram = {(boot.stream.source, boot.stream.boot): boot for boot in boots}
        try:
            batch = Batch.decode(parcel.body, FOREVER_MS)
            busy = [
                part for part in batch.parts if part.holes and _busy(in_ram.get((part.source, part.boot)))
            ]
            if busy:
                return None
            with self._db.write():
                boards = [board for part in batch.parts for board in self._part(part, parcel.dates_stand)]
                self._parcels.taken(parcel.number)
        except (ValueError, sqlite3.IntegrityError) as error:
            # A card that changed it, or a cloud that contradicts itself: comparing will fetch it again.
            log.error("parcel %d is not taken and thrown away: %s", parcel.number, error)
            with self._db.write():
                self._parcels.taken(parcel.number)
            return []
        for part in batch.parts:
            self._tell(in_ram.get((part.source, part.boot)), part)
        return boards

    def _part(self, part: Part, dates_stand: bool) -> list[Board]:
        met = self._receiver.streams.find(part.source, part.boot) is None
        if part.holes or part.rows:
            self._account(part)
        mender = self._mender if dates_stand else self._keeper
        rows = [row for row in part.fills if not self._sealed(part, row)]
        done = mender.mend(part.source, part.boot, rows)
        self._pass_on(part, done)
        if not met or part.kind == CHANGES:
            return []
        stream = self._receiver.streams.find(part.source, part.boot)
        return [self._notebook.adopt(stream)] if stream else []

    def _pass_on(self, part: Part, done: Mended) -> None:
        """What came from one cloud is news to another that has passed these numbers already."""
        stream = self._receiver.streams.find(part.source, part.boot)
        if stream and self._clouds.count() > 1:
            named = [(hole.from_seq, hole.to_seq) for hole in part.holes if hole.cause != ELSEWHERE]
            late = [*runs(done.stored_seqs), *named]
            self._db.executemany(
                "INSERT INTO amends (stream, from_seq, to_seq) VALUES (?, ?, ?)",
                [(stream.id, low, high) for low, high in late],
            )

    def _sealed(self, part: Part, row: Row) -> bool:
        if part.kind == CHANGES:
            return False
        meter, taken_ms = Meter(part.source, row[CHANNEL] or 0), row[TAKEN_MS] or 0
        return self._seals.find(meter, taken_ms // HOUR_MS) is not None

    def _account(self, part: Part) -> None:
        stream = self._receiver.streams.find(part.source, part.boot)
        if stream is None or part.kind == CHANGES:
            self._receiver.receive(part)
            return
        later = (hole.within(stream.cursor + 1, hole.to_seq) for hole in part.holes)
        beyond = [hole for hole in later if hole.records > 0]
        if beyond and beyond[0].from_seq == stream.cursor + 1:
            self._receiver.receive(
                Part(part.source, part.boot, stream.cursor, holes=beyond, uncertain=part.uncertain)
            )
        if part.first < stream.first and part.holes and part.prev_seq == part.first - 1:
            self._receiver.begin_earlier(stream, part.first)
        self._name(stream, part.holes)

    def _name(self, stream: Stream, holes: Sequence[Hole]) -> None:
        """Gaps `elsewhere` get the cause and the times that the cloud knows."""
        for hole in holes:
            if hole.cause != ELSEWHERE:
                for gap in self._gaps.between(stream.id, hole.from_seq, hole.to_seq):
                    if gap.cause == ELSEWHERE:
                        self._gaps.rename(stream.id, hole.within(gap.from_seq, gap.to_seq))

    def _tell(self, boot: Boot | None, part: Part) -> None:
        """A boot in RAM learns where its stream stands now, and that newer records are dated behind these."""
        if boot is None:
            return
        for row in part.fills:
            boot.floor_ms = max(boot.floor_ms, (row[2] or 0) - row[0])
        stream = self._receiver.streams.find(part.source, part.boot)
        if stream and part.holes:
            boot.stream.moved(stream.first, stream.cursor)
            boot.met = True


def _busy(boot: Boot | None) -> bool:
    """Whether records of it wait in RAM, or nothing of it is on disk yet: its next commit tells where it stands."""
    return boot is not None and (boot.stream.dirty or bool(boot.fills) or not boot.met)
