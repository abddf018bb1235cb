"""One house in one process: device, bad network, edge, cloud, driven by a seed in simulated time.

Everything but time, chance, network and power is the real thing: the virtual device, the collector on a real
SQLite file, replay and ingest on another. The truth is written down beside it; tests/verdict.py compares.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from weather import STEP_MS, Crystal, PowerCut, Weather, Wire

from edge.bootnumber import next_boot
from edge.clock import Instant
from edge.collector import Collector, Heard
from edge.decoder import LineDecoder
from edge.device import VirtualDevice
from edge.line import LOST, Garbled, Hello, NoReading, Reading
from edge.live import Live
from edge.tally import Tally
from store.database import Database, DiskStep, open_database

EDGE = ("edge", 8485)
START_MS = 1_800_000_000_000
Key = tuple[int, int]  # boot, seq


@dataclass
class Truth:
    """What was really measured, with the true UTC ms, and what became of it on the device."""

    readings: dict[Key, tuple[Reading, float]] = field(default_factory=dict)
    silences: dict[Key, NoReading] = field(default_factory=dict)
    gone: set[Key] = field(default_factory=set)  # died with the device's RAM
    dropped: set[Key] = field(default_factory=set)  # the ring ran over
    forgotten: set[Key] = field(default_factory=set)  # acknowledged by a card whose older image came back


class DeviceSide:
    """The Arduino: its crystal, its virtual device, and the truth about what it measured."""

    boot: int
    device: VirtualDevice
    crystal: Crystal
    next_tick: int

    def __init__(self, random: Random, truth: Truth, capacity: int) -> None:
        self.random, self.truth, self.capacity = random, truth, capacity
        self.off_until = 0.0
        self.measures = True
        self.energy = [0, 0, 0]
        self.silent: dict[int, float] = {}
        self._new_board()

    def run(self, now: float, weather: Weather, calm: bool) -> list[bytes]:
        """250 ms of the device's life; what it sends."""
        if now < self.off_until:
            return []
        self.crystal.run(STEP_MS)
        while self.measures and self.crystal.uptime >= self.next_tick:
            self._measure(now, weather, calm)
        return [b"".join(lines) for lines in self.device.lines_to_send(int(self.crystal.uptime))]

    def hear(self, data: bytes) -> None:
        decoder = LineDecoder()
        for line in [*decoder.feed(data), *decoder.end()]:
            if not isinstance(line, Garbled):
                self.device.hear(line, EDGE, int(self.crystal.uptime))

    def held(self) -> set[Key]:
        return {(r.boot, r.seq) for r in self.device.held() if getattr(r, "cause", "") != LOST}

    def reboot(self) -> None:
        """A reset that keeps the RAM."""
        before = self.held()
        self.boot = next_boot(self.boot, self.random.randrange)
        self.device.reboot(self.boot)
        self.truth.gone |= before - self.held()
        self.crystal.uptime, self.next_tick = 0.0, 1000

    def power_off(self, now: float, exchanged: bool) -> None:
        self.truth.gone |= self.held()
        self.off_until = now + self.random.uniform(2_000, 60_000)
        if exchanged:
            self._new_board()
            return
        self.boot = next_boot(self.boot, self.random.randrange)
        self.device.power_off()
        self.device.reboot(self.boot, "power")
        self.crystal.uptime, self.next_tick = 0.0, 1000

    def _new_board(self) -> None:
        self.boot = self.random.randrange(1, 0xFFFF) * 0x10000 + 1
        self.device = VirtualDevice("garage", self.boot, capacity=self.capacity, edge=EDGE)
        self.crystal, self.next_tick = Crystal(self.random), 1000

    def _measure(self, now: float, weather: Weather, calm: bool) -> None:
        before = self.held()
        when = now - (self.crystal.uptime - self.next_tick) / (1 + self.crystal.error)
        samples = {channel: self._sample(channel, now, weather, calm) for channel in (1, 2, 3)}
        for record in self.device.tick(self.next_tick, samples):
            if isinstance(record, Reading):
                self.truth.readings[record.boot, record.seq] = (record, when)
            else:
                self.truth.silences[record.boot, record.seq] = record
            before.add((record.boot, record.seq))
        self.truth.dropped |= before - self.held()
        self.next_tick += 1000

    def _sample(self, channel: int, now: float, weather: Weather, calm: bool) -> tuple[int | None, ...] | str:
        r = self.random
        if not calm and r.random() < weather.sensor_silent:
            self.silent[channel] = now + r.uniform(1_000, 20_000)
        if now < self.silent.get(channel, 0):
            return "timeout"
        self.energy[channel - 1] += r.random() < 0.2
        volts, amperes, watts = r.randrange(2100, 2400) * 100, r.randrange(9_000), r.randrange(20_000) * 100
        return volts, amperes, watts, self.energy[channel - 1], 50_000, r.randrange(101) * 10, 0


