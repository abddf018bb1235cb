"""History: what one site has recorded, for reading only, the same on both twins."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import merge
from itertools import chain, islice
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from metering.energy import across
from metering.gap import Gap, GapSum
from metering.profile import Profile
from metering.quantity import BY_COLUMN
from metering.reading import Meter
from metering.rollup import Way
from store.changes import TIMEZONE, Changes
from store.database import Database
from store.ledger import Ledger, Stock
from store.profiles import Profiles
from store.sealed import SealedHours
from store.sealing import Counter
from store.silence import Span, near, silences
from store.streams import Streams
from store.summaries import Rows, Summaries

# No date lies beyond the year 9999, which is all that people and ISO 8601 write.
FOREVER_MS = 253_402_300_800_000
_GAPS = (
    "FROM streams s JOIN gaps g ON g.stream = s.id WHERE s.site = ?"
    " AND (g.to_ms IS NULL OR g.to_ms >= ?) AND (g.from_ms IS NULL OR g.from_ms < ?)"
)

# Before and after every date; and more gaps than there are.
_BEFORE_MS, _AFTER_MS, _ALL_GAPS = -(2**62), 2**62, 2**62
# Looked at by their numbers; with more of them all gaps are looked at, which then takes no longer.
MOST_STREAMS = 500

GapKey = tuple[str, int, int, int]  # source, boot, from_seq, to_seq


class StoredRows(Rows, Protocol):
    """What both layouts offer for reading; the tuples begin (boot, seq, taken_ms, ...)."""

    def undated(self, meter: Meter) -> Iterator[tuple[int, int]]: ...
    def values(self, meter: Meter, boot: int, seq: int) -> tuple[int | None, ...]: ...
    def newest(self, meter: Meter) -> tuple[Any, ...] | None: ...
    def span_ms(self, meter: Meter) -> tuple[int, int] | None: ...
    @property
    def stock(self) -> Stock: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored reading; values in QUANTITIES order, small units, None where missing."""

    boot: int
    seq: int
    taken_ms: int | None
    values: tuple[int | None, ...]


