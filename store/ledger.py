"""The ledger: for each device and hour what was produced, stored and explained, and whether that adds up.

Produced comes from the numbers alone: a seq belongs to the hour in which it, or what lies beside it, was taken.
Stored is counted where the rows lie, explained is what the gaps say, and nothing is taken from one for another.
So a row that the disk lost, or that lies in a gap, shows up in the hour to which it belongs.
"""

from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Protocol

from metering.energy import HOUR_MS
from metering.reading import Meter
from store.database import Database
from store.entry import Book, Counted, Entry, Life
from store.gaps import Gaps
from store.part import READINGS

# Looked at in one read transaction: a writer's log is not folded back meanwhile.
WINDOW_MS = 24 * HOUR_MS
_LIVES = (
    "SELECT s.id, s.source, s.boot, s.first, s.cursor + 1, s.first_ms, s.last_ms,"
    " (SELECT g.from_ms FROM gaps g WHERE g.stream = s.id ORDER BY g.from_seq LIMIT 1),"
    " (SELECT g.to_ms FROM gaps g WHERE g.stream = s.id ORDER BY g.from_seq DESC LIMIT 1)"
    " FROM streams s WHERE s.site = ? AND s.kind = ? ORDER BY s.id"
)


class Stock(Protocol):
    """How each layout counts its rows, and finds what lies beside an instant."""

    def counted(self, from_ms: int, to_ms: int) -> Iterator[Counted]: ...
    def undated(self) -> Iterator[Counted]: ...
    def waits(self) -> dict[int, int]: ...
    def beside(self, life: Life, at_ms: int) -> tuple[int | None, int | None]: ...
    def counters(
        self, meter: Meter, from_ms: int, to_ms: int
    ) -> tuple[tuple[int, int] | None, tuple[int, int] | None]: ...


class Ledger:
    """The ledger of one site; it only reads."""

    def __init__(self, db: Database, stock: Stock, site: int = 0) -> None:
        self._db = db
        self._stock = stock
        self._site = site
        self._gaps = Gaps(db)

    def hours(self, from_ms: int, to_ms: int) -> list[Entry]:
        """Every device and hour of [from_ms, to_ms), whole UTC hours, that is not empty, by hour and device."""
        found: list[Entry] = []
        for begin_ms in range(from_ms, to_ms, WINDOW_MS):
            with self._db.read():
                found += self._window(begin_ms, min(begin_ms + WINDOW_MS, to_ms))
        return found

    def dateless(self) -> list[Entry]:
        """What has no date yet, or never gets one, of each device."""
        with self._db.read():
            lives, waits = self._lives(), self._stock.waits()
            book = Book(lives)
            for life in lives:
                first = waits.get(life.id, life.end) if life.span_ms else life.first
                if first < life.end:
                    sums = self._gaps.sums(life.id, first, life.end - 1)
                    book.entry(life, None).number(life.end - first, sums)
            for rows in self._stock.undated():
                book.count(rows)
            return book.sorted()

    def _window(self, from_ms: int, to_ms: int) -> list[Entry]:
        lives, waits = self._lives(), self._stock.waits()
        book = Book(lives)
        for life in lives:
            # What waits for its date is the end of its stream.
            dated = life._replace(end=waits.get(life.id, life.end))
            for hour_ms, low, high in self._stretches(dated, from_ms, to_ms):
                book.entry(life, hour_ms).number(high - low, self._gaps.sums(life.id, low, high - 1))
        for rows in self._stock.counted(from_ms, to_ms):
            book.count(rows)
        book.silences(from_ms, to_ms)
        return book.sorted()

    def _lives(self) -> list[Life]:
        return [Life(*row) for row in self._db.execute(_LIVES, (self._site, READINGS))]

    def _stretches(self, life: Life, from_ms: int, to_ms: int) -> Iterator[tuple[int, int, int]]:
        """(hour_ms, low, high): the boot numbered low ... high - 1 in that hour; hours without any are left out."""
        if life.span_ms is None or life.span_ms[0] >= to_ms or life.span_ms[1] < from_ms:
            return
        hours = range(from_ms, to_ms + 1, HOUR_MS)
        borders = list(accumulate((self._border(life, at_ms) for at_ms in hours), max))
        for hour_ms, (low, high) in zip(hours, pairwise(borders), strict=False):
            if low < high:
                yield hour_ms, low, high

    def _border(self, life: Life, at_ms: int) -> int:
        """The first seq of a boot that was taken at at_ms or later; its end when there is none.

        Between two rows a gap with times is divided in proportion. Any other seq belongs to what lies before it, and
        what is missing before the first instant that is known to that one.
        """
        assert life.span_ms is not None
        if at_ms <= life.span_ms[0]:
            return life.first
        if at_ms > life.span_ms[1]:
            return life.end
        before, after = self._stock.beside(life, at_ms)
        low = life.first if before is None else before + 1
        high = life.end if after is None else after
        gap = self._gaps.reaching(life.id, low, high - 1, at_ms) if low < high else None
        if gap is None or gap.from_ms is None or gap.to_ms is None:
            return high
        share_ms, whole_ms = max(0, at_ms - gap.from_ms), max(1, gap.to_ms - gap.from_ms)
        passed = -(-gap.records * share_ms // whole_ms)
        return min(max(gap.from_seq + passed, low), gap.to_seq + 1, high)
