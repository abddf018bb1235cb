"""A house whose Pi may show any time: real clock rules, real collector and database, a device with a clock of its own.

Virtual time: true time is `now` in ms, UTC is `utc(now)`, the Pi's own clock shows utc(now) + wrong_ms.
"""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

from edge.clock import SystemClock
from edge.clocksteps import ClockStep
from edge.collector import Collector, Heard
from edge.decoder import LineDecoder
from edge.device import VirtualDevice
from edge.line import Garbled, Reading
from edge.live import Live
from edge.notebook import Notebook
from edge.tally import Tally
from store.backlog import Backlog
from store.database import Database
from store.sqlite import open_database

SECOND, MINUTE, HOUR, DAY, YEAR = 1_000, 60_000, 3_600_000, 86_400_000, 365 * 86_400_000
# 2027-01-15T08:00:00Z, after the build date.
START_MS = 1_800_000_000_000
EDGE = ("edge", 8485)
VALUES = (230_000, 1_000, 230_000)
Key = tuple[int, int]  # boot, seq


class Resonator:
    """The device's clock: `error` too fast since it started at `began` (true ms)."""

    def __init__(self, error: float, began: float) -> None:
        self.error, self.began = error, began

    def uptime(self, now: float) -> int:
        return int((now - self.began) * (1 + self.error))

    def when(self, uptime_ms: int) -> float:
        return self.began + uptime_ms / (1 + self.error)


