"""What an edge costs a Pi while six sensors run at 1 Hz: bytes written to its card, processor, memory.

Real processes on a real disk; a day is extrapolated from two minutes of commits. A checkpoint comes twice an hour
only, so its bytes are measured apart, on a log that a collector fed at the same pace has filled, and added.
"""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench.catchup import TOKEN, fill
from bench.household import Household, cpu_s, household, program, resident_mb, written_bytes
from bench.shaped import START_MS, readings
from edge.clock import Instant
from edge.collector import Collector, Heard
from edge.line import Hello, Reading
from edge.live import Live
from edge.tally import Tally
from pages.app import wall_ms
from store.sqlite import CHECKPOINT_BYTES, open_database

SENSORS = 6
LIVED_S = 30 * 3_600
DAY_S = 86_400
# The cloud catches up, and a new boot is dated, which a day has once.
SETTLE_S = 90.0
MEASURED_S = 120.0
# As long as the jobs of serve take to come round.
WATCHED_S = 60.0
BOOT = 7
# Unlike /tmp it is never in RAM.
DISK = "/var/tmp"


class Nobody:
    """Where the answers to a device go that does not exist."""

    def send(self, data: bytes) -> None: ...


def checkpoint_bytes() -> int:
    """What one checkpoint writes that folds back a log grown by commits every 10 s."""
    with TemporaryDirectory(prefix="kembar-bench-", dir=DISK) as folder:
        path = Path(folder) / "kembar.sqlite"
        with closing(open_database(path, "edge")) as db:
            db.execute("PRAGMA wal_autocheckpoint = 0")
            collector, log = Collector(db, Tally(), Live()), path.with_name(path.name + "-wal")
            for heard in _seconds():
                collector.hear(heard)
                collector.tick(heard.at)
                if log.stat().st_size >= CHECKPOINT_BYTES:
                    break
            before = written_bytes(os.getpid())
            db.execute("PRAGMA wal_checkpoint(FULL)")
            written = written_bytes(os.getpid()) - before
    if not written:
        raise AssertionError(f"{DISK} is in RAM")
    return written


def _seconds() -> Iterator[Heard]:
    """What a device with six sensors says in each second."""
    source, sender = readings(), Nobody()
    while rows := list(islice(source, SENSORS)):
        seq, taken_ms = rows[-1][0] or 0, rows[0][2] or 0
        uptime_ms = taken_ms - START_MS
        hello = Hello("garage", BOOT, uptime_ms, "1.0", "power", 5000, SENSORS, seq - 5, 1000, 0, 0, 4096, 0)
        lines = [Reading("garage", BOOT, row[0] or 0, uptime_ms, row[1] or 0, row[3:]) for row in rows]
        yield Heard([hello, *lines], sender, Instant(uptime_ms, taken_ms, "era"))


@contextmanager
def _lived_in() -> Iterator[Path]:
    """A data directory with what the pages compute from: a day of rows and more."""
    with TemporaryDirectory(prefix="kembar-bench-", dir=DISK) as folder:
        with closing(open_database(Path(folder) / "kembar.sqlite", "edge")) as db:
            fill(db, LIVED_S * SENSORS, wall_ms() - 1000 * LIVED_S)
        yield Path(folder)


def measure() -> dict[str, float]:
    one_checkpoint = checkpoint_bytes()
    with (
        _lived_in() as folder,
        household(folder) as house,
        program(
            "kembar-edge", "simulate", "--to", "udp://{}:{}".format(*house.lines), "--channels", f"{SENSORS}"
        ),
    ):
        time.sleep(SETTLE_S)
        card_mb, cpu_percent = _costs(house, folder / "kembar.sqlite-wal", one_checkpoint)
        watched_percent = _watched(house)
        resident = {name: resident_mb(process.pid) for name, process in house.edge.items()}
    return {
        "card_mb_per_day": round(card_mb),
        "edge_cpu_percent": round(cpu_percent, 2),
        "edge_cpu_percent_watched": round(watched_percent, 2),
        "edge_rss_mb": round(max(resident.values()), 1),
    }


def _costs(house: Household, log: Path, one_checkpoint: int) -> tuple[float, float]:
    """MB a day and percent of a core, from one commit to another."""
    begun_s = _next_commit(house)
    log_bytes, written, used_s = log.stat().st_size, _written(house), _used_s(house)
    time.sleep(MEASURED_S)
    passed_s = _next_commit(house) - begun_s
    grown = log.stat().st_size - log_bytes
    if not 0 < grown < CHECKPOINT_BYTES:
        raise AssertionError("the log began anew while it was measured")
    a_second = (_written(house) - written + grown / CHECKPOINT_BYTES * one_checkpoint) / passed_s
    return a_second * DAY_S / 1e6, 100 * (_used_s(house) - used_s) / passed_s


def _next_commit(house: Household) -> float:
    """When the collector has written the next time."""
    pid = house.edge["collect"].pid
    before = written_bytes(pid)
    while written_bytes(pid) == before:
        time.sleep(0.1)
    time.sleep(0.5)  # a commit is several writes
    return time.monotonic()


def _watched(house: Household) -> float:
    """Percent of a core while one phone looks at the LAN page and another at the hosted one."""
    before_s, begun_s = _used_s(house), time.monotonic()
    with requests.Session() as phone:
        while time.monotonic() - begun_s < WATCHED_S:
            phone.get(f"{house.lan_api}/latest", timeout=5).raise_for_status()
            headers = {"Authorization": f"Bearer {TOKEN}"}
            phone.get(f"{house.cloud_api}/latest", headers=headers, timeout=5).raise_for_status()
            time.sleep(1)
    return 100 * (_used_s(house) - before_s) / (time.monotonic() - begun_s)


def _written(house: Household) -> int:
    return sum(written_bytes(process.pid) for process in house.edge.values())


def _used_s(house: Household) -> float:
    return sum(cpu_s(process.pid) for process in house.edge.values())
