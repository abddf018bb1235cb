"""A device stream: the order of one boot's records between the wire and the disk.

Pure: no socket, no clock, no database.

    accounted for, on disk | in order, not on disk yet | out of order
    ...............cursor] | (cursor ... head] pending  | waiting
1. head + 1 is taken; what lies beyond waits; what waits follows as soon as the hole before it closes.
2. The head passes a hole only on the device's word: a `lost` line, or the oldest record it still holds.
3. A record at or below the cursor is not ours any more: the caller looks at what is on disk.
"""

from dataclasses import dataclass, field
from enum import Enum

from edge.line import NoReading, Reading, Refused
from metering.gap import ELSEWHERE
from store.part import Hole

Record = Reading | NoReading | Refused

# Out-of-order records are kept in RAM for a moment; more than this is a device sending nonsense or a network
# that lost a run, and the device sends them again anyway.
MOST_WAITING = 256


class Place(Enum):
    """Where a record fell."""

    ON_DISK = "at or below the cursor"
    PENDING = "received, waits for the commit"
    TAKEN = "next in order"
    AHEAD = "beyond a hole"
    FULL = "beyond a hole, and no room to wait"


@dataclass(slots=True)
class DeviceStream:
    """One (source, boot). Everything up to `cursor` is on disk, up to `head` received in order."""

    source: str
    boot: int
    first: int
    cursor: int
    head: int = field(init=False)
    pending: dict[int, Record] = field(default_factory=dict)
    holes: list[Hole] = field(default_factory=list)
    renames: list[Hole] = field(default_factory=list)  # causes for gaps at or below the cursor
    _waiting: dict[int, Record] = field(default_factory=dict)
    _lost: tuple[int, int] | None = None  # a `lost` whose beginning lies beyond the head

    def __post_init__(self) -> None:
        self.head = self.cursor

    def take(self, record: Record) -> Place:
        """Take one record (not a `lost` line); see Place for what became of it."""
        if record.seq <= self.cursor:
            return Place.ON_DISK
        if record.seq <= self.head:
            if record.seq not in self.pending:
                self._unhole(record)
            return Place.PENDING
        if record.seq == self.head + 1:
            self._advance(record)
            self._drain()
            return Place.TAKEN
        self._waiting.setdefault(record.seq, record)
        if len(self._waiting) > MOST_WAITING:
            highest = max(self._waiting)
            del self._waiting[highest]
            if highest == record.seq:
                return Place.FULL
        return Place.AHEAD

    def held(self, seq: int) -> Record | None:
        """The record with this seq that waits for the commit or for its turn."""
        return self.pending.get(seq) or self._waiting.get(seq)

    def lost(self, from_seq: int, to_seq: int) -> None:
        """The device dropped from_seq ... to_seq: those that are not stored are a gap `device-memory`."""
        from_seq = max(from_seq, self.first)
        if from_seq > to_seq:
            return
        named = Hole(from_seq, min(to_seq, self.cursor), "device-memory")
        if named.records > 0 and named not in self.renames:
            self.renames.append(named)
        self.holes = [
            piece for hole in self.holes for piece in _named(hole, from_seq, to_seq, "device-memory")
        ]
        if from_seq <= self.head + 1:
            self._pass(to_seq, "device-memory")
        else:
            self._lost = (from_seq, to_seq)

    def oldest(self, seq: int, dropped: int = 0) -> None:
        """The device holds nothing below seq: holes below it will never be filled by it.

        The newest `dropped` of them it dropped itself since it was heard last. The others it saw
        acknowledged, in a life that this edge does not remember, unless a `lost` line names them later.
        """
        self._pass(seq - 1 - dropped, ELSEWHERE)
        self._pass(seq - 1, "device-memory")

    def end(self, newest: int = 0) -> None:
        """The boot is over and nothing more will come: what waits is taken, holes are `device-off`.

        `newest`: the newest record that the device said it held; what of it never came is such a hole too.
        """
        if self._lost:
            self._pass(self._lost[0] - 1, "device-off")
        self._pass(max([newest, *self._waiting]), "device-off")

    @property
    def dirty(self) -> bool:
        return self.head > self.cursor or bool(self.renames)

    def committed(self, head: int) -> None:
        """Everything up to head is on disk."""
        self.cursor = head
        self.pending = {seq: record for seq, record in self.pending.items() if seq > head}
        self.holes = [hole for hole in self.holes if hole.from_seq > head]
        self.renames = []

    def moved(self, first: int, cursor: int) -> None:
        """The stream on disk was told to begin earlier or to reach farther, while nothing was pending here."""
        self.first = min(self.first, first)
        if cursor > self.head:
            self.cursor = self.head = cursor
            self._waiting = {seq: record for seq, record in self._waiting.items() if seq > cursor}
            self.holes = []
            self._drain()

    def _advance(self, record: Record) -> None:
        self.head = record.seq
        self.pending[record.seq] = record

    def _drain(self) -> None:
        while self.head + 1 in self._waiting:
            self._advance(self._waiting.pop(self.head + 1))
        if self._lost and self._lost[0] <= self.head + 1:
            upto, self._lost = self._lost[1], None
            self._pass(upto, "device-memory")

    def _pass(self, upto: int, cause: str) -> None:
        """Move the head to upto: what waits is taken, the rest is holes."""
        for seq in sorted(s for s in self._waiting if s <= upto):
            self._hole(self.head + 1, seq - 1, cause)
            self._advance(self._waiting.pop(seq))
        self._hole(self.head + 1, upto, cause)
        self.head = max(self.head, upto)
        self._drain()

    def _hole(self, from_seq: int, to_seq: int, cause: str) -> None:
        if from_seq <= to_seq:
            self.holes.append(Hole(from_seq, to_seq, cause))

    def _unhole(self, record: Record) -> None:
        """A record turned up inside a hole that is not on disk yet: it takes its place."""
        self.holes = [piece for hole in self.holes for piece in _named(hole, record.seq, record.seq, None)]
        self.pending[record.seq] = record


def _named(hole: Hole, from_seq: int, to_seq: int, cause: str | None) -> list[Hole]:
    """The hole with its part inside from_seq ... to_seq named cause, or taken out (None)."""
    low, high = max(hole.from_seq, from_seq), min(hole.to_seq, to_seq)
    if low > high:
        return [hole]
    pieces = [Hole(hole.from_seq, low - 1, hole.cause), Hole(high + 1, hole.to_seq, hole.cause)]
    if cause is not None:
        pieces.append(Hole(low, high, cause))
    return sorted((p for p in pieces if p.records > 0), key=lambda p: p.from_seq)
