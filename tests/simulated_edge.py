"""The edge of a simulated house: the Pi with its own clock, its card, and a collector on it.

Its disk refuses for a while or loses power at any commit; its clock is unknown after a start, or steps while it runs.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from failingdisk import REFUSALS
from weather import PowerCut, Spell

from edge.clock import Instant
from edge.collector import Collector, Heard
from edge.decoder import LineDecoder
from edge.line import Hello
from edge.live import Live
from edge.tally import Tally
from store.database import Database
from store.sqlite import DiskStep, open_database


class EdgeSide:
    def __init__(
        self, path: Path, random: Random, send: Callable[[bytes], None], now: Callable[[], float]
    ) -> None:
        self.path, self.random, self.send, self.now = path, random, send, now
        self.collector: Collector | None = None
        self.db: Database | None = None
        self.starts = 0
        self.started = self.known_from = self.off_until = self.cut_chance = self.clock_off_ms = 0.0
        self.refusing = Spell()
        self.down_since: float | None = None
        # By boot: the last start that heard it, and its hellos in that start while the own clock was known.
        self.heard: dict[int, tuple[int, int]] = {}
        self.dark: list[tuple[float, float]] = []  # times that were dated while the own clock was not known
        self.stepped: list[
            tuple[float, float]
        ] = []  # times in which the own clock was wrong without knowing it

    def start(self, now: float, known_from: float) -> None:
        """The machine starts; its own clock is known from known_from on."""
        self.starts += 1
        if known_from > now:
            self.dark.append((self.down_since or now, known_from))
        self.started, self.known_from = now, known_from
        self.db = open_database(self.path, "edge", self.disk)
        self.collector = Collector(self.db, Tally(), Live())

    def stop(self, now: float) -> None:
        self.down_since = now
        if self.db:
            self.db.close()
        self.collector = self.db = None

    def instant(self, now: float) -> Instant:
        own_ms = int(now + self.clock_off_ms) if now >= self.known_from else None
        return Instant(int(now - self.started), own_ms, f"era-{self.starts}")

    def step_clock(self, now: float, off_ms: float) -> None:
        """The own clock is off by so much from now on; 0 sets it right."""
        if self.clock_off_ms:
            self.stepped[-1] = (self.stepped[-1][0], now)
        if off_ms:
            self.stepped.append((now, float("inf")))
        self.clock_off_ms = off_ms

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

    def disk(self, step: DiskStep) -> None:
        if step != "after commit" and self.refusing.holds(self.now()):
            raise self.random.choice(REFUSALS)()
        if "commit" in step and self.random.random() < self.cut_chance / 2:
            raise PowerCut(step)


def copy_card(source: Path, to: Path) -> None:
    """The database as it lies on a disk, over whatever lay there."""
    erase_card(to)
    to.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal"):
        old = source.with_name(source.name + suffix)
        if old.exists():
            shutil.copy(old, to.with_name(to.name + suffix))


def erase_card(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
