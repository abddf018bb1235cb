"""The gaps of streams: added as runs of one cause, cut by rows that turn up, renamed when a cause is known."""

from collections.abc import Iterable
from dataclasses import replace

from metering.gap import ELSEWHERE
from store.database import Database
from store.part import Hole

# What a `lost` line explains better; a silent sensor or a refused record that was stored stays what it was.
UNEXPLAINED = (ELSEWHERE, "device-off")
_INSERT = "INSERT INTO gaps (stream, from_seq, to_seq, cause, from_ms, to_ms) VALUES (?, ?, ?, ?, ?, ?)"
# For counting readings r that lie in a gap of their stream; gaps never overlap, so the nearest one tells.
TWICE = (
    "count(*) FILTER (WHERE (SELECT g.to_seq FROM gaps g WHERE g.stream = r.stream AND g.from_seq <= r.seq"
    " ORDER BY g.from_seq DESC LIMIT 1) >= r.seq)"
)
_SELECT = "SELECT from_seq, to_seq, cause, from_ms, to_ms FROM gaps"


class Gaps:
    """Gaps of one stream never overlap, and neighbours of one cause are one gap.

    All methods want to be inside the caller's write transaction, but for those that only look.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, stream: int, holes: Iterable[Hole]) -> None:
        """Record holes above everything recorded so far, or in places that `cut` has freed."""
        for hole in sorted(holes, key=lambda h: h.from_seq):
            self._db.execute(_INSERT, (stream, *_fields(self._joined(stream, hole))))

    def between(self, stream: int, from_seq: int, to_seq: int) -> list[Hole]:
        """Every gap that touches from_seq ... to_seq, whole."""
        # The gap that starts below from_seq may reach into it; gaps never overlap, so it is the nearest one.
        below = self._db.execute(
            _SELECT + " WHERE stream = ? AND from_seq < ? ORDER BY from_seq DESC LIMIT 1", (stream, from_seq)
        ).fetchall()
        inside = self._db.execute(
            _SELECT + " WHERE stream = ? AND from_seq BETWEEN ? AND ? ORDER BY from_seq",
            (stream, from_seq, to_seq),
        ).fetchall()
        return [hole for row in [*below, *inside] if (hole := Hole(*row)).to_seq >= from_seq]

    def beyond(self, stream: int, seq: int, most: int) -> list[Hole]:
        """At most `most` gaps that begin beyond seq."""
        rows = self._db.execute(
            f"{_SELECT} WHERE stream = ? AND from_seq > ? ORDER BY from_seq LIMIT ?", (stream, seq, most)
        )
        return [Hole(*row) for row in rows]

    def any_of(self, stream: int, cause: str) -> bool:
        """Whether a stream has a gap of this cause."""
        row = self._db.execute("SELECT 1 FROM gaps WHERE stream = ? AND cause = ? LIMIT 1", (stream, cause))
        return row.fetchone() is not None

    def covering(self, stream: int, seq: int) -> Hole | None:
        return next(iter(self.between(stream, seq, seq)), None)

    def sums(self, stream: int, from_seq: int, to_seq: int) -> dict[str, int]:
        """How many of the seqs from_seq ... to_seq lie in gaps, by cause."""
        rows = self._db.execute(
            "SELECT cause, sum(CASE WHEN to_seq < ? THEN to_seq ELSE ? END"
            " - CASE WHEN from_seq > ? THEN from_seq ELSE ? END + 1) FROM gaps WHERE stream = ? AND to_seq >= ?"
            " AND from_seq BETWEEN coalesce((SELECT max(from_seq) FROM gaps WHERE stream = ? AND from_seq < ?), ?)"
            " AND ? GROUP BY cause",
            (to_seq, to_seq, from_seq, from_seq, stream, from_seq, stream, from_seq, from_seq, to_seq),
        )
        return dict(rows.fetchall())

    def reaching(self, stream: int, from_seq: int, to_seq: int, at_ms: int) -> Hole | None:
        """The first gap that touches from_seq ... to_seq, begins at a known time and ends at at_ms or later."""
        held = self._db.execute(
            _SELECT + " WHERE stream = ? AND to_seq >= ? AND from_ms IS NOT NULL AND to_ms >= ?"
            " AND from_seq BETWEEN coalesce((SELECT max(from_seq) FROM gaps WHERE stream = ? AND from_seq < ?), ?)"
            " AND ? ORDER BY from_seq LIMIT 1",
            (stream, from_seq, at_ms, stream, from_seq, from_seq, to_seq),
        ).fetchone()
        return Hole(*held) if held else None

    def cut(
        self, stream: int, from_seq: int, to_seq: int, at_ms: int | None = None, until_ms: int | None = None
    ) -> list[Hole]:
        """Free from_seq ... to_seq: gaps there shrink or split; gives the pieces that were taken out.

        What remains on either side keeps its outer time; where they are known, what lies before ends at at_ms and
        what lies behind begins at until_ms (at_ms if that is all there is).
        """
        pieces = []
        until_ms = at_ms if until_ms is None else until_ms
        for gap in self.between(stream, from_seq, to_seq):
            self._db.execute("DELETE FROM gaps WHERE stream = ? AND from_seq = ?", (stream, gap.from_seq))
            pieces.append(gap.within(from_seq, to_seq))
            before, behind = gap.within(gap.from_seq, from_seq - 1), gap.within(to_seq + 1, gap.to_seq)
            rests = [
                before if at_ms is None else replace(before, to_ms=at_ms),
                behind if until_ms is None else replace(behind, from_ms=until_ms),
            ]
            for rest in rests:
                if rest.records > 0:
                    self._db.execute(_INSERT, (stream, *_fields(rest)))
        return pieces

    def rename(self, stream: int, hole: Hole) -> bool:
        """Give the part of existing gaps inside `hole` its cause and times; False when nothing changed.

        What is explained keeps its cause, and what a row has split since its inner times: a request that was held
        up on the way may bring what was known before.
        """
        renamed = False
        for gap in self.between(stream, hole.from_seq, hole.to_seq):
            low, high = max(gap.from_seq, hole.from_seq), min(gap.to_seq, hole.to_seq)
            from_ms = hole.from_ms if low == hole.from_seq else None
            to_ms = hole.to_ms if high == hole.to_seq else None
            named = Hole(low, high, hole.cause, from_ms, to_ms)
            if gap.cause != hole.cause and gap.cause not in UNEXPLAINED:
                continue
            if gap.cause != hole.cause or not _known(named, gap):
                for piece in self.cut(stream, low, high):
                    self.add(stream, [_timed(named, piece)])
                renamed = True
        return renamed

    def _joined(self, stream: int, hole: Hole) -> Hole:
        """The hole with neighbours of the same cause taken out of the table and joined to it."""
        for gap in self.between(stream, hole.from_seq - 1, hole.to_seq + 1):
            touches = gap.to_seq == hole.from_seq - 1 or gap.from_seq == hole.to_seq + 1
            if gap.cause == hole.cause and touches:
                self._db.execute("DELETE FROM gaps WHERE stream = ? AND from_seq = ?", (stream, gap.from_seq))
                first, second = sorted([gap, hole], key=lambda h: h.from_seq)
                hole = Hole(first.from_seq, second.to_seq, hole.cause, first.from_ms, second.to_ms)
        return hole


def _known(hole: Hole, gap: Hole) -> bool:
    return hole.from_ms in (None, gap.from_ms) and hole.to_ms in (None, gap.to_ms)


def _timed(hole: Hole, piece: Hole) -> Hole:
    """The hole with the piece's times where it has none of its own."""
    from_ms = piece.from_ms if hole.from_ms is None else hole.from_ms
    return replace(hole, from_ms=from_ms, to_ms=piece.to_ms if hole.to_ms is None else hole.to_ms)


def _fields(hole: Hole) -> tuple[int, int, str, int | None, int | None]:
    return hole.from_seq, hole.to_seq, hole.cause, hole.from_ms, hole.to_ms
