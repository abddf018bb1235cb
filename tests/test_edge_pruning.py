"""The collector lets go of old hours between its lines: when, how much at once, and what it says about a full disk."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from collecting import BOOT, OWN_MS, Edge, hello, reading
from retained import energy, unaccounted

from edge.collect import _pruning
from edge.line import NoReading
from edge.pruning import EVERY_MS, SLICE_HOURS, SLICE_ROWS, YOUNGEST_MS, Pruning
from edge.settings import EdgeSettings
from metering.energy import HOUR_MS
from metering.quantity import DAY_MS
from metering.reading import Meter
from pages.notices import RED
from store.clouds import Clouds
from store.part import Part
from store.receiver import Receiver
from store.retention import Retention

URL = "https://cloud.example"
MINUTE_MS = 60_000
GARAGE = Meter("garage", 1)
FIRST_HOUR: int = OWN_MS // HOUR_MS


@dataclass
class Disk:
    """A disk of a hundred million bytes of which 70 % may be used; `short`: bytes less free than that leaves."""

    short: int = -10_000_000
    total: int = 100_000_000
    asked: int = 0
    error: OSError | None = None

    def __call__(self) -> tuple[int, int, int]:
        self.asked += 1
        if self.error:
            raise self.error
        free = self.total * 30 // 100 - self.short
        return self.total, self.total - free, free


class Pi(Edge):
    """A collector with its pruning, as `kembar-edge collect` turns them."""

    def __init__(self, folder: Path, *urls: str, keep_days: int = 31) -> None:
        self.urls, self.keep_days, self.fake_disk = urls, keep_days, Disk()
        super().__init__(folder)

    def start(self) -> None:
        super().start()
        self.pruning = Pruning(
            self.db, self.collector.tally, lambda: self.urls, self.keep_days, 70, self.fake_disk
        )

    def hours(self, hours: int, per_hour: int = 60) -> None:
        """Rows of so many hours from OWN_MS on, as a collector left them."""
        step = HOUR_MS // per_hour
        rows = [
            (seq, 1, OWN_MS + step * (seq - 1), 225_700, 108, 24_400, seq, 50_000, 1_000, 0)
            for seq in range(1, hours * per_hour + 1)
        ]
        with self.db.write():
            Receiver(self.db, self.collector._rows).receive(Part("garage", BOOT, 0, rows))
            self.db.execute("INSERT INTO boots VALUES (1, 0, 0, 0)")

    def acknowledge(self, seq: int) -> None:
        clouds = Clouds(self.db)
        clouds.note(clouds.number(URL), {1: seq}, 0, OWN_MS)

    def later(self, ms: int) -> None:
        self.mono_ms += ms

    def fill_disk(self) -> None:
        """Only a database without a row would be small enough."""
        self.fake_disk.short = self.pruning._retention.room().file

    def slice(self) -> int:
        """One more slice; gives how many rows went."""
        before = len(self.rows())
        self.later(EVERY_MS)
        self.pruning.tick(self.at)
        return before - len(self.rows())

    def about(self, kind: str) -> list[str]:
        return [notice.about for notice in self.collector.tally.notices if notice.kind == kind]


@pytest.fixture
def pi(tmp_path: Path) -> Iterator[Pi]:
    made = Pi(tmp_path)
    with closing(made.db):
        yield made


@pytest.fixture
def with_cloud(tmp_path: Path) -> Iterator[Pi]:
    made = Pi(tmp_path, URL)
    with closing(made.db):
        yield made


def test_what_is_older_than_the_setting_goes_and_nothing_younger(pi: Pi) -> None:
    pi.hours(3)
    pi.later(31 * DAY_MS + HOUR_MS - EVERY_MS - 1)
    assert pi.slice() == 0
    assert pi.slice() == 60
    pi.later(HOUR_MS)
    assert pi.slice() == 60
    assert list(pi.rows()) == list(range(121, 181))


def test_a_slice_is_bounded_and_comes_once_a_minute(pi: Pi) -> None:
    pi.hours(3 * SLICE_HOURS, per_hour=1)
    pi.later(40 * DAY_MS)
    assert pi.slice() == SLICE_HOURS
    pi.later(EVERY_MS - 1)
    pi.pruning.tick(pi.at)
    assert len(pi.rows()) == 2 * SLICE_HOURS
    assert pi.slice() == SLICE_HOURS


def test_a_slice_ends_with_the_hour_that_makes_it_full(pi: Pi) -> None:
    pi.hours(3, per_hour=SLICE_ROWS)
    pi.later(40 * DAY_MS)
    assert pi.slice() == SLICE_ROWS


def test_nothing_goes_while_the_own_clock_is_not_known(pi: Pi) -> None:
    pi.hours(1)
    pi.later(40 * DAY_MS)
    pi.known = False
    assert pi.slice() == 0
    pi.known = True
    assert pi.slice() == 60


def test_what_the_cloud_lacks_stays_however_old(with_cloud: Pi) -> None:
    with_cloud.hours(3)
    with_cloud.later(4000 * DAY_MS)
    assert with_cloud.slice() == 0
    with_cloud.acknowledge(119)
    assert with_cloud.slice() == 60
    assert with_cloud.slice() == 0
    assert with_cloud.notices == []


def test_a_source_that_waits_for_its_cloud_does_not_hold_up_another(with_cloud: Pi) -> None:
    with_cloud.hours(1)
    with with_cloud.db.write():
        rows = [(1, 1, OWN_MS + HOUR_MS, 225_700, 108, 24_400, 1, 50_000, 1_000, 0)]
        Receiver(with_cloud.db, with_cloud.collector._rows).receive(Part("cellar", 1, 0, rows))
    clouds = Clouds(with_cloud.db)
    clouds.note(clouds.number(URL), {2: 1}, 0, OWN_MS)
    with_cloud.later(400 * DAY_MS)
    with_cloud.slice()
    assert Retention(with_cloud.db).hours(FIRST_HOUR + 9, 9) == [(FIRST_HOUR, "garage")]


# The disk


def test_a_full_disk_makes_the_oldest_hours_go_until_enough_pages_are_free_and_then_ends(pi: Pi) -> None:
    pi.hours(24, per_hour=600)
    pi.later(5 * DAY_MS)
    pi.fake_disk.short = 20_000
    gone = [pi.slice() for _ in range(5)]
    # An hour frees 27 KB and keeps its rollups, some 9 KB.
    assert sum(gone) in (600, 2 * 600, 3 * 600), "less than the slice could have taken"
    assert gone[1:] == [0] * 4
    assert next(iter(pi.rows())) == sum(gone) + 1
    assert pi.pruning._retention.room().reusable >= 20_000
    assert pi.notices == []


def test_a_full_disk_first_costs_what_every_cloud_has_wherever_it_lies(with_cloud: Pi) -> None:
    with_cloud.hours(4, per_hour=50)
    with_cloud.db.execute("INSERT INTO amends (stream, from_seq, to_seq) VALUES (1, 10, 10)")
    with_cloud.acknowledge(150)
    with_cloud.later(5 * DAY_MS)
    with_cloud.fill_disk()
    assert with_cloud.slice() == 100
    assert list(with_cloud.rows()) == [*range(1, 51), *range(151, 201)]
    assert with_cloud.notices == []


def test_what_a_cloud_lacks_goes_when_nothing_else_helps_and_a_red_notice_counts_it(with_cloud: Pi) -> None:
    with_cloud.hours(3, per_hour=50)
    with_cloud.acknowledge(60)
    with_cloud.later(5 * DAY_MS)
    with_cloud.fill_disk()
    assert [with_cloud.slice() for _ in range(4)] == [50, 50, 50, 0]
    assert with_cloud.about("policy-dropped") == ["90"]
    assert "policy-dropped" in RED
    assert with_cloud.gaps() == [(1, 150, "policy")]
    assert unaccounted(with_cloud.db) == []


def test_the_last_two_days_stay_however_full_the_disk(with_cloud: Pi) -> None:
    with_cloud.hours(2)
    with_cloud.fill_disk()
    with_cloud.later(YOUNGEST_MS + HOUR_MS - EVERY_MS - 1)
    assert with_cloud.slice() == 0
    assert with_cloud.slice() == 60
    assert with_cloud.slice() == 0


@pytest.mark.parametrize(("short", "told"), [(20_000_000, ["90 %"]), (10_000_000, [])])
def test_a_disk_that_other_files_fill_costs_no_reading_and_is_told_when_nearly_full(
    with_cloud: Pi, short: int, told: list[str]
) -> None:
    with_cloud.hours(3)
    with_cloud.acknowledge(180)
    with_cloud.later(5 * DAY_MS)
    with_cloud.fake_disk.short = short
    assert [with_cloud.slice() for _ in range(3)] == [0, 0, 0]
    assert with_cloud.about("disk-crowded") == told
    assert "disk-crowded" in RED


@pytest.mark.parametrize("error", [OSError("no such disk"), None])
def test_a_disk_that_refuses_is_counted_and_tried_again(pi: Pi, error: OSError | None) -> None:
    pi.hours(1)
    pi.later(40 * DAY_MS)
    pi.fake_disk.error = error
    other = sqlite3.connect(pi.path, isolation_level=None)
    with closing(other):
        pi.db.execute("PRAGMA busy_timeout = 1")
        other.execute("BEGIN IMMEDIATE" if error is None else "BEGIN")
        assert pi.slice() == 0
        other.execute("ROLLBACK")
    pi.fake_disk.error = None
    assert pi.counts["prunings-failed"] == 1
    assert pi.slice() == 60


# With lines coming in


def test_lines_come_in_while_hours_go_and_nothing_is_lost_or_comes_back(tmp_path: Path) -> None:
    """Four days of which three are kept, a reading every 20 minutes, the sensor silent now and then."""
    pi, step, last = Pi(tmp_path, keep_days=3), 20 * MINUTE_MS, 4 * 72
    silent = set(range(7, last, 25))
    with closing(pi.db):
        for seq in range(1, last + 1):
            pi.later(step)
            pi.hear(hello(pi.mono_ms))
            silence = NoReading("garage", BOOT, seq, pi.mono_ms, 1, "timeout", 1)
            pi.hear(silence if seq in silent else reading(seq, pi.mono_ms, wh=seq // 3))
            pi.collector.tick(pi.at)
            pi.pruning.tick(pi.at)
        first = min(pi.rows())
        assert 72 - 4 < first <= 72 + 4
        assert set(pi.rows()) == set(range(first, last + 1)) - silent
        assert unaccounted(pi.db) == []
        assert pi.cursor() == last
        assert {cause for _low, _high, cause in pi.gaps()} == {"policy", "sensor"}
        counters = pi.history().counters(GARAGE, OWN_MS, OWN_MS + 7 * DAY_MS)
        assert energy(c[2:] for c in counters) == last // 3
        gone = reading(50, 50 * step, wh=50 // 3)
        pi.wire.acks()
        pi.later(1_000)
        pi.hear(gone)
        assert pi.wire.acks() == [last]
        pi.commit()
        assert 50 not in pi.rows()
        assert pi.counts.get("conflicts", 0) == 0
        pi.restart()
        assert pi.slice() == 0
        assert pi.cursor() == last


def test_the_command_prunes_by_its_settings_and_its_own_disk(tmp_path: Path) -> None:
    settings = EdgeSettings.model_validate(
        {
            "edge": {
                "name": "rumah", "data_dir": str(tmp_path), "timezone": "Asia/Jakarta", "keep_days": 31,
                "disk_percent": 95,
            },
            "link": [{"url": "udp://127.0.0.1:0"}],
            "cloud": [{"url": URL, "token": "0123456789abcdef"}],
        }
    )  # fmt: skip
    pi = Pi(tmp_path, URL)
    with closing(pi.db):
        pi.hours(1)
        pi.acknowledge(59)
        pi.pruning = _pruning(pi.db, settings, pi.collector.tally)
        pi.later(40 * DAY_MS)
        assert pi.slice() == 0
        pi.acknowledge(60)
        assert pi.slice() == 60
        assert pi.pruning._disk_usage()[0] == shutil.disk_usage(tmp_path).total
