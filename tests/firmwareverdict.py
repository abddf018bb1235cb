"""The verdict on a board and its edge: what is wrong, in words; nothing when all is right.

Channel k of n (from 0) has its ticks at m * interval + k * interval / n, m = 1, 2, ...; each is one record, so the
number of a record says which tick it is of, and what the sensor said after that tick is the truth about it.
1. Every stored reading is what its sensor said at its tick, and no lie of a sensor that had just appeared.
2. Every number up to the cursor is stored or lies in one gap; every gap has its right cause.
3. A record whose tick was over before a reset, or some time before the end, has arrived. Only power takes records.
4. No pass of the loop takes longer than 10 ms; nobody misused a chip; the stack kept its room.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from firmwarehouse import START_MS, FirmwareHouse
from pzem_model import Said
from verdict import Held, read

from edge.line import NoReading
from store.sqlite import open_database

CHANNELS = 3
INTERVAL_MS = 1000
PASS_MOST_US = 10_000
FREE_RAM_LEAST = 200
# From the tick to the end of its last reply: two tries of 100 ms, and the turn of the loop.
RECORDED_US = 300_000
# Sent, committed, acknowledged: a group commit is 10 s.
ARRIVED_US = 14_000_000
# Until a sensor that has appeared is believed, its own ticks included.
SETTLED_US = 6_500_000
# The boot's start is estimated from hellos, which take some ms to go out.
SLACK_US = 15_000
# A board that is reset again so soon has kept no number; another one has counted from about so long after its reset.
SILENT_US, START_US = 100_000, 8_000
DATED_WITHIN_MS = 60
UNDATED_US = 60_000_000
LEARNING_MS = 300_000
# The longest outage, and a device's longest pause after it.
WAITED_US = 150_000_000


@dataclass(frozen=True)
class Expected:
    """What a scenario may cost. `noisy`: channels with a bad line; `lossy`: the ring may run over."""

    noisy: frozenset[int] = frozenset()
    power: bool = False
    lossy: bool = False
    garbled: bool = False


@dataclass(frozen=True)
class Span:
    """One boot: its start, and its end if it has ended."""

    boot: int
    started_us: float
    ended_us: float | None


def held(house: FirmwareHouse) -> Held:
    with closing(open_database(house.edge.path, "edge")) as db:
        return read(db, "r.channel", 0)


def wrong(house: FirmwareHouse, expected: Expected | None = None) -> list[str]:
    expected = expected or Expected()
    kept = held(house)
    spans = boots(house, kept)
    found = [*_wrong_board(house), *_wrong_edge(house, expected), *_wrong_cover(kept)]
    found += [f"boot {boot} was never seen" for boot in kept.streams.keys() - {span.boot for span in spans}]
    for span in spans:
        found += _wrong_readings(house, kept, span)
        found += _wrong_gaps(house, kept, span, expected)
        found += _wrong_reach(house, kept, span, expected)
    return found


def boots(house: FirmwareHouse, kept: Held | None = None) -> list[Span]:
    """In the order of time. One that was over before its first hello is among them if `kept` has records of it."""
    order = sorted(house.seen.started_us.items(), key=lambda item: item[1])
    order = sorted([*_silent(house, order, kept), *order], key=lambda item: item[1])
    ends = [*(started for _, started in order[1:]), None]
    spans = []
    for (boot, started), end in zip(order, ends, strict=True):
        first = next(
            (at for at, _ in house.resets if at > started + SLACK_US and (end is None or at < end)), end
        )
        spans.append(Span(boot, started, first))
    return spans


def _silent(
    house: FirmwareHouse, seen: list[tuple[int, float]], kept: Held | None
) -> Iterator[tuple[int, float]]:
    """Boots that said no hello: each began at the last reset before the boot after it."""
    started = dict(seen)
    for boot in sorted((kept.streams if kept else {}).keys() - started.keys(), reverse=True):
        resets = [at for at, kind in house.resets if kind in ("reset", "power")]
        before = [at for at in (0, *resets) if at < started.get(boot + 1, 0) - SILENT_US]
        if before:
            started[boot] = max(before) + START_US
            yield boot, started[boot]


def tick_us(house: FirmwareHouse, span: Span, seq: int) -> float:
    return span.started_us + uptime_ms(seq) * 1000 / house.rate


def uptime_ms(seq: int) -> int:
    turn, channel = divmod(seq - 1, CHANNELS)
    return (turn + 1) * INTERVAL_MS + channel * INTERVAL_MS // CHANNELS


def said_at(house: FirmwareHouse, span: Span, seq: int) -> list[Said]:
    tick = tick_us(house, span, seq)
    sensor = house.sensors[(seq - 1) % CHANNELS]
    return [
        said for said in sensor.said if tick - SLACK_US <= said.at_us < tick + INTERVAL_MS * 1000 - SLACK_US
    ]


def _wrong_board(house: FirmwareHouse) -> Iterator[str]:
    counts = house.mega.counts
    if counts.worst_awake_us > PASS_MOST_US:
        yield f"a pass of {counts.worst_awake_us / 1000:.1f} ms at {counts.worst_awake_at_us / 1e6:.3f} s"
    if counts.spi_conflicts:
        yield f"{counts.spi_conflicts} SPI transfers in conflict"
    if counts.eeprom_misuse:
        yield f"{counts.eeprom_misuse} wrong accesses to the EEPROM"
    # A program that hangs may do so with its interrupts off.
    if any(counts.overruns) and not any(kind == "hang" for _, kind in house.resets):
        yield f"bytes lost in UARTs: {list(counts.overruns)}"
    if misuse := house.mega.misuse():
        yield f"the Ethernet chip was misused: {misuse}"
    if house.seen.least_free_ram <= FREE_RAM_LEAST:
        yield f"only {house.seen.least_free_ram} bytes of RAM were left"


def _wrong_edge(house: FirmwareHouse, expected: Expected) -> Iterator[str]:
    for count in ("unexpected", "refused", "conflicts", "commits-failed"):
        if times := house.edge.counts.get(count):
            yield f"the edge counted {times} {count}"
    # A reset cuts off the line that was on its way over USB.
    cut_off = len(house.resets) if house.link == "usb" else 0
    if not expected.garbled and house.edge.counts.get("garbled", 0) > cut_off:
        yield f"the edge heard lines that were none: {house.seen.garbled[:3]}"
    if house.edge.notices:
        yield f"the edge noticed {house.edge.notices}"


def _wrong_cover(kept: Held) -> Iterator[str]:
    for boot, (first, cursor) in kept.streams.items():
        stored = {seq for b, seq in kept.rows if b == boot}
        gaps = [seq for b, gap in kept.gaps if b == boot for seq in range(gap.from_seq, gap.to_seq + 1)]
        if sorted([*stored, *gaps]) != list(range(first, cursor + 1)):
            yield f"boot {boot}: {len(stored)} stored and {len(gaps)} in gaps are not {first}...{cursor}"


def _wrong_readings(house: FirmwareHouse, kept: Held, span: Span) -> Iterator[str]:
    for (boot, seq), (channel, taken_ms, values) in kept.rows.items():
        if boot != span.boot:
            continue
        truth = [said for said in said_at(house, span, seq) if not said.lie]
        if channel != (seq - 1) % CHANNELS + 1:
            yield f"({boot}, {seq}) is of channel {channel}"
        elif values not in [said.values for said in truth]:
            yield f"({boot}, {seq}) is {values}, but the sensor said {truth}"
        if boot not in house.seen.known or boot in kept.uncertain:
            continue  # the edge was told its uptime never, or too seldom: its dates are estimates
        if taken_ms is None:
            # The edge waits for a better rate before it dates a boot that was over soon, and looks again in turns.
            since = max(house.edge.started_us, tick_us(house, span, seq))
            if span.ended_us is None and since < house.mega.now_us - UNDATED_US:
                yield f"({boot}, {seq}) has no date"
        elif abs(off_ms := taken_ms - START_MS - tick_us(house, span, seq) / 1000) > dated_within_ms(
            house, span
        ):
            yield f"({boot}, {seq}) is dated {off_ms:.0f} ms off"


def dated_within_ms(house: FirmwareHouse, span: Span) -> float:
    """The rate of a crystal is known after some minutes; before, its error counts in full."""
    learning = span.ended_us is not None
    return DATED_WITHIN_MS + (abs(house.rate - 1) * LEARNING_MS if learning else 0)


def _wrong_gaps(house: FirmwareHouse, kept: Held, span: Span, expected: Expected) -> Iterator[str]:
    allowed = {"sensor"} | ({"device-memory"} if expected.lossy else set())
    for boot, gap in kept.gaps:
        if boot != span.boot:
            continue
        if gap.cause not in allowed and not (gap.cause == "device-off" and expected.power):
            yield f"({boot}, {gap.from_seq}...{gap.to_seq}) is a gap {gap.cause}"
        if gap.cause == "device-memory" and gap.records > house.seen.dropped.get(boot, 0):
            yield f"({boot}, {gap.from_seq}...{gap.to_seq}) is more than the board says it dropped"
        if gap.cause == "sensor":
            for seq in range(gap.from_seq, gap.to_seq + 1):
                yield from _wrong_silence(house, span, seq, expected)


def _wrong_silence(house: FirmwareHouse, span: Span, seq: int, expected: Expected) -> Iterator[str]:
    """A record without a reading needs a reason: its sensor was away or has just appeared, or the line is bad."""
    channel = (seq - 1) % CHANNELS + 1
    record, tick = house.seen.records.get((span.boot, seq)), tick_us(house, span, seq)
    if not isinstance(record, NoReading) or record.uptime_ms != uptime_ms(seq) or record.channel != channel:
        yield f"({span.boot}, {seq}) is a gap of the sensor, but the board said {record}"
    elif settled(house, span, channel, tick) and channel not in expected.noisy:
        yield f"({span.boot}, {seq}) is {record.cause}, but the sensor was there"


def settled(house: FirmwareHouse, span: Span, channel: int, tick: float) -> bool:
    """Whether the sensor was there, and had been for long enough, at this tick and its second try."""
    since: float | None = span.started_us + INTERVAL_MS * 1000
    for at, on in house.mains[channel]:
        if at < tick + RECORDED_US:
            since = max(at, span.started_us) if on else None
    return since is not None and tick >= since + SETTLED_US


def _wrong_reach(house: FirmwareHouse, kept: Held, span: Span, expected: Expected) -> Iterator[str]:
    """How far a boot's records have come."""
    first, cursor = kept.streams.get(span.boot, (1, 0))
    end = house.mega.now_us - ARRIVED_US if span.ended_us is None else span.ended_us - RECORDED_US
    off = next((at for at, kind in house.resets if kind == "off" and at > span.started_us), None)
    if off is not None and off < end + WAITED_US:
        # Power takes what the edge had not got yet; while it is away itself, too, that may be everything.
        end = min(end, 0 if expected.lossy else off - ARRIVED_US)
    recorded = max(0, int((end - span.started_us) / 1e6 * house.rate) - 1) * CHANNELS
    if cursor < recorded:
        yield f"boot {span.boot}: {recorded} were recorded in time, only {cursor} have arrived"
    if first != 1 and not expected.power:
        yield f"boot {span.boot} begins with {first}"
