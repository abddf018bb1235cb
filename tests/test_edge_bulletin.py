"""What the collector tells the pages through RAM, and what the pages make of it."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from collecting import BOOT, OWN_MS, Edge, hello, lost, reading

from edge.bulletin import ALIVE_MS, EVERY_MS, Bulletin
from edge.clock import Instant, SystemClock
from edge.collect import DATABASE
from edge.ramfile import RamFile, ram_folder
from edge.settings import EdgeSettings
from edge.site import DEVICE_SILENT_MS, SYNC_OLD_MS, House
from edge.timezone import tell_timezone
from pages.condition import CloudSide, Condition
from store.clouds import Clouds

CLOUD = "https://cloud.example"


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


# The file in RAM


def test_what_is_written_is_read(ram: RamFile) -> None:
    ram.write({"a": [1, None, "x"]})
    assert ram.read() == {"a": [1, None, "x"]}


def test_nothing_was_written_since_the_start(ram: RamFile) -> None:
    assert ram.read() is None
    ram.write({"a": 1})
    ram.remove()
    ram.remove()
    assert ram.read() is None


def test_what_is_not_ours_is_nothing(ram: RamFile, tmp_path: Path) -> None:
    ram.write({"a": 1})
    [path] = (tmp_path / "run").iterdir()
    for content in (b"{", b"[1]", b"\xff"):
        path.write_bytes(content)
        assert ram.read() is None


def test_a_new_content_replaces_the_old_in_one_step_and_leaves_nothing_behind(
    ram: RamFile, tmp_path: Path
) -> None:
    ram.write({"a": 1})
    [path] = (tmp_path / "run").iterdir()
    with path.open("rb") as reader:
        ram.write({"a": 2})
        assert orjson.loads(reader.read()) == {"a": 1}
    assert ram.read() == {"a": 2}
    assert list((tmp_path / "run").iterdir()) == [path]


def test_a_link_that_somebody_left_is_not_written_through(ram: RamFile, tmp_path: Path) -> None:
    ram.write({"a": 1})
    [path] = (tmp_path / "run").iterdir()
    prey = tmp_path / "prey"
    prey.write_text("dear")
    path.unlink()
    path.symlink_to(prey)
    ram.write({"a": 2})
    assert (prey.read_text(), ram.read()) == ("dear", {"a": 2})


def test_two_data_folders_on_one_machine_have_two_files(tmp_path: Path) -> None:
    environ = {"RUNTIME_DIRECTORY": str(tmp_path)}
    one, other = RamFile(tmp_path / "a", "live", environ), RamFile(tmp_path / "b", "live", environ)
    one.write({"a": 1})
    assert other.read() is None


def test_the_folder_is_systemd_s_first_one_or_shared_memory() -> None:
    assert ram_folder({"RUNTIME_DIRECTORY": "/run/kembar:/run/other"}) == Path("/run/kembar")
    assert ram_folder({}) == Path("/dev/shm")


# The bulletin


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


# The time zone


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


# The house as the pages see it


@pytest.fixture
def home(edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    (tmp_path / "run").mkdir(exist_ok=True)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    settings = EdgeSettings.model_validate(
        {
            "edge": {"name": "rumah", "data_dir": str(tmp_path), "timezone": "Asia/Jakarta"},
            "link": [{"url": "udp://127.0.0.1:8485"}],
            "cloud": [{"url": CLOUD, "token": "t" * 40}],
        }
    )
    (tmp_path / DATABASE).symlink_to(edge.path)
    house = House(settings, lambda: OWN_MS + edge.mono_ms)
    return SimpleNamespace(house=house, live=RamFile(tmp_path, "live"), sync=RamFile(tmp_path, "sync"))


def boottime_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def tell(edge: Edge, home: SimpleNamespace, age_ms: int = 0) -> Condition:
    """The collector wrote its bulletin age_ms ago; what the pages see."""
    Bulletin(edge.collector, SystemClock("trust"), home.live).tick(
        Instant(boottime_ms() - age_ms, OWN_MS + edge.mono_ms, edge.era)
    )
    condition: Condition = home.house.condition()
    return condition


def test_without_a_collector_the_pages_say_so_and_show_the_disk(edge: Edge, home: SimpleNamespace) -> None:
    edge.live_through(60)
    edge.hear(reading(1, 60_000))
    edge.commit()
    condition = home.house.condition()
    assert [notice.kind for notice in condition.edge.notices] == ["collector-silent"]
    assert (condition.devices, condition.edge.last_ms) == ((), edge.rows()[1])
    assert home.house.live() == []


def test_a_bulletin_of_a_collector_that_is_gone_counts_as_none(edge: Edge, home: SimpleNamespace) -> None:
    assert [n.kind for n in tell(edge, home, age_ms=11_000).edge.notices] == ["collector-silent"]
    assert [n.kind for n in tell(edge, home, age_ms=-60_000).edge.notices] == ["collector-silent"]
    assert tell(edge, home).edge.notices == ()


def test_newest_values_reach_the_pages(edge: Edge, home: SimpleNamespace) -> None:
    edge.live_through(20)
    edge.hear(reading(7, 20_000), reading(1, 20_000))
    edge.mono_ms = boottime_ms()
    tell(edge, home)
    [value] = home.house.live()
    assert (value.meter.key, value.seq, value.taken_ms) == ("garage/1", 7, OWN_MS + 20_000)


def test_a_device_is_silent_after_five_seconds(edge: Edge, home: SimpleNamespace) -> None:
    edge.mono_ms = boottime_ms() - DEVICE_SILENT_MS + 1_000
    edge.hear(hello(9_000))
    assert [device.state for device in tell(edge, home).devices] == ["live"]
    edge.mono_ms = boottime_ms() - DEVICE_SILENT_MS - 1
    edge.hear(hello(9_000))
    assert [device.state for device in tell(edge, home).devices] == ["silent"]


def test_notices_trouble_with_the_disk_and_an_unknown_clock_are_shown(
    edge: Edge, home: SimpleNamespace
) -> None:
    tally = edge.collector.tally
    tally.notice("exchanged", "garage", edge.at)
    tally.writes(False, edge.at, "disk is full")
    assert [(n.kind, n.fields) for n in tell(edge, home).edge.notices] == [
        ("disk", {"about": "disk is full"}), ("exchanged", {"about": "garage"}),
    ]  # fmt: skip
    told = home.live.read()
    home.live.write(told | {"clock": "unknown"})
    assert [n.kind for n in home.house.condition().edge.notices][-1] == "clock-unknown"


def test_the_newest_record_is_a_reading_and_not_a_change_of_ours(edge: Edge, home: SimpleNamespace) -> None:
    edge.hear(*(reading(seq) for seq in range(1, 6)))
    edge.commit()
    tell_timezone(edge.db, "rumah", "Asia/Jakarta", 10**15)
    assert home.house.condition().edge.seq == 5


def cloud_side(home: SimpleNamespace) -> CloudSide:
    [side] = home.house.condition().clouds
    assert isinstance(side, CloudSide)
    return side


def test_without_a_sync_worker_a_cloud_is_off_and_its_backlog_counted_from_disk(
    edge: Edge, home: SimpleNamespace
) -> None:
    edge.hear(*(reading(seq) for seq in range(1, 6)))
    edge.commit()
    side = cloud_side(home)
    assert (side.state, side.last_ack_ms, side.backlog_rows) == ("off", None, 5)
    clouds = Clouds(edge.db)
    clouds.note(clouds.number(CLOUD), {1: 3}, 0, OWN_MS)
    side = cloud_side(home)
    assert (side.last_ack_ms, side.backlog_rows) == (OWN_MS, 2)


@pytest.mark.parametrize(("age_ms", "state"), [(SYNC_OLD_MS - 1, "catching-up"), (SYNC_OLD_MS, "off")])
def test_a_sync_worker_s_word_counts_while_it_is_fresh(
    edge: Edge, home: SimpleNamespace, age_ms: int, state: str
) -> None:
    told = {
        "url": CLOUD, "state": "catching-up", "last_ack_ms": OWN_MS, "backlog_rows": 9, "refused_rows": 1,
        "reason": None,
    }  # fmt: skip
    home.sync.write({"at_ms": OWN_MS + edge.mono_ms - age_ms, "clouds": [told]})
    assert cloud_side(home).state == state


def test_the_pulse_tells_how_old_the_newest_value_is(edge: Edge, home: SimpleNamespace) -> None:
    edge.live_through(60)
    edge.hear(reading(1, 60_000))
    edge.commit()
    pulse = home.house.pulse()
    age_s = (edge.mono_ms + OWN_MS - (edge.rows()[1] or 0)) / 1_000
    assert (pulse.ok, pulse.lag_s) == (True, age_s)


def test_without_a_database_the_pulse_fails_and_says_why(home: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / DATABASE).unlink()
    pulse = home.house.pulse()
    assert not pulse.ok
    assert "cannot be read" in (pulse.reason or "")
