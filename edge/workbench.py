"""One virtual device at work: sensors asked in turn, a link with its faults, restarts.

Carries time and datagrams to edge/device.py; the time comes in as an argument, nothing here waits.
"""

from dataclasses import dataclass, field
from random import Random

from edge.device import VirtualDevice
from edge.devicelink import DeviceLink
from edge.eeprom import Eeprom
from edge.mischief import Faults, Mischief
from edge.produced import Produced
from edge.recording import Sensor

# A process that was held up asks its sensors now and not a thousand times over, like a real device.
LATE_MS_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a virtual device measures, and what goes wrong with it."""

    channels: int = 3
    readings_per_s: float = 3.0
    capacity: int = 4096
    # Recorded seconds that pass in one second: the load changes faster, the clock does not.
    speed: float = 1.0
    # 0.005 is a clock that runs half a percent fast.
    clock_error: float = 0.0
    # How likely a sensor does not answer.
    timeouts: float = 0.0
    reboot_every_s: float | None = None
    faults: Faults = field(default_factory=Faults)


class Workbench:
    def __init__(
        self,
        name: str,
        conditions: Conditions,
        link: DeviceLink,
        eeprom: Eeprom,
        random: Random,
        produced: Produced,
        now_s: float,
    ) -> None:
        self.link = link
        self._conditions = conditions
        self._eeprom = eeprom
        self._random = random
        self._produced = produced
        self._mischief = Mischief(conditions.faults, random)
        energies_wh = eeprom.energies_wh(name, conditions.channels)
        self._sensors = [Sensor(channel, wh) for channel, wh in enumerate(energies_wh, start=1)]
        self._recorded_ms = random.randrange(LATE_MS_MOST)
        self.device = VirtualDevice(
            name,
            eeprom.start(name),
            capacity=conditions.capacity,
            interval_ms=round(1000 * conditions.channels / conditions.readings_per_s),
            edge=link.edge,
        )
        self._started(now_s)

    def _started(self, now_s: float) -> None:
        self._started_s = now_s
        self._readings = 0

    def _uptime_ms(self, now_s: float) -> int:
        return int((now_s - self._started_s) * 1000 * (1 + self._conditions.clock_error))

    def _due_ms(self) -> int:
        """The uptime that the next reading is scheduled for; the first one after one interval."""
        return int((self._readings + 1) * 1000 / self._conditions.readings_per_s)

    def due_s(self, now_s: float) -> float:
        """How long from now until the next reading."""
        return max(0, self._due_ms() - self._uptime_ms(now_s)) / 1000

    def measure(self, now_s: float) -> None:
        """Ask every sensor whose turn has come."""
        every_s = self._conditions.reboot_every_s
        if every_s is not None and now_s - self._started_s >= every_s:
            self.device.reboot(self._eeprom.start(self.device.name))
            self._started(now_s)
        uptime_ms = self._uptime_ms(now_s)
        while (due_ms := self._due_ms()) <= uptime_ms:
            if due_ms > uptime_ms - LATE_MS_MOST:
                self._read_sensor(due_ms)
            self._readings += 1

    def _read_sensor(self, due_ms: int) -> None:
        conditions = self._conditions
        channel = self._readings % conditions.channels + 1
        self._recorded_ms += round(1000 * conditions.speed / conditions.readings_per_s)
        values = self._sensors[channel - 1].measure(self._recorded_ms)
        # Before the reading leaves, so that the counter of a killed process never falls back.
        self._eeprom.keep_energies(self.device.name, [sensor.counter.energy_wh for sensor in self._sensors])
        sample = "timeout" if self._random.random() < conditions.timeouts else values
        for record in self.device.tick(due_ms, {channel: sample}):
            self._produced.append(record)

    def exchange(self, now_s: float) -> None:
        """Hear what has come, send what is due; a serial line first finishes what it has begun."""
        uptime_ms = self._uptime_ms(now_s)
        for line, sender in self.link.hear():
            if self._mischief.arrives():
                self.device.hear(line, sender, uptime_ms)
        if self.link.is_clear():
            datagrams = map(b"".join, self.device.lines_to_send(uptime_ms))
            for datagram in self._mischief.passed_on(datagrams):
                self.link.send(datagram)
