"""The group commit: what the streams hold in RAM goes to disk in one transaction.

When it returns, everything it wrote is on disk and only then the streams' cursors move; when it raises,
nothing has changed, on disk or in RAM, and it may be tried again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.boards import Board
from edge.boots import Boot, precedes
from edge.clock import Instant
from edge.clocksteps import ClockStep
from edge.dating import HELD_MOST_MS
from edge.latedates import LateDates
from edge.line import NoReading, Refused
from edge.notebook import Notebook
from store.by_stream import RowsByStream
from store.database import Database
from store.gaps import UNEXPLAINED
from store.part import Hole, Part
from store.quarantine import Quarantine
from store.receiver import Receiver


@dataclass(frozen=True, slots=True)
class Kept:
    """A raw line for the quarantine."""

    source: str
    boot: int
    seq: int
    raw: str
    why: str


@dataclass(slots=True)
class _Draft:
    """One boot's next part while it is put together, with the uptimes of rows that cannot be dated yet."""

    rows: list[tuple[int | None, ...]]
    holes: list[Hole]
    undated: list[tuple[int, int]]
    floor_ms: int


class Commit:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._rows = RowsByStream(db)
        self._receiver = Receiver(db, self._rows)
        self._quarantine = Quarantine(db)
        self._late = LateDates(db, self._rows)
        self.notebook = Notebook(db)

    def write(
        self,
        boots: Iterable[Boot],
        boards: Sequence[Board],
        kept: Sequence[Kept],
        at: Instant,
        steps: Sequence[ClockStep] = (),
    ) -> list[Boot]:
        """Write everything; gives the boots whose cursor moved or whose fills are stored now."""
        drafts = [(boot, self._draft(boot)) for boot in boots if boot.dirty]
        with self._db.write():
            self.notebook.save_steps(steps)
            for boot, draft in drafts:
                self._one(boot, draft, at)
            used = {
                (boot.name, boot.upper) for boot, _draft in drafts if boot.stream.head >= boot.stream.first
            }
            self.notebook.save_boards(b for b in boards if not b.stored and (b.name, b.upper) in used)
            for line in kept:
                self._quarantine.keep(line.source, line.boot, line.seq, line.raw, line.why, at.own_ms)
        for board in boards:
            board.stored = board.stored or (board.name, board.upper) in used
        return [boot for boot, draft in drafts if _settle(boot, draft)]

    def date_waiting(self, boots: Iterable[Boot]) -> None:
        """Date what waited, where it can be dated now; small transactions, so that lines are taken between."""
        for boot in boots:
            if boot.undated:
                self._late.boot(boot, self._successor_ms(boot, boots))

    def learn(self, era: str, offset_ms: int) -> None:
        with self._db.write():
            self.notebook.learn(era, offset_ms)

    def _one(self, boot: Boot, draft: _Draft, at: Instant) -> None:
        stream = boot.stream
        part = Part(
            stream.source, stream.boot, stream.cursor, draft.rows, draft.holes,
            first=stream.first, uncertain=boot.dating.guessed,
        )  # fmt: skip
        applied = self._receiver.receive(part)
        if not applied.applied:
            raise RuntimeError(
                f"{stream.source} boot {stream.boot}: cursor on disk is {applied.cursor}, expected {stream.cursor};"
                " another process writes to this database, end it"
            )
        found = self._receiver.streams.find(stream.source, stream.boot)
        assert found is not None
        self._db.executemany(
            "INSERT INTO undated (stream, seq, uptime_ms) VALUES (?, ?, ?)",
            [(found.id, seq, uptime_ms) for seq, uptime_ms in draft.undated],
        )
        for hole in stream.renames:
            self._name(found.id, hole)
        for reading in boot.fills.values():
            self._late.fill(found.id, boot, reading, self._receiver)
        self._late.mend_times(found.id, stream.cursor + 1, applied.cursor)
        self.notebook.save(found.id, boot)

    def _name(self, stream: int, named: Hole) -> None:
        """Give the gaps inside `named` that nobody could explain its cause, and tell the clouds of each."""
        for gap in self._receiver.gaps.between(stream, named.from_seq, named.to_seq):
            if gap.cause in UNEXPLAINED:
                low, high = max(gap.from_seq, named.from_seq), min(gap.to_seq, named.to_seq)
                self._receiver.gaps.rename(stream, Hole(low, high, named.cause))
                self._late.amend(stream, low, high)

    def _draft(self, boot: Boot) -> _Draft:
        draft = _Draft([], list(boot.stream.holes), [], boot.floor_ms)
        waits = boot.undated
        for seq in sorted(boot.stream.pending):
            record = boot.stream.pending[seq]
            if isinstance(record, Refused):
                draft.holes.append(Hole(seq, seq, "refused"))
                continue
            taken_ms = None if waits else boot.dating.date(record.uptime_ms)
            if taken_ms is not None:
                dated_ms, taken_ms = taken_ms, max(taken_ms, draft.floor_ms + seq)
                boot.dating.guessed = boot.dating.guessed or taken_ms - dated_ms > HELD_MOST_MS
                draft.floor_ms = taken_ms - seq
            if isinstance(record, NoReading):
                draft.holes.append(Hole(seq, seq, "sensor", taken_ms, taken_ms))
            else:
                draft.rows.append((seq, record.channel, taken_ms, *record.values))
                if taken_ms is None:
                    waits = True  # the rest of the stream waits behind it, so that times only grow
                    draft.undated.append((seq, record.uptime_ms))
        return draft

    def _successor_ms(self, boot: Boot, boots: Iterable[Boot]) -> int | None:
        """When the next boot of the same source began, which is when this one was over at the latest."""
        starts = [
            start
            for other in boots
            if other.stream.source == boot.stream.source
            and precedes(boot, other)
            and (start := other.dating.start_ms()) is not None
        ]
        return min(starts, default=None)


def _settle(boot: Boot, draft: _Draft) -> bool:
    """The transaction is on disk: move on in RAM too. Tells whether there is something to acknowledge."""
    stream = boot.stream
    moved = stream.head > stream.cursor or bool(boot.fills)
    fills, boot.fills = boot.fills, {}
    boot.dating.anchors.saved()
    boot.met, boot.ended_on_disk = True, boot.ended
    boot.undated = boot.undated or bool(draft.undated)
    boot.floor_ms = max(boot.floor_ms, draft.floor_ms)
    stream.first = min(stream.first, *fills) if fills else stream.first
    stream.committed(stream.head)
    return moved
