"""The sketch's ring and outbox say the same as the virtual device, over thousands of random histories.

Where the sketch keeps less than the virtual device, the reference here keeps less too; nothing else differs:
1. Acknowledged records in the middle of the ring are no room for new ones (ring.h, Space).
2. A sketch sends one line per call; firmware/tests/programs/device.cpp puts the calls of a moment together.
"""

from collections.abc import Callable
from random import Random

import pytest
from firmwarehost import answers, build

from edge.device import VirtualDevice
from edge.line import Ack, Reading
from edge.ring import HeldBoot, Record, Ring

EDGE = ("192.168.1.5", 8485)
CAUSES = ("timeout", "crc", "exception", "settling", "range")
# What each value of a record has room for, and what its unit is in stored units.
ROOM = (2**16, 2**20, 2**20, 2**28, 2**12, 101, 2)
UNITS = (100, 1, 100, 1, 100, 10, 1)
# Where an uptime's low half wraps, and far beyond.
STARTS_MS = (0, 0, 0, 2**32 - 20_000, 2**41)
STEPS_MOST = 60


class RunsRing(Ring):
    """Records lie one after the other; a slot counts as used as long as an older record is held."""

    def __init__(self, device: str, boot: int, capacity: int) -> None:
        super().__init__(device, boot, capacity)
        self.place: dict[tuple[int, int], int] = {}

    def add(self, record: Record) -> None:
        held = [r for boot in self.boots if boot is not self.current for r in boot.records]
        before = self.current.records[-1] if self.current.records else (held[-1] if held else None)
        self.current.add(record)
        here = self.place[before.boot, before.seq] + 1 if before else 0
        self.place[record.boot, record.seq] = here
        oldest = next(boot for boot in self.boots if boot.records)
        if here - self.place[oldest.number, oldest.records[0].seq] >= self.capacity:
            oldest.drop_oldest()


class Reference(VirtualDevice):
    """The virtual device with the memory of a sketch; writes down what it does as commands for the program."""

    def __init__(self, boot: int, capacity: int) -> None:
        super().__init__("garage", boot, capacity=capacity, edge=EDGE)
        self._ring = RunsRing("garage", boot, capacity)
        self.commands = ["off", f"start {boot} power"]
        self.said = [b"empty\n"]
        self.now_ms = 0

    def boots(self) -> list[HeldBoot]:
        return self._ring.boots

    def measure(self, random: Random) -> None:
        values = tuple(random.randrange(most) for most in ROOM)
        sample = tuple(value * unit for value, unit in zip(values, UNITS, strict=True))
        (record,) = self.tick(
            self.now_ms, {random.randint(1, 16): sample if random.random() < 0.8 else random.choice(CAUSES)}
        )
        start = f"{self.now_ms} {record.channel}"
        if isinstance(record, Reading):
            self.commands.append(f"tick {start} " + " ".join(map(str, values)))
        else:
            self.commands.append(f"miss {start} {record.cause} {record.count}")

    def say(self) -> None:
        self.commands.append(f"say {self.now_ms}")
        for datagram in self.lines_to_send(self.now_ms):
            self.said += [*datagram, b"--\n"]

    def acknowledged(self, boot: int, seq: int) -> None:
        self.commands.append(f"ack {boot} {seq} {self.now_ms}")
        known = self._ring.boot(boot)
        self.said.append(b"refused\n" if known is None or seq > known.sent_seq else b"believed\n")
        self.hear(Ack("garage", boot, seq), EDGE, self.now_ms)

    def restart(self, kept: bool) -> None:
        boot, cause = self.boot + 1, "watchdog" if kept else "power"
        if not kept:
            self.power_off()
            self.commands.append("off")
        self.reboot(boot, cause)
        self.commands.append(f"start {boot} {cause}")
        self.said.append(b"kept\n" if kept else b"empty\n")


def life(random: Random, boot: int, capacity: int) -> Reference:
    """A random history: measuring, sending, acknowledgements right and wrong, silence, restarts."""
    garage = Reference(boot, capacity)
    garage.now_ms = random.choice(STARTS_MS)
    hurry = random.choice((1, 1, 4, 40))  # records between two sends: beyond a full ring, or a few
    restarts = random.choice((0.0, 0.02, 0.1))
    for _ in range(random.randrange(20, STEPS_MOST)):
        step(random, garage, hurry, restarts)
    return garage


def step(random: Random, garage: Reference, hurry: int, restarts: float) -> None:
    dice = random.random()
    if dice < restarts:
        garage.restart(kept=random.random() < 0.8)
        garage.now_ms = random.choice(STARTS_MS)
    elif dice < 0.35:
        for _ in range(random.randint(1, 2 * hurry)):
            garage.now_ms += random.randrange(400)
            garage.measure(random)
    elif dice < 0.7:
        garage.now_ms += random.choice((0, 1, 250, 1_000, 2_000, 15_000, 60_000))
        garage.say()
    else:
        garage.acknowledged(*random_ack(random, garage))


def random_ack(random: Random, garage: Reference) -> tuple[int, int]:
    """Mostly what an edge would say: something of what was sent; else the same again, or nonsense."""
    boot = random.choice(garage.boots())
    dice = random.random()
    if dice < 0.6:
        return boot.number, random.randint(min(boot.acked_seq, boot.sent_seq), boot.sent_seq)
    if dice < 0.85:
        return boot.number, boot.acked_seq
    return boot.number + random.randint(-1, 1), (boot.last_seq + random.randint(-3, 3)) % 2**32


@pytest.mark.parametrize(("program", "histories"), [("device-small", 1500), ("device", 500)])
def test_the_sketch_says_what_the_virtual_device_says(
    need: Callable[[str], str], program: str, histories: int
) -> None:
    path = build(need, program)
    told = answers(path, ["capacity"])
    capacity = int(told.split()[1])
    random = Random(capacity)
    lives = [life(random, 65_536 * n + 1, capacity) for n in range(1, histories + 1)]
    *found, rest = answers(path, [each for garage in lives for each in [*garage.commands, "capacity"]]).split(
        told
    )
    for garage, said in zip(lives, found, strict=True):
        assert said.splitlines(keepends=True) == garage.said, "\n".join(garage.commands)
    assert rest == b""
