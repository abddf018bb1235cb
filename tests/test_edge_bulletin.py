"""What the collector tells the pages through RAM, and the time zone that it tells the clouds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from collecting import BOOT, OWN_MS, Edge, hello, lost, reading

from edge.bulletin import ALIVE_MS, EVERY_MS, Bulletin
from edge.clock import SystemClock
from edge.ramfile import RamFile
from edge.timezone import tell_timezone


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    made = Edge(tmp_path)
    yield made
    made.db.close()


@pytest.fixture
def ram(tmp_path: Path) -> RamFile:
    (tmp_path / "run").mkdir()
    return RamFile(tmp_path, "live", {"RUNTIME_DIRECTORY": str(tmp_path / "run")})


@pytest.fixture
def bulletin(edge: Edge, ram: RamFile) -> Bulletin:
    clock = SystemClock("trust", wall_ms=lambda: OWN_MS)
    return Bulletin(edge.collector, clock, ram)


def test_a_bulletin_says_the_newest_values_devices_and_what_waits(
    edge: Edge, bulletin: Bulletin, ram: RamFile
) -> None:
    edge.live_through(60)
    edge.hear(reading(1, 60_000), hello(60_000, queued=3, dropped=2), lost(3, 2))
    edge.run(1_000)
    bulletin.tick(edge.at)
    told = ram.read()
    assert told is not None
    assert (told["at_ms"], told["clock"], told["waiting_rows"]) == (OWN_MS + 61_000, "trust", 1)
    assert told["meters"][0] | {"values": None} == {
        "source": "garage", "channel": 1, "boot": BOOT, "seq": 1, "taken_ms": OWN_MS + 60_000,
        "interval_ms": 1_000, "estimated": False, "values": None,
    }  # fmt: skip
    assert told["devices"] == [
        {"source": "garage", "boot": BOOT, "heard_ago_ms": 1_000, "last_seq": 3, "queued": 3,
         "firmware": "1.0.0", "reset_cause": "power", "dropped": 2},
    ]  # fmt: skip


def test_a_boot_that_ended_is_no_device_any_more(edge: Edge, bulletin: Bulletin, ram: RamFile) -> None:
    edge.hear(hello(9_000))
    edge.hear(hello(1_000, boot=BOOT + 1))
    bulletin.tick(edge.at)
    told = ram.read()
    assert told is not None
    assert [device["boot"] for device in told["devices"]] == [BOOT + 1]


def test_news_are_written_soon_and_nothing_new_now_and_then(
    edge: Edge, bulletin: Bulletin, ram: RamFile
) -> None:
    bulletin.tick(edge.at)
    written = []
    for step in range(1, 30):
        edge.mono_ms += 50
        if step == 2:
            edge.hear(reading(1))
        ram.remove()
        bulletin.tick(edge.at)
        if ram.read():
            written.append(edge.mono_ms)
    assert written == [EVERY_MS]
    edge.mono_ms += ALIVE_MS
    bulletin.tick(edge.at)
    assert ram.read()


def test_a_full_ram_stops_no_collector(edge: Edge, tmp_path: Path) -> None:
    gone = RamFile(tmp_path, "live", {"RUNTIME_DIRECTORY": str(tmp_path / "gone")})
    Bulletin(edge.collector, SystemClock("trust"), gone).tick(edge.at)
    assert edge.counts == {"bulletins-failed": 1}


def test_the_time_zone_is_told_once_and_again_when_it_changes(edge: Edge) -> None:
    for start_ns, zone in [
        (10**15, "Asia/Jakarta"),
        (2 * 10**15, "Asia/Jakarta"),
        (3 * 10**15, "Asia/Makassar"),
    ]:
        tell_timezone(edge.db, "rumah", zone, start_ns)
        assert edge.history().timezone() == zone
    assert edge.db.execute("SELECT source, boot FROM streams").fetchall() == [
        ("~rumah", 10**9), ("~rumah", 3 * 10**9),
    ]  # fmt: skip
