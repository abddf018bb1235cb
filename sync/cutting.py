"""Cutting the next batch out of an edge's backlog, from the place where a cloud stands.

Nothing is sent and nothing remembered but whose turn it is: what is cut for a position that turns out wrong
is thrown away and cut again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from store.backlog import MOST_HOLES as MOST_PART_HOLES
from store.backlog import MOST_SEALED as MOST_PART_SEALED
from store.backlog import Amended
from store.part import Part
from store.streams import Stream
from sync.batch import MOST_HOLES, MOST_METERS, MOST_PARTS, MOST_SEALED
from sync.position import Position


class StreamList(Protocol):
    def all(self) -> Sequence[Stream]: ...


class Source(Protocol):
    """What store.backlog.Backlog offers."""

    @property
    def streams(self) -> StreamList: ...

    def part(self, stream: Stream, after_seq: int, most_rows: int) -> Part | None: ...
    def amended(self, beyond: int, after: dict[int, int]) -> tuple[list[Amended], int]: ...
    def waiting_rows(self, after: dict[int, int]) -> int: ...


@dataclass(frozen=True, slots=True)
class Cut:
    """Parts for a cloud that stands at `at`, and where it stands when it has taken them all.

    `numbers`: the local number of each part's stream by its name. `waiting`: how many records wait here behind it.
    """

    at: Position
    parts: Sequence[Part]
    after: Position
    numbers: Mapping[tuple[str, int], int]
    waiting: int = 0

    @property
    def rows(self) -> int:
        return sum(len(part.rows) + len(part.fills) for part in self.parts)


class _Room:
    """What a batch may still take."""

    def __init__(self, rows: int, parts: int) -> None:
        self.rows, self.parts, self.holes, self.sealed = rows, parts, MOST_HOLES, MOST_SEALED
        self.meters: set[tuple[str, int]] = set()

    def is_left(self) -> bool:
        named = self.holes >= MOST_PART_HOLES and self.sealed >= MOST_PART_SEALED
        return self.rows > 0 and self.parts > 0 and named

    def fits(self, part: Part) -> bool:
        """Take the part's share; False when the batch would hold too many meters with it."""
        meters = self.meters | {(part.source, row[1]) for row in (*part.rows, *part.fills)}
        meters |= {(part.source, seal.channel) for seal in part.sealed}
        if len(meters) > MOST_METERS and self.meters:
            return False
        self.meters = meters
        self.rows -= len(part.rows) + len(part.fills)
        self.holes -= len(part.holes) + len(part.fill_holes)
        self.sealed -= len(part.sealed)
        self.parts -= 1
        return True


class Cutter:
    """Cuts for one cloud; streams take turns, so that a long backlog of one does not hold up the others."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._last = 0

    def cut(self, at: Position, most_rows: int, only_one: bool = False) -> Cut:
        """The next batch of at most most_rows rows; `only_one`: a single part, always of the same stream."""
        room = _Room(most_rows, 1 if only_one else MOST_PARTS)
        parts, after = self._fills(at, room)
        cursors = dict(after.cursors)
        streams = self._source.streams.all()
        behind = self._behind(streams, cursors, only_one)
        for stream in behind:
            if not room.is_left():
                break
            part = self._source.part(stream, cursors.get(stream.id, 0), room.rows)
            if part is not None and room.fits(part):
                parts.append(part)
                cursors[stream.id] = part.last_seq
                self._last = stream.id
        here = {(part.source, part.boot) for part in parts}
        numbers = {key: s.id for s in streams if (key := (s.source, s.boot)) in here}
        # Of those that were behind alone: with thousands of streams a look at each costs more than the cut.
        waiting = sum(max(0, s.cursor - max(cursors.get(s.id, 0), s.first - 1)) for s in behind)
        return Cut(at, parts, replace(after, cursors=cursors), numbers, waiting)

    def _behind(self, streams: Sequence[Stream], cursors: dict[int, int], only_one: bool) -> list[Stream]:
        """Streams with something beyond the cloud's cursor, the one after the last one cut first."""
        behind = [s for s in streams if s.cursor > cursors.get(s.id, 0)]
        return behind if only_one else sorted(behind, key=lambda s: (s.id <= self._last, s.id))

    def _fills(self, at: Position, room: _Room) -> tuple[list[Part], Position]:
        found, beyond = self._source.amended(at.amended, dict(at.cursors))
        parts: list[Part] = []
        for amended in found:
            if not room.is_left():
                return parts, at
            rest = [row for row in amended.part.fills if row[0] > at.filled_to]
            part = replace(amended.part, fills=rest[: room.rows])
            if not room.fits(part):
                return parts, at
            parts.append(part)
            if len(part.fills) < len(rest):
                return parts, replace(at, filled_to=part.fills[-1][0])
            at = Position(at.cursors, amended.upto)
        return parts, Position(at.cursors, beyond)
