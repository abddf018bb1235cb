"""A backlog of ten million readings: whether speed, memory and live values stay what they are at one million.

Everything is a process as a user starts it. The backlog is measured million by million in one run, the first three
and the last three for the speed; while those between travel, somebody looks at the live values. A machine that does
other work meanwhile slows them, and not all alike: processor time for a reading, the time that our processes waited
for a processor, and what the disk takes beside, tell such a run from a slow program.
Takes some minutes and 2 GB of disk.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.catchup import fill
from bench.household import Household, cpu_s, household, peak_resident_mb, waited_s, written_bytes
from bench.live import FIRST_LOOK_BUSY_S, RECORDED_SENSORS, looked_at
from pages.app import wall_ms
from store.database import Database
from store.sqlite import open_database, open_reader

MILLION = 1_000_000
MILLIONS = 10
# Millions at either end whose speeds are compared: of three, the median leaves out one that was disturbed.
ENDS = 3
# A real disk also where /tmp lies in RAM.
DISK = Path("/var/tmp")
LOOK_S = 0.02
# 5 000 readings a second, a tenth of what a busy machine does: something hangs.
MOST_S = MILLIONS * MILLION / 5_000
# A commit of a catch-up writes about this much, and then waits for the disk.
COMMIT_BYTES, COMMITS = 400_000, 100


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the cloud was at a moment, and what that had cost both processes so far."""

    rows: int
    at_s: float
    cpu_s: float
    waited_s: float
    written_bytes: int


@dataclass(frozen=True, slots=True)
class Leg:
    """The way from one mark to the next one farther on."""

    rows_per_s: float
    cpu_s_per_row: float
    waited_s_per_row: float
    written_per_s: float


class Climb:
    """Follows the cloud's cursor in its database."""

    def __init__(self, house: Household, cloud: Database) -> None:
        self._house, self._cloud = house, cloud
        self._until_s = time.monotonic() + MOST_S

    def upto(self, millions: Sequence[int]) -> list[Mark]:
        """A mark where the cloud is now and at each of these millions."""
        marks = [self._mark(self._rows())]
        for each in millions:
            while (rows := self._rows()) < each * MILLION:
                if time.monotonic() > self._until_s:
                    raise TimeoutError(f"{rows} rows arrived within {MOST_S:g} s")
                time.sleep(LOOK_S)
            marks.append(self._mark(rows))
        return marks

    def _rows(self) -> int:
        row = self._cloud.execute("SELECT cursor FROM streams WHERE source = 'garage'").fetchone()
        return int(row[0]) if row else 0

    def _mark(self, rows: int) -> Mark:
        both = self._house.edge["sync"].pid, self._house.cloud.pid
        cpu, waited = sum(map(cpu_s, both)), sum(map(waited_s, both))
        return Mark(rows, time.monotonic(), cpu, waited, written_bytes(both[1]))


def legs(marks: Sequence[Mark]) -> list[Leg]:
    return [_leg(begin, end) for begin, end in pairwise(marks) if end.rows > begin.rows]


def _leg(begin: Mark, end: Mark) -> Leg:
    rows, seconds = end.rows - begin.rows, end.at_s - begin.at_s
    cpu, waited = end.cpu_s - begin.cpu_s, end.waited_s - begin.waited_s
    written = end.written_bytes - begin.written_bytes
    return Leg(rows / seconds, cpu / rows, waited / rows, written / seconds)


def _median(some: Sequence[Leg]) -> Leg:
    """Of each of their figures."""
    return Leg(*(median(figures) for figures in zip(*map(astuple, some), strict=True)))


def disk_bytes_per_s(folder: Path) -> float:
    """What this disk takes in commits of the size that a catch-up makes, and nothing but that."""
    piece, begun_s = os.urandom(COMMIT_BYTES), time.perf_counter()
    with (folder / "raw").open("wb", buffering=0) as file:
        for _ in range(COMMITS):
            file.write(piece)
            os.fdatasync(file.fileno())
    (folder / "raw").unlink()
    return COMMITS * COMMIT_BYTES / (time.perf_counter() - begun_s)


def measure() -> dict[str, float]:
    with TemporaryDirectory(prefix="kembar-bench-", dir=DISK) as name:
        folder = Path(name)
        with closing(open_database(folder / "kembar.sqlite", "edge")) as db:
            fill(db, MILLIONS * MILLION, wall_ms() - 1000 * MILLIONS * MILLION // RECORDED_SENSORS)
        # What the filling left for the disk to do would be paid by the first millions.
        os.sync()
        raw = [disk_bytes_per_s(folder)]
        with _at_work(folder) as (house, climb):
            first = legs(climb.upto(range(1, ENDS + 1)))
            late_s = _live_until(house, climb, MILLIONS - ENDS)
            last = legs(climb.upto(range(MILLIONS - ENDS + 1, MILLIONS + 1)))
            peaks = peak_resident_mb(house.edge["sync"].pid), peak_resident_mb(house.cloud.pid)
        raw.append(disk_bytes_per_s(folder))
        _check_arrived(folder)
    begin, end = _median(first), _median(last)
    return {
        "catchup_readings_per_s_10m": round(end.rows_per_s),
        "catchup_readings_per_s_10m_begin": round(begin.rows_per_s),
        "catchup_ratio_10m_to_1m": round(end.rows_per_s / begin.rows_per_s, 2),
        "catchup_cpu_us_per_reading_10m": round(1e6 * end.cpu_s_per_row, 2),
        "catchup_cpu_ratio_10m_to_1m": round(end.cpu_s_per_row / begin.cpu_s_per_row, 2),
        "catchup_waited_us_per_reading_10m": round(1e6 * end.waited_s_per_row, 2),
        "catchup_waited_us_per_reading_10m_begin": round(1e6 * begin.waited_s_per_row, 2),
        "catchup_disk_mb_per_s_10m": round(_median(first + last).written_per_s / 1e6, 1),
        "catchup_disk_mb_per_s_10m_raw": round(min(raw) / 1e6, 1),
        "live_cloud_p99_s_10m": round(late_s, 2),
        "sync_rss_mb": round(peaks[0], 1),
        "cloud_rss_mb": round(peaks[1], 1),
    }


@contextmanager
def _at_work(folder: Path) -> Iterator[tuple[Household, Climb]]:
    with household(folder) as house, closing(open_reader(folder / "cloud.db")) as cloud:
        yield house, Climb(house, cloud)


def _live_until(house: Household, climb: Climb, million: int) -> float:
    """The cloud's p99 in s, looked at until the replay has come to this million."""
    with looked_at(house) as (_lan, cloud):
        time.sleep(FIRST_LOOK_BUSY_S)
        cloud.late_s.clear()
        climb.upto([million])
        return cloud.p99_s()


def _check_arrived(folder: Path) -> None:
    with closing(open_reader(folder / "cloud.db")) as cloud:
        sql = "SELECT count(*) FROM readings r JOIN streams s ON s.id = r.stream WHERE s.source = 'garage'"
        arrived = cloud.execute(sql).fetchone()[0]
    if arrived != MILLIONS * MILLION:
        raise AssertionError(f"{arrived} of {MILLIONS * MILLION} readings arrived")