class EdgeSide:
    """The Pi: its own clock, its card, and a collector that may lose power at any commit."""

    def __init__(self, path: Path, random: Random, send: Callable[[bytes], None]) -> None:
        self.path, self.random, self.send = path, random, send
        self.collector: Collector | None = None
        self.db: Database | None = None
        self.starts = 0
        self.started = self.known_from = self.off_until = self.cut_chance = 0.0
        self.down_since: float | None = None
        # By boot: the last start that heard it, and its hellos in that start while the own clock was known.
        self.heard: dict[int, tuple[int, int]] = {}
        self.dark: list[tuple[float, float]] = []  # times that were dated while the own clock was not known

    def start(self, now: float, known_from: float) -> None:
        """The machine starts; its own clock is known from known_from on."""
        self.starts += 1
        if known_from > now:
            self.dark.append((self.down_since or now, known_from))
        self.started, self.known_from = now, known_from
        self.db = open_database(self.path, "edge", self._disk)
        self.collector = Collector(self.db, Tally(), Live())

    def stop(self, now: float) -> None:
        self.down_since = now
        if self.db:
            self.db.close()
        self.collector = self.db = None

    def instant(self, now: float) -> Instant:
        own_ms = int(now) if now >= self.known_from else None
        return Instant(int(now - self.started), own_ms, f"era-{self.starts}")

    def hear(self, data: bytes, now: float) -> None:
        assert self.collector
        decoder = LineDecoder()
        lines = [*decoder.feed(data), *decoder.end()]
        for line in lines:
            if isinstance(line, Hello):
                start, count = self.heard.get(line.boot, (0, 0))
                before = count if start == self.starts else 0
                self.heard[line.boot] = self.starts, before + (now >= self.known_from)
        self.collector.hear(Heard(lines, self, self.instant(now)))

    def _disk(self, step: DiskStep) -> None:
        if "commit" in step and self.random.random() < self.cut_chance / 2:
            raise PowerCut(step)


class House:
    """Runs the device and the edge; subclasses add the cloud."""

    def __init__(self, folder: Path, seed: int, weather: Weather, capacity: int = 900) -> None:
        self.folder, self.weather, self.random = folder, weather, Random(seed)
        self.now = float(START_MS)
        self.truth = Truth()
        self.up, self.down = Wire(self.random, weather), Wire(self.random, weather)
        self.device = DeviceSide(self.random, self.truth, capacity)
        path = folder / "edge" / "kembar.sqlite"
        self.edge = EdgeSide(path, self.random, lambda data: self.down.send(data, self.now))
        self.edge.start(self.now, self.now)
        self.image_at: float | None = None
        self.restored = self.forgets = False
        self.log: list[tuple[float, str]] = []

    def run(self, ms: float, calm: bool = False) -> None:
        self.up.calm = self.down.calm = calm
        self.edge.cut_chance = 0.0 if calm else self.weather.cut_at_commit
        end = self.now + ms
        while self.now < end:
            self.now += STEP_MS
            if not calm:
                self._fate()
            self._step(calm)

    def settle(self) -> None:
        """Calm weather until everything has arrived."""
        self.edge.known_from = min(self.edge.known_from, self.now)
        self.run(240_000, calm=True)
        self.device.measures = False
        self.run(300_000, calm=True)

    def note(self, what: str) -> None:
        self.log.append(((self.now - START_MS) / 1000, what))

    def _step(self, calm: bool) -> None:
        for datagram in self.device.run(self.now, self.weather, calm):
            self.up.send(datagram, self.now)
        try:
            self._edge_step(calm)
        except PowerCut as cut:
            self.note(f"edge loses power at {cut}")
            self._edge_down(self.random.uniform(1_000, 30_000))
        for _at, data in self.down.arrived(self.now):
            if self.now >= self.device.off_until:
                self.device.hear(data)

    def _edge_step(self, calm: bool) -> None:
        arrived = self.up.arrived(self.now)
        if self.edge.collector is None:
            if self.now < self.edge.off_until:
                return
            if self.forgets:
                # The last answers of the old life have arrived by now.
                held, self.forgets = self.device.held(), False
                self.truth.forgotten |= {key for key in self.truth.readings if key not in held}
            unknown = not calm and self.random.random() < self.weather.clock_unknown
            self.edge.start(self.now, self.now + (self.random.uniform(30_000, 600_000) if unknown else 0))
        for at, data in arrived:
            self.edge.hear(data, at)
        assert self.edge.collector
        self.edge.collector.tick(self.edge.instant(self.now))

    def _edge_down(self, ms: float) -> None:
        self.edge.stop(self.now)
        self.edge.off_until = self.now + ms

    def _fate(self) -> None:
        w, r = self.weather, self.random
        if self.edge.collector and r.random() < w.edge_off:
            self.note("edge off")
            self._edge_down(r.uniform(5_000, 200_000))
        if self.edge.collector and r.random() < w.card_swapped:
            self._swap_card()
        if self.now < self.device.off_until:
            return
        if r.random() < w.device_reboot:
            self.note("device reboots")
            self.device.reboot()
        elif r.random() < w.device_power_off:
            self.note("device loses power")
            self.device.power_off(self.now, exchanged=False)
        elif r.random() < w.board_exchanged:
            self.note("board exchanged")
            self.device.power_off(self.now, exchanged=True)

    def _swap_card(self) -> None:
        """The first time the card is copied; the second time that copy is put in its place."""
        self._edge_down(self.random.uniform(5_000, 30_000))
        copy = self.folder / "image" / self.edge.path.name
        if self.image_at is None:
            self.note("card copied")
            self.image_at = self.now
            copy_card(self.edge.path, copy)
        elif not self.restored:
            self.note("card image restored")
            self.restored = True
            self.forgets = True
            copy_card(copy, self.edge.path)


def copy_card(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal"):
        old, new = source.with_name(source.name + suffix), to.with_name(to.name + suffix)
        new.unlink(missing_ok=True)
        if old.exists():
            shutil.copy(old, new)
