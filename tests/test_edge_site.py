"""The house as the pages see it: the database, and what collector and sync worker told last."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from collecting import OWN_MS, Edge, hello, reading

from edge.bulletin import Bulletin
from edge.clock import Instant, SystemClock
from edge.collect import DATABASE
from edge.ramfile import RamFile
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


def test_the_last_corrections_of_the_clock_are_shown_newest_first(edge: Edge, home: SimpleNamespace) -> None:
    assert home.house.condition().edge.clock_steps == ()
    edge.live_through(2)
    edge.own_ms = OWN_MS - 180_000
    edge.live_through(2)
    edge.own_ms = OWN_MS
    edge.live_through(2)
    steps = home.house.condition().edge.clock_steps
    assert [step.by_ms for step in steps] == [180_000, -180_000]
    assert steps[0].at_ms == OWN_MS + 4_100