class ClockedHouse:
    """`known`: NTP has reached the Pi. `rtc`: it has a battery clock. One reading each interval_ms."""

    def __init__(
        self,
        folder: Path,
        *,
        wrong_ms: int = 0,
        known: bool = True,
        rtc: bool = False,
        setting: str = "auto",
        error: float = 0.003,
        step_ms: int = 1_000,
        interval_ms: int = 1_000,
        utc: Callable[[float], float] = lambda now: now,
        slewed: Callable[[float], float] = lambda _now: 0,
    ) -> None:
        self.root, self.path, self.setting = folder / "machine", folder / "kembar.sqlite", setting
        self.step_ms, self.interval_ms, self.error, self.utc = step_ms, interval_ms, error, utc
        self.slewed = slewed
        self.now = float(START_MS)
        self.random = Random(7)
        self.truth: dict[Key, float] = {}
        self.gone: set[Key] = set()
        self._boot = 7 << 16 | 1
        self.device = VirtualDevice("garage", self._boot, capacity=40_000, interval_ms=interval_ms, edge=EDGE)
        self._begin_device()
        self.starts, self.late = 0, 0.0
        self._machine("proc/device-tree/model")
        if rtc:
            self._machine("sys/class/rtc/rtc0/name")
        self.db: Database | None = None
        self.collector: Collector | None = None
        self.pi_starts(wrong_ms, known)

    # What happens in the house

    def pi_starts(self, wrong_ms: int = 0, known: bool = True) -> None:
        """The machine starts: its monotonic clock begins anew, its own clock shows what it shows."""
        self.starts += 1
        self._machine("proc/sys/kernel/random/boot_id", f"era-{self.starts}")
        self.pi_began, self.wrong_ms, self.known = self.now, wrong_ms, known
        self.process_starts()

    def process_starts(self) -> None:
        self.db = open_database(self.path, "edge")
        self.db.execute("PRAGMA synchronous = OFF")  # no power is cut in a commit here, and days are to pass
        last_ms = Notebook(self.db).last_on_disk_ms()
        self.clock = SystemClock(
            self.setting, last_ms, self.root, lambda: self.known, self._wall_ms, self._mono_ms
        )
        self.collector = Collector(self.db, Tally(), Live())

    def pi_stops(self) -> None:
        """Its power goes: nothing is said or written any more."""
        assert self.db
        self.db.close()
        self.db = self.collector = None

    def close(self) -> None:
        if self.db:
            self.pi_stops()

    def ntp(self) -> None:
        """NTP comes and sets the own clock right."""
        self.wrong_ms, self.known = 0, True

    def device_restarts(self) -> None:
        """A reset that keeps the RAM; of more than four boots it gives up the oldest."""
        before = self._held()
        self._boot += 1
        self.device.reboot(self._boot)
        self.gone |= before - self._held()
        self._begin_device()

    def device_loses_power(self) -> None:
        self.gone |= self._held()
        self.device.power_off()
        self.device_restarts()

    def run(self, ms: float) -> None:
        end = self.now + ms
        while self.now < end:
            self.now += self.step_ms
            self.late = min(self.random.expovariate(1 / 3), 50)
            self._measure()
            sent = self.device.lines_to_send(self.crystal.uptime(self.now))
            if self.collector is None:
                continue
            for lines in sent:
                self._hear(b"".join(lines))
            self.collector.tick(self.clock.now())

    def settle(self) -> None:
        """Minutes in which the time is known: what can be dated is dated."""
        self.run(200 * SECOND)

    # What is on disk

    def dates(self) -> dict[Key, int | None]:
        rows = self._disk().execute(
            "SELECT s.boot, r.seq, r.taken_ms FROM readings r JOIN streams s ON s.id = r.stream"
            " ORDER BY s.boot, r.seq"
        )
        return {(boot, seq): taken_ms for boot, seq, taken_ms in rows}

    def undated(self) -> int:
        return sum(taken_ms is None for taken_ms in self.dates().values())

    def ask(self, sql: str) -> tuple[int, ...]:
        row: tuple[int, ...] = self._disk().execute(sql).fetchone()
        return row

    def may_travel(self) -> int:
        """How many records may go to a cloud now."""
        backlog = Backlog(self._disk(), 1)
        return sum(backlog.sendable(stream) for stream in backlog.streams.all())

    def uncertain(self) -> set[int]:
        """The boots whose dates are marked as estimates."""
        return {b for (b,) in self._disk().execute("SELECT boot FROM streams WHERE uncertain = 1")}

    def steps(self) -> list[ClockStep]:
        """Oldest first."""
        return Notebook(self._disk()).steps()[::-1]

    def by(self) -> list[int | None]:
        """The corrections that were written down, to the second; None: the time became known."""
        return [None if s.by_ms is None else round(s.by_ms, -3) for s in self.steps()]

    def worst(self, from_ms: float = 0, to_ms: float = float("inf")) -> float:
        """How wrong the dates are of what was measured from ... to (ms since the house began)."""
        dates = self.dates()
        off = [
            abs((dates[key] or 0) - self.utc(when))
            for key, when in self.truth.items()
            if from_ms <= when - START_MS <= to_ms and dates.get(key) is not None
        ]
        assert off, "nothing was measured then"
        return max(off)

    def assert_all_here(self, waiting: int = 0) -> None:
        """Nothing lost, nothing waiting but `waiting` rows, nothing reordered."""
        dates = self.dates()
        missing = self.truth.keys() - dates.keys() - self.gone
        assert missing <= self._held() | self._pending(), "what the device let go is on disk"
        assert self.undated() <= waiting
        self.assert_in_order()

    def assert_in_order(self) -> None:
        """Along every boot dates only grow."""
        dated = [(key[0], taken_ms) for key, taken_ms in self.dates().items() if taken_ms is not None]
        backwards = [(one, two) for one, two in pairwise(dated) if one[0] == two[0] and one[1] >= two[1]]
        assert backwards == []

    def _disk(self) -> Database:
        assert self.db
        return self.db

    def _pending(self) -> set[Key]:
        assert self.collector
        boots = self.collector.registry.boots.all()
        return {(boot.stream.boot, seq) for boot in boots for seq in boot.stream.pending}

    def _held(self) -> set[Key]:
        """What the device keeps; where it gave some up, `lost` stands for them."""
        return {(r.boot, r.seq) for r in self.device.held() if isinstance(r, Reading)}

    def _begin_device(self) -> None:
        self.crystal, self.next_tick = Resonator(self.error, self.now), self.interval_ms

    def _measure(self) -> None:
        while self.crystal.uptime(self.now) >= self.next_tick:
            values = (*VALUES, len(self.truth), 50_000, 1_000, 0)
            for record in self.device.tick(self.next_tick, {1: values}):
                assert isinstance(record, Reading)
                self.truth[record.boot, record.seq] = self.crystal.when(self.next_tick)
            self.next_tick += self.interval_ms

    def _hear(self, data: bytes) -> None:
        assert self.collector
        decoder = LineDecoder()
        lines = [*decoder.feed(data), *decoder.end()]
        self.collector.hear(Heard(lines, self, self.clock.now()))

    def send(self, data: bytes) -> None:
        """What the collector answers."""
        decoder = LineDecoder()
        for line in [*decoder.feed(data), *decoder.end()]:
            assert not isinstance(line, Garbled)
            self.device.hear(line, EDGE, self.crystal.uptime(self.now))

    def _wall_ms(self) -> int:
        at = self.now + self.late
        return int(self.utc(at) + self.slewed(at)) + self.wrong_ms

    def _mono_ms(self) -> int:
        at = self.now + self.late
        return int(at - self.pi_began + self.slewed(at))

    def _machine(self, path: str, text: str = "") -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)


def showing(at_ms: int) -> int:
    """How wrong a clock is that shows this at the start."""
    return at_ms - START_MS
