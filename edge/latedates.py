"""Rows that get their date, or their place, after the stream has gone on: waiting rows and fills.

A row is dated once. Waiting rows are always the end of a stream, so times grow along every stream.
"""

from edge.boots import Boot
from edge.dating import HELD_MOST_MS, increasing
from edge.line import Reading
from edge.notebook import Notebook
from metering.reading import Row
from store.by_stream import RowsByStream
from store.database import Database
from store.part import Part
from store.receiver import Receiver

# Rows dated in one transaction: a fraction of a second on a Pi, so that lines are not kept waiting.
CHUNK_ROWS = 2_000


class LateDates:
    def __init__(self, db: Database, rows: RowsByStream) -> None:
        self._db = db
        self._rows = rows
        self._receiver = Receiver(db, rows)
        self._notebook = Notebook(db)

    def boot(self, boot: Boot, successor_ms: int | None) -> None:
        """Date the next chunk of a boot's waiting rows, as far as it can be known (its own transaction)."""
        stream = self._receiver.streams.find(boot.stream.source, boot.stream.boot)
        assert stream is not None
        if not self._ripe(boot, stream.id, successor_ms):
            return
        waiting = self._db.execute(
            "SELECT seq, uptime_ms FROM undated WHERE stream = ? ORDER BY seq LIMIT ?",
            (stream.id, CHUNK_ROWS),
        ).fetchall()
        times, uncertain = self._times(boot, stream.id, waiting, successor_ms)
        if times:
            with self._db.write():
                self._enter(stream.id, boot, waiting[: len(times)], times, uncertain)
            boot.floor_ms = times[-1] - waiting[len(times) - 1][0]
        boot.undated = len(times) < len(waiting) or len(waiting) == CHUNK_ROWS

    def fill(self, stream: int, boot: Boot, reading: Reading, receiver: Receiver) -> None:
        """Store a reading that turned up inside a gap, between its neighbours in time."""
        taken_ms = self._between(stream, boot, reading)
        row: Row = (reading.seq, reading.channel, taken_ms, *reading.values)
        cursor = receiver.streams.cursor(boot.stream.source, boot.stream.boot)
        part = Part(
            boot.stream.source, boot.stream.boot, cursor,
            fills=[row], first=boot.stream.first, uncertain=boot.dating.guessed,
        )  # fmt: skip
        if receiver.receive(part).filled:
            self.amend(stream, reading.seq, reading.seq)
            if taken_ms is not None:
                boot.floor_ms = max(boot.floor_ms, taken_ms - reading.seq)
            else:
                boot.undated = True
                self._let_wait(stream, reading)

    def _let_wait(self, stream: int, fill: Reading) -> None:
        """A fill whose date is not known yet, and neither when the gaps beside it end and begin."""
        self._db.execute(
            "INSERT INTO undated (stream, seq, uptime_ms) VALUES (?, ?, ?)",
            (stream, fill.seq, fill.uptime_ms),
        )
        beside = (stream, fill.seq)
        self._db.execute("UPDATE gaps SET to_ms = NULL WHERE stream = ? AND to_seq = ? - 1", beside)
        self._db.execute("UPDATE gaps SET from_ms = NULL WHERE stream = ? AND from_seq = ? + 1", beside)

    def mend_times(self, stream: int, from_seq: int, to_seq: int) -> None:
        """Gaps around from_seq ... to_seq whose times are not known get those of the rows beside them."""
        for gap in self._receiver.gaps.between(stream, from_seq - 1, to_seq + 1):
            if gap.from_ms is None or gap.to_ms is None:
                to_ms = self._beside(stream, gap.to_seq, ">", "ASC") if gap.to_ms is None else gap.to_ms
                from_ms = self._begun(stream, gap.from_seq, to_ms) if gap.from_ms is None else gap.from_ms
                if (from_ms, to_ms) != (gap.from_ms, gap.to_ms):
                    self._db.execute(
                        "UPDATE gaps SET from_ms = ?, to_ms = ? WHERE stream = ? AND from_seq = ?",
                        (from_ms, to_ms, stream, gap.from_seq),
                    )
                    if gap.from_seq < from_seq:  # what lies inside has not travelled yet
                        self.amend(stream, gap.from_seq, gap.to_seq)

    def amend(self, stream: int, from_seq: int, to_seq: int) -> None:
        """Tell the clouds that already passed these seqs to look again."""
        self._db.execute(
            "INSERT INTO amends (stream, from_seq, to_seq) VALUES (?, ?, ?)", (stream, from_seq, to_seq)
        )

    def _ripe(self, boot: Boot, stream: int, successor_ms: int | None) -> bool:
        """Whether the first row that waits can be dated or placed: days without a clock are asked every 10 s."""
        if boot.over and successor_ms is not None:
            return True
        first = self._db.execute(
            "SELECT uptime_ms FROM undated WHERE stream = ? ORDER BY seq LIMIT 1", (stream,)
        ).fetchone()
        return first is None or boot.dating.date(first[0]) is not None

    def _times(
        self, boot: Boot, stream: int, waiting: list[tuple[int, int]], successor_ms: int | None
    ) -> tuple[list[int], bool]:
        seqs = [seq for seq, _uptime_ms in waiting]
        dated: list[int] = []
        for _seq, uptime_ms in waiting:
            taken_ms = boot.dating.date(uptime_ms)
            if taken_ms is None:
                break
            # Whatever its device said: it was measured before the next boot began.
            before_ms = successor_ms if boot.over and successor_ms is not None else taken_ms
            dated.append(min(taken_ms, before_ms))
        if dated or boot.dating.anchored or not boot.over or successor_ms is None:
            risen = increasing(zip(seqs, dated, strict=False), boot.floor_ms)
            held = any(r - d > HELD_MOST_MS for r, d in zip(risen, dated, strict=True))
            boot.dating.guessed = boot.dating.guessed or held
            return risen, boot.dating.guessed
        last = self._db.execute("SELECT max(uptime_ms) FROM undated WHERE stream = ?", (stream,)).fetchone()[
            0
        ]
        before_ms = self._notebook.last_before(stream, boot.stream.source, successor_ms)
        floor_ms = max(boot.floor_ms, before_ms + 1 - seqs[0])
        return increasing(((seq, successor_ms - last + up) for seq, up in waiting), floor_ms), True

    def _enter(
        self, stream: int, boot: Boot, waiting: list[tuple[int, int]], times: list[int], uncertain: bool
    ) -> None:
        low, high = waiting[0][0], waiting[len(times) - 1][0]
        seqs = (seq for seq, _uptime in waiting[: len(times)])
        self._rows.date(stream, zip(times, seqs, strict=True))
        self._db.execute("DELETE FROM undated WHERE stream = ? AND seq <= ?", (stream, high))
        rows = self._db.execute(
            "SELECT seq, channel, taken_ms FROM readings WHERE stream = ? AND seq BETWEEN ? AND ?",
            (stream, low, high),
        ).fetchall()
        self._rows.index(stream, boot.stream.source, rows)
        self._receiver.streams.reach(stream, times)
        self._receiver.streams.move(stream, 0, uncertain)
        self.mend_times(stream, low, high)

    def _between(self, stream: int, boot: Boot, reading: Reading) -> int | None:
        """The date of a fill: its own if it can be known, held between those of its neighbours."""
        first_undated = self._db.execute(
            "SELECT min(seq) FROM undated WHERE stream = ?", (stream,)
        ).fetchone()[0]
        if first_undated is not None and reading.seq > first_undated:
            return None
        low, high = self._room(stream, reading.seq)
        taken_ms = boot.dating.date(reading.uptime_ms)
        if taken_ms is None:
            # Where nothing after it has a date it can wait for its own; else the place between is all there is.
            return None if high is None else high if low is None else low
        taken_ms = taken_ms if low is None else max(taken_ms, low)
        return taken_ms if high is None else min(taken_ms, high)

    def _room(self, stream: int, seq: int) -> tuple[int | None, int | None]:
        """The earliest and the latest date that leave 1 ms for every seq between here and the rows beside it."""
        before, after = (
            self._db.execute(
                f"SELECT taken_ms + ? - seq FROM readings WHERE stream = ? AND seq {side} ?"
                f" AND taken_ms IS NOT NULL ORDER BY seq {order} LIMIT 1",
                (seq, stream, seq),
            ).fetchone()
            for side, order in (("<", "DESC"), (">", "ASC"))
        )
        return before and before[0], after and after[0]

    def _begun(self, stream: int, from_seq: int, to_ms: int | None) -> int | None:
        """When a gap began: with the row before it, or at the boot's beginning with the end of the boot before."""
        before = self._beside(stream, from_seq, "<", "DESC")
        if before is not None:
            return before
        source, first = self._db.execute(
            "SELECT source, first FROM streams WHERE id = ?", (stream,)
        ).fetchone()
        if from_seq != first or to_ms is None:
            return None
        return self._notebook.last_before(stream, source, to_ms) or None

    def _beside(self, stream: int, seq: int, side: str, order: str) -> int | None:
        row = self._db.execute(
            f"SELECT taken_ms FROM readings WHERE stream = ? AND seq {side} ? ORDER BY seq {order} LIMIT 1",
            (stream, seq),
        ).fetchone()
        return row[0] if row else None
