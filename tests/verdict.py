"""The verdict on a simulated house: what is wrong on either side, in words; nothing when all is right.

1. Every reading that was measured is stored on both sides, once, with its own values; but those that the
   device lost, which lie in a gap with the right cause, and a restored card's lost future, which the cloud has.
2. Every date is within 50 ms of the truth; 300 ms in a boot's first two minutes; 1 s where the device was the
   clock; boots that never met a known clock, or were hardly heard, are marked uncertain instead, and no others.
3. Stored and gaps cover every stream exactly, also in the ledger of each hour, and time never runs backwards in a
   boot.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from simulated import House
from simulated_device import Key

from edge.boots import WIRE_MASK
from metering.energy import HOUR_MS
from metering.quantity import COLUMNS
from store.database import Database
from store.ledger import Ledger, Stock
from store.part import READINGS, Hole
from store.streams import Streams

DATED_WITHIN_MS, AT_FIRST_WITHIN_MS, DARK_WITHIN_MS = 50, 300, 1_000
FIRST_MS = 120_000
# Anchors are a minute apart: so long before and after a wrong clock it has a share in dates.
STEP_FELT_MS = 120_000
# A new board is held for 20 s, and a power cut takes at most what came since a commit: beyond that there is an anchor.
WELL_HEARD = 60
_VALUES = ", ".join(f"r.{column}" for column in COLUMNS)


@dataclass(frozen=True)
class Held:
    """What one twin holds: rows by (boot, seq), gaps by boot, the streams' spans, uncertain boots."""

    rows: dict[Key, tuple[int, int | None, tuple[int | None, ...]]]
    gaps: list[tuple[int, Hole]]
    streams: dict[int, tuple[int, int]]
    uncertain: set[int]


def read(db: Database, channel: str, site: int) -> Held:
    """`channel`: how this twin's rows tell their channel."""
    found = db.execute(
        f"SELECT s.boot, r.seq, {channel}, r.taken_ms, {_VALUES} FROM readings r JOIN streams s ON s.id = r.stream"
    ).fetchall()
    rows = {(row[0], row[1]): (row[2], row[3], tuple(row[4:])) for row in found}
    assert len(rows) == len(found), "a reading is stored twice"
    gaps = [
        (row[0], Hole(*row[1:]))
        for row in db.execute(
            "SELECT s.boot, g.from_seq, g.to_seq, g.cause, g.from_ms, g.to_ms FROM gaps g"
            " JOIN streams s ON s.id = g.stream ORDER BY s.boot, g.from_seq"
        )
    ]
    streams = db.execute(
        "SELECT boot, first, cursor, uncertain FROM streams WHERE site = ? AND kind = 'readings'", (site,)
    ).fetchall()
    return Held(rows, gaps, {s[0]: (s[1], s[2]) for s in streams}, {s[0] for s in streams if s[3]})


def wrong(house: House, held: Held, lacks: set[Key], cloud: bool = False) -> Iterator[str]:
    """Everything that is wrong on one side; `lacks`: what it may lack because no card or cloud has it any more."""
    yield from _wrong_rows(house, held, lacks)
    yield from _wrong_marks(house, held)
    yield from _wrong_gaps(house, held)
    yield from _wrong_cover(held)
    if not (cloud and house.restored):
        # Two lives of a card dated their rows by themselves, and what comes back from a cloud has the dates of the
        # first one: where they meet, as much may go back as a date may be wrong.
        yield from _wrong_order(held, AT_FIRST_WITHIN_MS if house.restored else 0)


def differences(edge: Held, cloud: Held, dates: bool = True, gaps: bool = True) -> Iterator[str]:
    """Where the twins differ, after they were compared; `dates`, `gaps`: whether those must be the same too."""
    for key in sorted(edge.rows.keys() | cloud.rows.keys()):
        row, twin = edge.rows.get(key), cloud.rows.get(key)
        if row is None or twin is None:
            yield f"{key} is missing {'at the edge' if row is None else 'in the cloud'}"
        elif row != twin and (dates or (row[0], row[2]) != (twin[0], twin[2])):
            yield f"{key} differs: edge {row}, cloud {twin}"
    if gaps and edge.gaps != cloud.gaps:
        here, there = set(edge.gaps) - set(cloud.gaps), set(cloud.gaps) - set(edge.gaps)
        yield f"gaps differ: only edge {here}, only cloud {there}"


