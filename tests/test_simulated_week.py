"""A week of a device whose clock is 0.5 % wrong and drifts with the day's heat, the Pi rebooting without NTP in it.

Every reading is dated within 50 ms of the truth, 300 ms in a boot's first two minutes, 1 s where the device was
the clock, and time never runs backwards. One reading each 10 s: what is dated matters, not how much.
"""

import itertools
import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from edge.clock import Instant
from edge.collector import Collector, Heard
from edge.line import Ack, Garbled, Hello, Line, Reading, parse
from edge.live import Live
from edge.tally import Tally
from store.sqlite import open_database

START_MS = 1_800_000_000_000
SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
READING_EVERY_MS = 10 * SECOND
BOOT = 7 << 16 | 1
# The Pi is off for 5 minutes at each of these hours, and does not know the time for so long after it.
REBOOTS = {20: 0, 44: 2 * HOUR, 45: 30 * 60 * SECOND, 90: 9 * HOUR, 130: 40 * SECOND}
OFF_MS = 5 * 60 * SECOND


class Resonator:
    """0.5 % fast, and 150 ppm more or less in the course of a day: 15 degrees at 10 ppm each."""

    def uptime(self, ms: float) -> float:
        swing = DAY / (2 * math.pi) * 150e-6
        return ms * 1.005 - swing * (math.cos(2 * math.pi * ms / DAY) - 1)

    def when(self, uptime_ms: float) -> float:
        """The true time of an uptime, by bisection: uptime only grows."""
        low, high = uptime_ms / 1.01, uptime_ms
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.uptime(middle) < uptime_ms else (low, middle)
        return low


class Device:
    """Keeps its readings until they are acknowledged; sends each once, and all again after a silence."""

    def __init__(self) -> None:
        self.held: dict[int, Reading] = {}
        self.unsent: list[Reading] = []
        self.seq = 0

    def measure(self) -> None:
        self.seq += 1
        values = (230_000, None, None, self.seq, None, None, None)
        self.held[self.seq] = Reading("garage", BOOT, self.seq, self.seq * READING_EVERY_MS, 1, values)
        self.unsent.append(self.held[self.seq])

    def lines(self, uptime_ms: int) -> list[Line | Garbled]:
        oldest = min(self.held, default=self.seq + 1)
        hello = Hello(
            "garage", BOOT, uptime_ms, "t", "power", 0, len(self.held), oldest, 10_000, 0, 0, 4096, 0
        )
        sent, self.unsent = self.unsent, []
        return [hello, *sent]

    def send_again(self) -> None:
        self.unsent = list(self.held.values())

    def send(self, data: bytes) -> None:
        """What the collector answers."""
        ack = parse(data.rstrip())
        assert isinstance(ack, Ack)
        self.held = {seq: reading for seq, reading in self.held.items() if seq > ack.seq}


@dataclass
class Pi:
    """One machine: its era, since when it runs and from when on it knows the time."""

    path: Path
    era: int = 0
    started: float = 0.0
    known_from: float = 0.0
    close: Callable[[], None] = field(default=lambda: None)
    collector: Collector | None = None

    def start(self, now: float, known_after: float) -> None:
        self.close()
        self.era, self.started, self.known_from = self.era + 1, now, now + known_after
        db = open_database(self.path, "edge")
        self.collector, self.close = Collector(db, Tally(), Live()), db.close

    def hear(self, device: Device, uptime_ms: int, now: float, random: Random) -> None:
        """One second: a hello and what is new, as old as the network made them: a few ms, sometimes many."""
        assert self.collector
        late = random.expovariate(1 / 3) + (random.uniform(50, 500) if random.random() < 0.05 else 0)
        self.collector.hear(Heard(device.lines(uptime_ms), device, self.at(now + late)))
        self.collector.tick(self.at(now + late))

    def stop(self, now: float) -> None:
        assert self.collector
        self.collector.finish(self.at(now))
        self.close()

    def at(self, now: float) -> Instant:
        own_ms = START_MS + int(now) if now >= self.known_from else None
        return Instant(int(now - self.started), own_ms, f"era-{self.era}")


def dark_hours() -> list[tuple[float, float]]:
    """When the Pi did not know the time, from going off until it was told."""
    return [(hour * HOUR, hour * HOUR + OFF_MS + unknown) for hour, unknown in REBOOTS.items() if unknown]


def run_week(path: Path) -> dict[int, float]:
    """The true time of every reading by seq."""
    random, resonator, pi, device = Random(1), Resonator(), Pi(path), Device()
    pi.start(0, 0)
    truth: dict[int, float] = {}
    reboots = dict(REBOOTS)
    off_until = 0.0
    for second in range(1, 7 * DAY // SECOND):
        now = second * SECOND
        uptime = resonator.uptime(now)
        while (device.seq + 1) * READING_EVERY_MS <= uptime:
            device.measure()
            truth[device.seq] = START_MS + resonator.when(device.seq * READING_EVERY_MS)
        if now // HOUR in reboots and now % HOUR == 0:
            off_until = now + OFF_MS
            pi.start(off_until, reboots.pop(now // HOUR))
            device.send_again()
        if now >= off_until:
            pi.hear(device, int(uptime), now, random)
    pi.stop(7 * DAY)
    return truth


def test_a_week_is_dated_as_promised(tmp_path: Path) -> None:
    truth = run_week(tmp_path / "kembar.sqlite")
    with closing(open_database(tmp_path / "kembar.sqlite", "edge")) as db:
        dated = dict(db.execute("SELECT seq, taken_ms FROM readings ORDER BY seq"))
    assert dated.keys() == truth.keys()
    assert [seq for seq, taken_ms in dated.items() if taken_ms is None] == []
    dark = dark_hours()
    off = {seq: abs(dated[seq] - truth[seq]) for seq in truth}
    in_the_dark = {s for s in truth if any(a <= truth[s] - START_MS <= b for a, b in dark)}
    at_first = {s for s in truth if s * READING_EVERY_MS <= 120_000}
    worst = {
        "dark": max(off[s] for s in in_the_dark),
        "first": max(off[s] for s in at_first),
        "other": max(off[s] for s in truth.keys() - in_the_dark - at_first),
    }
    print(f"worst dates: {worst} ms, {len(truth)} readings, {len(in_the_dark)} in the dark")
    assert worst["dark"] <= 1_000
    assert worst["first"] <= 300
    assert worst["other"] <= 50
    in_order = [dated[seq] for seq in sorted(dated)]
    assert all(before < after for before, after in itertools.pairwise(in_order))
