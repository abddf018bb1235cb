"""What goes wrong around a simulated house: a bad network, a wandering crystal, and how often each fault comes."""

from dataclasses import dataclass
from random import Random

STEP_MS = 250


class PowerCut(BaseException):
    """The machine is gone in the middle of what it did."""


@dataclass(frozen=True)
class Weather:
    """Probabilities per datagram (the first four), per commit, per request, or per step of 250 ms."""

    drop: float = 0.05
    duplicate: float = 0.05
    late: float = 0.05
    corrupt: float = 0.02
    cut_at_commit: float = 0.02
    edge_off: float = 0.0005
    device_reboot: float = 0.0005
    device_power_off: float = 0.0002
    board_exchanged: float = 0.0001
    card_swapped: float = 0.0002  # the first time it is copied, the second time the copy takes its place
    card_emptied: float = 0.00003
    card_cloned: float = 0.00005  # a second edge sends from the copy for a while
    clock_unknown: float = 0.3  # of the edge's starts
    clock_stepped: float = 0.00005
    sensor_silent: float = 0.001
    edge_disk_fails: float = 0.0003
    cloud_disk_fails: float = 0.0003
    cloud_off: float = 0.001
    cloud_restored: float = 0.0001  # as card_swapped
    cloud_wiped: float = 0.00003
    cloud_added: float = 0.0002
    address_changed: float = 0.0001
    token_unknown: float = 0.0001
    request_lost: float = 0.03
    answer_lost: float = 0.05
    applied_late: float = 0.02  # a request that the edge gave up, taken in after newer ones


class Spell:
    """A time in which something is wrong: a disk that is full, a token that is not known."""

    def __init__(self) -> None:
        self.until = 0.0

    def begin(self, now: float, ms: float) -> None:
        self.until = max(self.until, now + ms)

    def holds(self, now: float) -> bool:
        return now < self.until


class Crystal:
    """The device's resonator: up to 0.5 % wrong, wandering with the temperature."""

    def __init__(self, random: Random) -> None:
        self.error = random.uniform(-0.005, 0.005)
        self._random = random
        self.uptime = 0.0

    def run(self, ms: float) -> None:
        self.error = min(0.0055, max(-0.0055, self.error + self._random.gauss(0, 2e-8) * ms / STEP_MS))
        self.uptime += ms * (1 + self.error)


class Wire:
    """Carries datagrams one way with delay, loss, doubles and damage; a late one is overtaken by others."""

    def __init__(self, random: Random, weather: Weather) -> None:
        self._random = random
        self._weather = weather
        self.calm = False
        self._flying: list[tuple[float, int, bytes]] = []
        self._count = 0

    def send(self, data: bytes, now: float) -> None:
        w, r = self._weather, self._random
        if not self.calm and r.random() < w.drop:
            return
        if not self.calm and r.random() < w.corrupt:
            at = r.randrange(len(data))
            data = data[:at] + bytes([data[at] ^ 1 << r.randrange(8)]) + data[at + 1 :]
        for _ in range(2 if not self.calm and r.random() < w.duplicate else 1):
            late = r.uniform(200, 3000) if not self.calm and r.random() < w.late else 0
            self._count += 1
            self._flying.append((now + 1 + r.expovariate(1 / 4) + late, self._count, data))

    def arrived(self, now: float) -> list[tuple[float, bytes]]:
        """(when, datagram) of what has come by now, in order of arrival."""
        due = sorted(flying for flying in self._flying if flying[0] <= now)
        self._flying = [flying for flying in self._flying if flying[0] > now]
        return [(at, data) for at, _n, data in due]
