"""Sealed hours as a table, the same on both twins: kept once, never changed, never deleted."""

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import orjson

from metering.energy import HOUR_MS
from metering.reading import Meter
from store.database import Database
from store.meters import Meters
from store.sealing import Counter, Seal
from store.touched import Touched

_FIELDS = "h.hour, h.seq, h.row_count, h.counters, h.sums, h.digest"


class SealedHours:
    """The sealed hours of one site; `keep` wants to be inside the caller's write transaction."""

    def __init__(self, db: Database, site: int = 0) -> None:
        self._db = db
        self._meters = Meters(db, site)
        self._touched = Touched(db)

    def keep(self, stream: int, source: str, seal: Seal) -> None:
        """Keep a seal; of two for one meter and hour the first stays. Its last record lies in `stream`."""
        self._db.execute(
            "INSERT INTO sealed (meter, hour, stream, seq, row_count, counters, sums, digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (meter, hour) DO NOTHING",
            (
                self._meters.number(source, seal.channel), seal.hour, stream, seal.seq, seal.rows,
                orjson.dumps(seal.counters).decode(), orjson.dumps(dict(seal.sums)).decode(), seal.digest,
            ),
        )  # fmt: skip

    def touch(self, source: str, seal: Seal) -> None:
        """What the hour's rollup is made of has changed: this seal came from the other twin."""
        self._touched.hours([(self._meters.number(source, seal.channel), seal.hour)])

    def find(self, meter: Meter, hour: int) -> Seal | None:
        row = self._db.execute(
            f"SELECT {_FIELDS} FROM sealed h WHERE h.meter = ? AND h.hour = ?", (self._number(meter), hour)
        ).fetchone()
        return _seal(meter.channel, row) if row else None

    def between(self, stream: int, from_seq: int, to_seq: int, most: int) -> list[Seal]:
        """At most `most` seals whose last record is in from_seq ... to_seq of a stream, by that record."""
        rows = self._db.execute(
            f"SELECT m.channel, {_FIELDS} FROM sealed h JOIN meters m ON m.id = h.meter"
            " WHERE h.stream = ? AND h.seq BETWEEN ? AND ? ORDER BY h.seq LIMIT ?",
            (stream, from_seq, to_seq, most),
        )
        return [_seal(row[0], row[1:]) for row in rows]

    def counters(self, meter: Meter, from_ms: int, to_ms: int) -> Iterator[Counter]:
        """The counter values with taken_ms in [from_ms, to_ms), in order of time."""
        for (text,) in self._db.execute(
            "SELECT counters FROM sealed WHERE meter = ? AND hour BETWEEN ? AND ? ORDER BY hour",
            (self._number(meter), from_ms // HOUR_MS, (to_ms - 1) // HOUR_MS),
        ).fetchall():
            yield from (counter for counter in _counters(text) if from_ms <= counter[2] < to_ms)

    def counter_before(self, meter: Meter, at_ms: int) -> Counter | None:
        """The last counter value before at_ms."""
        # The hour of at_ms may hold only later ones; the hour below it that holds any holds an earlier one.
        for (text,) in self._db.execute(
            "SELECT counters FROM sealed WHERE meter = ? AND hour <= ? AND counters <> '[]'"
            " ORDER BY hour DESC LIMIT 2",
            (self._number(meter), (at_ms - 1) // HOUR_MS),
        ).fetchall():
            if before := list(takewhile(lambda counter: counter[2] < at_ms, _counters(text))):
                return before[-1]
        return None

    def span_ms(self, meter: Meter) -> tuple[int, int] | None:
        """From the beginning of a meter's first sealed hour to the last ms of its last one."""
        first, last = self._db.execute(
            "SELECT min(hour), max(hour) FROM sealed WHERE meter = ?", (self._number(meter),)
        ).fetchone()
        return None if first is None else (first * HOUR_MS, (last + 1) * HOUR_MS - 1)

    def _number(self, meter: Meter) -> int:
        return self._meters.find(meter) or 0


def _seal(channel: int, row: tuple[Any, ...]) -> Seal:
    hour, seq, rows, counters, sums, digest = row
    found = {column: tuple(total) for column, total in orjson.loads(sums).items()}
    return Seal(channel, hour, seq, rows, tuple(_counters(counters)), found, digest)


def _counters(text: str) -> list[Counter]:
    return [(boot, seq, taken_ms, wh) for boot, seq, taken_ms, wh in orjson.loads(text)]
