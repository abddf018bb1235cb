"""A simulated board with its sensors, and the real collector on a real file, in the board's virtual time.

Nothing between them is replaced: the sketch is the one that is flashed, the lines go over its UART 0 or its Ethernet
chip, the collector commits to SQLite. What was measured and what was seen on the way is kept; firmwareverdict.py
judges. One seed gives one history.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Literal, Self

from firmwarebuild import built
from house import ROOT
from mega import BROADCAST, W5100, W5500, Mega
from megalib import wanted
from pzem_model import Pzem, PzemLine, Values, recorded

from edge.clock import Instant
from edge.collector import Collector, Heard
from edge.decoder import LineDecoder
from edge.line import Beacon, Earlier, Garbled, Hello, Line, NoReading, Reading, encode
from edge.live import Live
from edge.tally import Tally
from store.database import Database
from store.sqlite import open_database

Link = Literal["usb", 5100, 5500]
CHIPS: tuple[Link, ...] = (W5100, W5500)
LINKS: tuple[Link, ...] = ("usb", *CHIPS)

EDGE = ("192.168.1.2", 8485)
BEACON_PORT = 8486
START_MS = 1_800_000_000_000
TICK_US, BEACON_US = 100_000, 5_000_000
# On the way from the board to the edge or back; the system's own work included.
LATENCY_US = (200, 3_000)
# Fourteen records wait for the edge's commit for up to 10 s; a resend and its answer take some more.
CALM_S = 25.0


@cache
def _made() -> Path:
    # Another build of the sketch than this tree's, such as one that is about to be released.
    if given := os.environ.get("KEMBAR_HEX"):
        return Path(given)
    made = built()
    assert made.returncode == 0, made.stderr
    return ROOT / "build/firmware/kembar.hex"


def sketch(need: Callable[[str], str]) -> Path:
    """The sketch as it is flashed, made once; without the tools the test is skipped."""
    wanted(need)
    return _made()


class EdgeHost:
    """The Pi: a collector that may be off, its clock, and its links to one board."""

    def __init__(self, path: Path, mega: Mega, serial: bool, random: Random) -> None:
        self.path, self._mega, self._serial, self._random = path, mega, serial, random
        self.collector: Collector | None = None
        self._db: Database | None = None
        self._tally = Tally()
        self._starts = self.started_us = 0
        self._decoder, self._greeted = LineDecoder(), False
        self._beacon = encode(Beacon("home", EDGE[1]))
        self.counts: dict[str, int] = {}
        self.notices: list[str] = []

    def start(self) -> None:
        """The process starts; on a serial line that opens the port and so resets the board."""
        self._starts += 1
        self.started_us = self._mega.now_us
        self._db = open_database(self.path, "edge")
        self._tally = Tally()
        self.collector = Collector(self._db, self._tally, Live())
        self._decoder, self._greeted = LineDecoder(), False
        if self._serial:
            self._mega.open_serial()
        start = self._starts
        self._mega.at(self._mega.now_us, lambda: self._tick(start))
        if not self._serial:
            self._mega.at(self._mega.now_us, lambda: self._announce(start))

    def stop(self) -> None:
        """It is gone without a word."""
        for kind, count in self._tally.counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + count
        self.notices += [notice.kind for notice in self._tally.notices]
        if self._db:
            self._db.close()
        self.collector = self._db = None

    def _instant(self, at_us: int) -> Instant:
        return Instant((at_us - self.started_us) // 1000, START_MS + at_us // 1000, f"era-{self._starts}")

    def _tick(self, start: int) -> None:
        if self.collector and start == self._starts:
            now_us = self._mega.now_us
            self.collector.tick(self._instant(now_us))
            self._mega.at(now_us + TICK_US, lambda: self._tick(start))

    def _announce(self, start: int) -> None:
        if self.collector and start == self._starts:
            now_us = self._mega.now_us
            self._mega.give(EDGE, (BROADCAST, BEACON_PORT), self._beacon, now_us + self._latency())
            self._mega.at(now_us + BEACON_US, lambda: self._announce(start))

    def _latency(self) -> int:
        return self._random.randrange(*LATENCY_US)

    def hear_serial(self, at_us: int, data: bytes) -> None:
        if self.collector:
            lines = self._decoder.feed(data)
            self._greeted = self._greeted or any(isinstance(line, Hello) for line in lines)
            if lines:
                self.collector.hear(Heard(lines, self, self._instant(at_us)))

    def send(self, data: bytes) -> None:
        """Over the serial line; before the first hello the boot loader might listen."""
        if self._greeted:
            self._mega.say(0, data, self._mega.now_us + self._latency())

    def hear_datagram(self, at_us: int, sender: tuple[str, int], data: bytes) -> None:
        if self.collector:
            decoder = LineDecoder()
            lines = [*decoder.feed(data), *decoder.end()]
            self.collector.hear(Heard(lines, _Peer(self, sender), self._instant(at_us)))

    def answer(self, to: tuple[str, int], data: bytes) -> None:
        self._mega.give(EDGE, to, data, self._mega.now_us + self._latency())


@dataclass(frozen=True)
class _Peer:
    """A board as the edge answers it over UDP."""

    edge: EdgeHost
    address: tuple[str, int]

    def send(self, data: bytes) -> None:
        self.edge.answer(self.address, data)


@dataclass
class Seen:
    """What went over the link, whether the edge was there or not."""

    started_us: dict[int, float] = field(default_factory=dict)  # by boot, in the order of their first hello
    hellos: dict[int, Hello] = field(default_factory=dict)  # the newest of each boot
    records: dict[tuple[int, int], Reading | NoReading] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)  # boots of which the edge has heard a hello
    dropped: dict[int, int] = field(default_factory=dict)  # by boot, as its H1 and S1 said
    least_free_ram: int = 1 << 16
    garbled: list[Garbled] = field(default_factory=list)

    def take(self, at_us: int, lines: Sequence[Line | Garbled], rate: float, by_edge: bool) -> None:
        for line in lines:
            if isinstance(line, Hello):
                self.known |= {line.boot} if by_edge else set()
                started = at_us - line.uptime_ms * 1000 / rate
                self.started_us[line.boot] = min(started, self.started_us.get(line.boot, started))
                self.hellos[line.boot] = line
                self._drop(line)
                self.least_free_ram = min(self.least_free_ram, line.free_ram)
            elif isinstance(line, Reading | NoReading) and line.channel:
                self.records.setdefault((line.boot, line.seq), line)
            elif isinstance(line, Earlier):
                self._drop(line)
            elif isinstance(line, Garbled):
                self.garbled.append(line)

    def _drop(self, line: Hello | Earlier) -> None:
        self.dropped[line.boot] = max(line.dropped, self.dropped.get(line.boot, 0))


class FirmwareHouse:
    """Three sensors on UART 1 to 3; a board that finds its edge by its beacon, or over USB."""

    def __init__(
        self,
        folder: Path,
        program: Path,
        link: Link,
        seed: int = 1,
        *,
        measure: Callable[[int], Callable[[int], Values]] = recorded,
        chip: int | None = None,
        boot_loader: Path | None = None,
        ppm: int = 0,
    ) -> None:
        chip = chip if link == "usb" else link
        self.random, self.link, self.rate = Random(seed), link, 1 + ppm / 1e6
        self.mega = Mega(program, chip, seed, boot_loader, ppm)
        self.sensors = [Pzem(1, measure(channel), seed + channel) for channel in (1, 2, 3)]
        self.lines = [PzemLine(self.mega, uart, [self.sensors[uart - 1]]) for uart in (1, 2, 3)]
        # When sensors came and went, by channel: (time, on).
        self.mains: dict[int, list[tuple[int, bool]]] = {1: [], 2: [], 3: []}
        self.seen = Seen()
        self.resets: list[tuple[int, str]] = []  # what ended or began a start: reset, hang, off, power
        self._decoder = LineDecoder()
        self.edge = EdgeHost(folder / "kembar.sqlite", self.mega, link == "usb", self.random)
        self.mega.devices[0] = _Port(self)
        self.mega.plug = _Cable(self)
        self.mega.on_reset = self._was_reset
        self.edge.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.edge.stop()
        self.mega.close()

    def _was_reset(self) -> None:
        self._decoder = LineDecoder()
        if not (self.resets and self.resets[-1] == (self.mega.now_us, "power")):
            self.resets.append((self.mega.now_us, "reset"))

    def heard_serial(self, at_us: int, data: bytes) -> None:
        if self.link == "usb":
            self.seen.take(at_us, self._decoder.feed(data), self.rate, self.edge.collector is not None)
            self.edge.hear_serial(at_us, data)

    def heard_datagram(self, at_us: int, sender: tuple[str, int], to: tuple[str, int], data: bytes) -> None:
        decoder = LineDecoder()
        heard = to == EDGE and self.edge.collector is not None
        self.seen.take(at_us, [*decoder.feed(data), *decoder.end()], self.rate, heard)
        if heard:
            self.edge.hear_datagram(at_us, sender, data)

    # What may happen in this house

    def run(self, seconds: float) -> None:
        self.mega.run(seconds)

    def edge_gone(self, seconds: float, host_too: bool = False) -> None:
        """The collector is off; with `host_too` its machine answers no ARP request either."""
        self.edge.stop()
        self.mega.host_off(EDGE[0] if host_too else None)
        self.run(seconds)
        self.mega.host_off(None)
        self.edge.start()

    def power_cycle(self, off_s: float, lost_bits: float = 1.0) -> None:
        self.resets.append((self.mega.now_us, "off"))
        self.mega.power_off()
        self.run(off_s)
        self.power_on(lost_bits)

    def power_on(self, lost_bits: float = 1.0) -> None:
        self.resets.append((self.mega.now_us, "power"))
        self.mega.power_on(lost_bits)

    def hang(self) -> None:
        self.resets.append((self.mega.now_us, "hang"))
        self.mega.hang()

    def lost_power(self) -> None:
        """It went by itself, in the middle of an EEPROM write."""
        assert not self.mega.powered
        self.resets.append((self.mega.now_us, "off"))

    def sensor_mains(self, channel: int, on: bool) -> None:
        self.mains[channel].append((self.mega.now_us, on))
        self.sensors[channel - 1].mains(on, self.mega.now_us)

    def settle(self) -> None:
        """Nothing more happens until everything has arrived."""
        self.run(CALM_S)


@dataclass(frozen=True)
class _Port:
    house: FirmwareHouse

    def hear(self, at_us: int, data: bytes) -> None:
        self.house.heard_serial(at_us, data)


@dataclass(frozen=True)
class _Cable:
    house: FirmwareHouse

    def hear(self, at_us: int, sender: tuple[str, int], to: tuple[str, int], data: bytes) -> None:
        self.house.heard_datagram(at_us, sender, to, data)
