"""Mending: rows that the other twin holds intact go where they are missing or damaged here.

The same rules on both twins:
1. What is missing is stored: in its gap, or where neither a row nor a gap is.
2. What is damaged (its row check does not match) is replaced.
3. What is intact stays. If only the date differs, the cloud's stands; if a value differs, it is a conflict, which is
   told and changes nothing.
4. What lies beyond the cursor is still on its way and not touched.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Protocol

from metering.reading import CHANNEL, SEQ, TAKEN_MS, Row
from store.receiver import Receiver, Rows
from store.runs import runs
from store.streams import Stream

# channel, taken_ms, values and whether the row matches its check
Stored = tuple[int, int | None, tuple[int | None, ...], bool]


class MendableRows(Rows, Protocol):
    """What both layouts offer for mending."""

    def stored(self, stream: int, source: str, rows: Sequence[Row], thorough: bool) -> dict[int, Stored]:
        """What lies here under the names of `rows`, by seq. `thorough`: wherever in time a damaged date put it."""
        ...

    def remove(self, stream: int, source: str, rows: Iterable[tuple[int, int, int | None]]) -> None:
        """Take rows (seq, channel, taken_ms as they lie here) out."""
        ...


@dataclass(slots=True)
class Mended:
    """What became of the rows of one stream; `other_dates` and `conflicts` tell what lies here."""

    stored_seqs: list[int] = field(default_factory=list)
    replaced: int = 0
    redated: int = 0
    kept: int = 0
    beyond: int = 0
    other_dates: list[tuple[int, int]] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)

    @property
    def stored(self) -> int:
        return len(self.stored_seqs)

    @property
    def changed(self) -> int:
        return self.stored + self.replaced + self.redated


class Mender:
    """Wants to be inside a write transaction. `redate` enters the new dates of (stream, source, rows)."""

    def __init__(
        self,
        receiver: Receiver,
        rows: MendableRows,
        redate: Callable[[int, str, list[Row]], None] | None = None,
    ) -> None:
        self._receiver, self._rows, self._redate = receiver, rows, redate

    def mend(self, source: str, boot: int, rows: Iterable[Row]) -> Mended:
        """Rows of one stream as the other twin holds them, in ROW_FIELDS order, each with its date."""
        done = Mended()
        stream = self._receiver.streams.find(source, boot)
        came = sorted(rows, key=itemgetter(SEQ))
        if stream is None:
            done.beyond = len(came)
            return done
        known = [row for row in came if _seq(row) <= stream.cursor]
        done.beyond = len(came) - len(known)
        held = self._held(stream, known)
        missing, damaged, redated = [], [], []
        for row in known:
            here = held.get(_seq(row))
            if here is None:
                missing.append(row)
            elif not here[3]:
                damaged.append(row)
            elif (here[0], here[2]) != (row[CHANNEL], tuple(row[TAKEN_MS + 1 :])):
                done.conflicts.append(_seq(row))
            elif here[1] is None or here[1] == row[TAKEN_MS]:
                done.kept += 1  # one without a date gets it here, and it travels
            elif self._redate:
                redated.append(row)
            else:
                done.other_dates.append((_seq(row), here[1]))
        self._store(stream, missing)
        self._replace(stream, damaged, held)
        if self._redate and redated:
            self._redate(stream.id, source, redated)
        self._receiver.streams.reach(stream.id, [row[TAKEN_MS] for row in (*missing, *damaged, *redated)])
        done.stored_seqs = [_seq(row) for row in missing]
        done.replaced, done.redated = len(damaged), len(redated)
        return done

    def _held(self, stream: Stream, rows: list[Row]) -> dict[int, Stored]:
        held = self._rows.stored(stream.id, stream.source, rows, thorough=False)
        absent = [row for row in rows if _seq(row) not in held and _seq(row) >= stream.first]
        lost = self._outside_gaps(stream, absent)
        if lost:  # neither a row nor a gap where it should be: look everywhere before it is stored once more
            held |= self._rows.stored(stream.id, stream.source, lost, thorough=True)
        return held

    def _outside_gaps(self, stream: Stream, rows: list[Row]) -> list[Row]:
        if not rows:
            return []
        gaps = self._receiver.gaps.between(stream.id, _seq(rows[0]), _seq(rows[-1]))
        begins = [gap.from_seq for gap in gaps]
        return [
            row
            for row in rows
            if not (place := bisect_right(begins, _seq(row))) or gaps[place - 1].to_seq < _seq(row)
        ]

    def _store(self, stream: Stream, rows: list[Row]) -> None:
        if rows:
            self._receiver.begin_earlier(stream, _seq(rows[0]))
        dates = {_seq(row): row[TAKEN_MS] for row in rows}
        for low, high in runs(dates):
            self._receiver.gaps.cut(stream.id, low, high, dates[low], dates[high])
        self._rows.insert(stream.id, stream.source, sorted(rows, key=itemgetter(CHANNEL)))

    def _replace(self, stream: Stream, rows: list[Row], held: dict[int, Stored]) -> None:
        if rows:
            there = [(_seq(row), *held[_seq(row)][:2]) for row in rows]
            self._rows.remove(stream.id, stream.source, there)
            self._rows.insert(stream.id, stream.source, sorted(rows, key=itemgetter(CHANNEL)))


def _seq(row: Row) -> int:
    return row[SEQ] or 0