def unbalanced(db: Database, stock: Stock, site: int) -> Iterator[str]:
    """Hours whose numbers do not add up, and numbers that are in no hour."""
    streams = Streams(db, site).all()
    begin_ms, end_ms = db.execute("SELECT min(first_ms), max(last_ms) FROM streams").fetchone()
    ledger, hour_ms = Ledger(db, stock, site), begin_ms // HOUR_MS * HOUR_MS
    entries = [*ledger.hours(hour_ms, (end_ms // HOUR_MS + 1) * HOUR_MS), *ledger.dateless()]
    yield from (f"does not add up: {entry}" for entry in entries if not entry.adds_up)
    produced = sum(entry.produced for entry in entries)
    numbered = sum(stream.cursor - stream.first + 1 for stream in streams if stream.kind == READINGS)
    if produced != numbered:
        yield f"{produced} in the ledger, but {numbered} were numbered"


def _wrong_rows(house: House, held: Held, lacks: set[Key]) -> Iterator[str]:
    truth, misled = house.truth, _misled(house)
    for key, (reading, when) in truth.readings.items():
        row = held.rows.get(key)
        if row is None:
            lost = key in truth.gone or key in truth.dropped
            if not lost and key not in lacks:
                yield f"{key} is missing"
            continue
        channel, taken_ms, values = row
        if (channel, values) != (reading.channel, reading.values):
            yield f"{key} has other content"
        if taken_ms is None:
            yield f"{key} has no date"
        elif key[0] not in held.uncertain and key[0] not in misled:
            yield from _wrong_date(house, key, reading.uptime_ms, taken_ms - when, when)
    yield from (f"{key} was never measured" for key in held.rows.keys() - truth.readings.keys())


def _wrong_date(house: House, key: Key, uptime_ms: int, off_ms: float, when: float) -> Iterator[str]:
    dark = any(begin <= when <= end for begin, end in house.edge.dark)
    bound = AT_FIRST_WITHIN_MS if uptime_ms <= FIRST_MS else DATED_WITHIN_MS
    if abs(off_ms) > (DARK_WITHIN_MS if dark else bound):
        yield f"{key} at uptime {uptime_ms} is dated {off_ms:.0f} ms off"


def _misled(house: House) -> set[int]:
    """Boots that the own clock told a wrong time while it believed itself, and those just before them."""
    spans: dict[int, tuple[float, float]] = {}
    for (boot, _seq), (_reading, when) in house.truth.readings.items():
        low, high = spans.get(boot, (when, when))
        spans[boot] = min(low, when), max(high, when)
    order = sorted(spans, key=lambda boot: spans[boot])
    hit = {
        boot
        for boot, (low, high) in spans.items()
        if any(
            begin <= high + STEP_FELT_MS and low - STEP_FELT_MS <= end for begin, end in house.edge.stepped
        )
    }
    return hit | {before for before, after in pairwise(order) if after in hit}


def _in_the_dark(house: House) -> set[int]:
    """Boots that measured while the own clock was not known."""
    return {
        boot
        for (boot, _seq), (_reading, when) in house.truth.readings.items()
        if any(begin <= when <= end for begin, end in house.edge.dark)
    }


def _wrong_marks(house: House, held: Held) -> Iterator[str]:
    # A clock that stepped may have moved a date by order alone; what was measured while none was known may lie beyond
    # the reach of every rate.
    excused = _misled(house) | _in_the_dark(house)
    for boot in held.uncertain - excused:
        _start, hellos = house.edge.heard.get(boot & WIRE_MASK, (0, 0))
        if hellos >= WELL_HEARD and not house.restored:
            yield f"boot {boot} is marked uncertain though {hellos} hellos told its time"


def _wrong_gaps(house: House, held: Held) -> Iterator[str]:
    truth = house.truth
    right = {
        "sensor": truth.silences.keys(),
        "device-memory": truth.dropped,
        # A `lost` line that never came before its boot was over left no more than the device's end.
        "device-off": truth.gone | truth.dropped,
        "elsewhere": truth.forgotten | truth.silences.keys() if house.restored else set(),
    }
    for boot, gap in held.gaps:
        for seq in range(gap.from_seq, gap.to_seq + 1):
            if (boot, seq) in held.rows:
                yield f"({boot}, {seq}) is stored and lies in a gap"
            elif (boot, seq) not in right.get(gap.cause, set()):
                yield f"({boot}, {seq}) lies in a gap {gap.cause}"


def _wrong_cover(held: Held) -> Iterator[str]:
    for boot, (first, cursor) in held.streams.items():
        stored = sum(1 for key in held.rows if key[0] == boot and key[1] <= cursor)
        missing = sum(gap.records for b, gap in held.gaps if b == boot)
        if stored + missing != cursor - first + 1:
            yield f"boot {boot}: {stored} stored + {missing} in gaps are not {first}...{cursor}"


def _wrong_order(held: Held, back_ms: int) -> Iterator[str]:
    last: dict[int, tuple[int, int]] = {}
    for boot, seq in sorted(held.rows):
        taken_ms = held.rows[boot, seq][1]
        if taken_ms is not None:
            if boot in last and last[boot][1] >= taken_ms + back_ms:
                yield f"({boot}, {seq}) is dated before ({boot}, {last[boot][0]})"
            last[boot] = (seq, taken_ms)
