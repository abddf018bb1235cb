"""The device of a simulated house, and the truth about what it measured and what became of it there."""

from dataclasses import dataclass, field
from random import Random

from weather import STEP_MS, Crystal, Weather

from edge.bootnumber import next_boot
from edge.decoder import LineDecoder
from edge.device import VirtualDevice
from edge.line import LOST, Garbled, NoReading, Reading

EDGE = ("edge", 8485)
Key = tuple[int, int]  # boot, seq


@dataclass
class Truth:
    """What was really measured, with the true UTC ms, and what became of it on the device."""

    readings: dict[Key, tuple[Reading, float]] = field(default_factory=dict)
    silences: dict[Key, NoReading] = field(default_factory=dict)
    gone: set[Key] = field(default_factory=set)  # died with the device's RAM
    dropped: set[Key] = field(default_factory=set)  # the ring ran over
    forgotten: set[Key] = field(
        default_factory=set
    )  # acknowledged by a card that is not in the edge any more
    nowhere: set[Key] = field(
        default_factory=set
    )  # of these, what no cloud had either, or lost with its disk


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
