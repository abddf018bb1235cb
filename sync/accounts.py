"""Accounts: what a cloud has of streams beyond what this edge knows of them, as parts for the collector.

A card that was restored or is new lacks numbers that the cloud has. Each such stream gets a part that accounts for
them: the cloud's own gaps, and all else as gaps `elsewhere`, which the rows then fill (sync/verify.py). Nothing of a
stream that this edge fills itself moves by this but its beginning and its end.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from metering.gap import ELSEWHERE
from store.gaps import Gaps
from store.parcels import Parcels
from store.part import CHANGES, Hole, Part
from store.streams import Stream, Streams
from sync.batch import Batch
from sync.evidence import StreamPage, read_changes, read_holes
from sync.shape import VERSION
from sync.verify import Ask, understood


@dataclass(frozen=True, slots=True)
class Ledger:
    """This edge's streams and gaps, and where parcels for the collector are left."""

    streams: Streams
    gaps: Gaps
    parcels: Parcels


class Accounts:
    """With one cloud. `everything`: also sources that this edge has never heard of (a new card)."""

    def __init__(self, here: Ledger, cloud: Ask, everything: bool = False) -> None:
        self._here, self._cloud, self._everything = here, cloud, everything
        self.span_ms: tuple[int, int] | None = None  # of all that the cloud has, once it was asked

    def settle(self, only_changes: bool = False) -> int:
        """Leave a parcel for every stretch that this edge cannot account for yet; how many streams that concerned.

        Changes (names, limits) are everybody's: those that the cloud made itself come too.
        """
        known = {stream.source for stream in self._here.streams.all()}
        found = 0
        for theirs in self._streams():
            changes = theirs.kind == CHANGES
            if changes or (not only_changes and (self._everything or theirs.source in known)):
                cut = self._changes if changes else self._parts
                parts = list(cut(theirs)) if self._lacks(theirs) else []
                self._here.parcels.leave([Batch([part]).encode() for part in parts])
                found += bool(parts)
        return found

    def _lacks(self, theirs: Stream) -> bool:
        own = self._here.streams.find(theirs.source, theirs.boot)
        if own is None:
            return theirs.cursor >= theirs.first
        # Numbers that are `elsewhere` here: the cloud may know a better cause.
        beyond = theirs.cursor > own.cursor or theirs.first < own.first
        return beyond or self._here.gaps.any_of(own.id, ELSEWHERE)

    def _parts(self, theirs: Stream) -> Iterator[Part]:
        """Parts that together cover the stream as the cloud has it, by its gaps and `elsewhere`."""
        after = theirs.first - 1
        while after < theirs.cursor:
            holes, upto = self._holes(theirs, after)
            upto = min(max(upto, after + 1), theirs.cursor)
            cover = list(covered(holes, after, upto))
            if self._says_something(theirs, cover):
                yield Part(
                    theirs.source, theirs.boot, after, holes=cover,
                    first=theirs.first, uncertain=theirs.uncertain,
                )  # fmt: skip
            after = upto

    def _changes(self, theirs: Stream) -> Iterator[Part]:
        own = self._here.streams.find(theirs.source, theirs.boot)
        after = own.cursor if own else theirs.first - 1
        while after < theirs.cursor:
            body = self._cloud.ask("/api/v1/streams/changes", _of(theirs, after))
            rows = understood(read_changes, body)
            if not rows:
                return
            yield Part(theirs.source, theirs.boot, after, rows, first=theirs.first, kind=CHANGES)
            after = rows[-1][0]

    def _says_something(self, theirs: Stream, cover: list[Hole]) -> bool:
        """Whether a part would change anything here."""
        own = self._here.streams.find(theirs.source, theirs.boot)
        if own is None or cover[-1].to_seq > own.cursor or cover[0].from_seq < own.first:
            return True
        named = [hole for hole in cover if hole.cause != ELSEWHERE]
        return any(
            gap.cause == ELSEWHERE
            for hole in named
            for gap in self._here.gaps.between(own.id, hole.from_seq, hole.to_seq)
        )

    def _streams(self) -> Iterator[Stream]:
        after: int | None = 0
        while after is not None:
            body = orjson.dumps({"v": VERSION, "after": after})
            page = understood(StreamPage.read, self._cloud.ask("/api/v1/streams", body))
            self.span_ms, after = page.span_ms, page.next_id
            yield from page.streams

    def _holes(self, theirs: Stream, after: int) -> tuple[list[Hole], int]:
        return understood(read_holes, self._cloud.ask("/api/v1/streams/gaps", _of(theirs, after)))


def _of(theirs: Stream, after: int) -> bytes:
    return orjson.dumps({"v": VERSION, "source": theirs.source, "boot": theirs.boot, "after": after})


def covered(holes: list[Hole], after: int, upto: int) -> Iterator[Hole]:
    """Holes that cover (after, upto]: those given, clipped, and `elsewhere` between them."""
    want = after + 1
    for hole in holes:
        piece = hole.within(want, upto)
        if piece.records <= 0:
            continue
        if want < piece.from_seq:
            yield Hole(want, piece.from_seq - 1, ELSEWHERE)
        yield piece
        want = piece.to_seq + 1
    if want <= upto:
        yield Hole(want, upto, ELSEWHERE)