class History:
    """A read-only view of one site's rows."""

    def __init__(self, db: Database, rows: StoredRows, site: int = 0) -> None:
        self._db = db
        self._rows = rows
        self._site = site
        self._sealed = SealedHours(db, site)
        self._summaries = Summaries(db, rows, site)
        self.streams = Streams(db, site)

    def meters(self) -> list[Meter]:
        return self._rows.meters.all()

    def timezone(self) -> str | None:
        """The site's IANA time zone, or None when it has not been told yet."""
        name = Changes(self._db, self._site).current(TIMEZONE)
        return name if isinstance(name, str) else None

    def profiles(self) -> dict[Meter, Profile]:
        """What people said of meters."""
        return Profiles(self._db, self._site).all()

    def span_ms(self, meter: Meter) -> tuple[int, int] | None:
        """First and last taken_ms of a meter, or None when nothing is dated; sealed hours count whole."""
        return self._db.remembered(("span", self._site, meter), lambda: self._read_span_ms(meter))

    def _read_span_ms(self, meter: Meter) -> tuple[int, int] | None:
        spans = [span for span in (self._rows.span_ms(meter), self._sealed.span_ms(meter)) if span]
        return (min(span[0] for span in spans), max(span[1] for span in spans)) if spans else None

    def newest(self, meter: Meter) -> Stored | None:
        """The reading with the latest date."""
        row = self._rows.newest(meter)
        return Stored(row[0], row[1], row[2], tuple(row[3:])) if row else None

    def rows(self, meter: Meter, from_ms: int | None, to_ms: int | None) -> Iterator[tuple[Any, ...]]:
        """(boot, seq, taken_ms, values...) in [from_ms, to_ms), by taken_ms, boot, seq.

        Without to_ms the rows that are not dated yet come last, with taken_ms None. A row that gets its date
        while the others are read comes once, in its place or, where that was passed already, at the end.
        """
        waiting: dict[int, set[int]] = {}
        for boot, seq in self._rows.undated(meter) if to_ms is None else ():
            waiting.setdefault(boot, set()).add(seq)
        for row in self._rows.scan(meter, from_ms or 0, FOREVER_MS if to_ms is None else to_ms):
            if row[0] in waiting:
                waiting[row[0]].discard(row[1])
            yield row
        for boot in sorted(waiting):
            for seq in sorted(waiting[boot]):
                yield (boot, seq, None, *self._rows.values(meter, boot, seq))

    def buckets(
        self,
        meter: Meter,
        column: str,
        from_ms: int,
        to_ms: int,
        width_ms: int,
        begin_ms: int | None = None,
    ) -> list[tuple[int, int, int, int, int]]:
        """(start_ms, n, total, least, most) of the buckets that hold values, in order of time.

        They begin at begin_ms, and at from_ms unless told otherwise.
        """
        begin_ms = from_ms if begin_ms is None else begin_ms
        found = self._summaries.buckets(meter, BY_COLUMN[column].column, from_ms, to_ms, begin_ms, width_ms)
        return [(start, *found[start]) for start in sorted(found)]

    def counters(self, meter: Meter, from_ms: int, to_ms: int) -> Iterator[Counter]:
        """(boot, seq, taken_ms, energy_wh) in [from_ms, to_ms), led by the last value before, if there is one."""
        return self._summaries.counters(meter, from_ms, to_ms)

    def ways(
        self, meter: Meter, from_ms: int, to_ms: int, width_ms: int, days_of: ZoneInfo | None = None
    ) -> Iterator[tuple[Way, int]]:
        """The way of the counter through the range; see store/summaries.py."""
        return self._summaries.ways(meter, from_ms, to_ms, width_ms, days_of)

    def minutes(self, meter: Meter, from_ms: int, to_ms: int) -> int:
        """How many minutes of the range have readings."""
        return self._summaries.minutes(meter, from_ms, to_ms)

    def gaps(
        self, from_ms: int | None, to_ms: int | None, after: GapKey | None = None, most: int | None = None
    ) -> list[Gap]:
        """Gaps that touch the range (also those whose times are not known) and silences between boots.

        In the order of their keys, at most `most` of those beyond `after`.
        """
        edges, beyond = self._edges(), after or ("", -1, -1, -1)
        rows = self._db.execute(
            f"SELECT s.source, s.boot, g.from_seq, g.to_seq, g.cause, g.from_ms, g.to_ms {_GAPS}"
            " AND (s.source, s.boot, g.from_seq, g.to_seq) > (?, ?, ?, ?)"
            " ORDER BY s.source, s.boot, g.from_seq LIMIT ?",
            (self._site, *_bounds(from_ms, to_ms), *beyond, _ALL_GAPS if most is None else most),
        )
        gaps = self._closed((Gap(*row) for row in rows), edges)
        quiet = [gap for gap in self._silences(edges, from_ms, to_ms) if gap_key(gap) > beyond]
        return list(islice(merge(gaps, sorted(quiet, key=gap_key), key=gap_key), most))

    def gap_sums(self, from_ms: int, to_ms: int, width_ms: int) -> list[GapSum]:
        """What `gaps` gives, those of a stream and cause that begin in the same stretch of width_ms as one.

        One silent sensor leaves a gap between any two records of its neighbours: half a million in a week.
        """
        edges = near(self._edges(), from_ms, to_ms)
        some, ids = self._among(edges)
        found = [
            GapSum(*row)
            for row in self._db.execute(
                "SELECT s.source, g.cause, count(*), sum(g.to_seq - g.from_seq + 1), min(g.from_ms), max(g.to_ms)"
                f" {_GAPS} {some} AND g.from_ms <= g.to_ms GROUP BY s.id, s.source, g.cause, g.from_ms / ?",
                (self._site, from_ms, to_ms, *ids, width_ms),
            )
        ]
        rows = self._db.execute(
            f"SELECT s.source, s.boot, g.from_seq, g.to_seq, g.cause, g.from_ms, g.to_ms {_GAPS} {some}"
            " AND (g.from_ms <= g.to_ms) IS NOT TRUE",
            (self._site, from_ms, to_ms, *ids),
        )
        singles = chain(
            self._closed((Gap(*row) for row in rows), edges), self._silences(edges, from_ms, to_ms)
        )
        return found + [
            GapSum(g.source, g.cause, 1, g.records, g.from_ms, g.to_ms, g.estimated or 0) for g in singles
        ]

    def ledger(self) -> Ledger:
        """What each device produced, and what became of it."""
        return Ledger(self._db, self._rows.stock, self._site)

    def energy_across(self, meter: Meter, from_ms: int, to_ms: int) -> int | None:
        """Wh that a meter's counter moved across from_ms ... to_ms, None when that is not known."""
        return across(*self._rows.stock.counters(meter, from_ms, to_ms))

    def _silences(self, edges: list[Span], from_ms: int | None, to_ms: int | None) -> Iterator[Gap]:
        for gap in silences(edges):
            begins, ends = gap.from_ms or 0, gap.to_ms or 0
            if (from_ms is None or ends >= from_ms) and (to_ms is None or begins < to_ms):
                yield gap

    def _closed(self, gaps: Iterable[Gap], edges: list[Span]) -> Iterator[Gap]:
        """The gaps, of which one at the end of a boot ends when the next boot of its source has its first row."""
        begins: dict[str, list[int]] = {}
        for span in edges:
            begins.setdefault(span.source, []).append(span.first_ms)
        for times in begins.values():
            times.sort()
        for gap in gaps:
            if gap.to_ms is None and gap.from_ms is not None:
                times = begins.get(gap.source, [])
                next_boot = bisect_right(times, gap.from_ms)
                gap = replace(gap, to_ms=times[next_boot]) if next_boot < len(times) else gap
            yield gap

    def _edges(self) -> list[Span]:
        """Each stream of readings that has dated rows, by source and time."""
        return self._db.remembered(("edges", self._site), self._read_edges)

    def _read_edges(self) -> list[Span]:
        rows = self._db.execute(
            "SELECT source, boot, first_ms, last_ms, cursor - first + 1, id FROM streams"
            " WHERE site = ? AND first_ms IS NOT NULL ORDER BY source, first_ms",
            (self._site,),
        )
        return [Span(*row) for row in rows]

    def _among(self, edges: list[Span]) -> tuple[str, list[int]]:
        """A condition that leaves only gaps of these streams, and of those that have no dated row; its values."""
        if len(edges) > MOST_STREAMS:
            return "", []
        if not edges:
            return "AND s.first_ms IS NULL", []
        ids = [span.stream for span in edges]
        return f"AND (s.first_ms IS NULL OR s.id IN ({', '.join('?' * len(ids))}))", ids


def _bounds(from_ms: int | None, to_ms: int | None) -> tuple[int, int]:
    """A range without an end as one that holds every date."""
    return (_BEFORE_MS if from_ms is None else from_ms), (_AFTER_MS if to_ms is None else to_ms)


def gap_key(gap: Gap) -> GapKey:
    return gap.source, gap.boot, gap.from_seq, gap.to_seq
