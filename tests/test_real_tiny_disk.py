"""A real disk of a few MB that fills up, or lets nothing be written any more, under edge and cloud in turn.

Nothing is acknowledged meanwhile, the page says why, nobody ends, and afterwards everything is on both sides.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from eavesdrop import Eavesdropper
from outcome import judge, produced
from processes import START_S, Program, wait_until
from realhouse import RealHouse
from tinydisk import NotPermitted, TinyDisk

# In 45 s the edge learns the rate of a device's clock; both disks have their troubles meanwhile.
DEVICE = ("--rate", "50", "--seconds", "45", "--linger", "90", "--capacity", "9000")
FIRST_S, TOLD_S, MEANWHILE_RECORDS = 30.0, 30.0, 150
# The cloud asks for 30 s of patience while its disk takes nothing.
BACK_S, LIFE_S = 45.0, 150.0


class Tried(NamedTuple):
    house: RealHouse
    wire: Eavesdropper
    device: Program
    edge: TinyDisk
    cloud: TinyDisk

    def edge_says(self) -> list[str]:
        notices = self.house.ask("/health")["edge"]["notices"]
        return [str(notice["fields"]) for notice in notices if notice["kind"] == "disk"]

    def cloud_is(self) -> str:
        cloud = self.house.ask("/health")["clouds"][0]
        return f"{cloud['state']} {cloud['reason'] or ''}"

    def measured(self) -> int:
        return len(produced(self.house.folder / "garage.csv"))

    def measure_on(self) -> None:
        before = self.measured()
        wait_until(lambda: self.measured() > before + MEANWHILE_RECORDS, FIRST_S, self.device.said)

    def finish(self) -> None:
        """The device hands over what it holds; then nothing may be missing, doubled or unlike."""
        assert self.device.wait(LIFE_S) == 0, self.device.said()
        self.house.settle()
        outcome = judge(self.house.exports(), produced(self.house.folder / "garage.csv"))
        assert outcome.well, outcome
        assert outcome.arrived == outcome.produced
        for program in self.house.servers:
            assert program.runs()
            assert "Traceback" not in program.log.read_text()


@pytest.fixture
def tried(tmp_path: Path) -> Iterator[Tried]:
    """A house whose edge and cloud have a tiny disk each, and whose first records are acknowledged."""
    with ExitStack() as opened:
        try:
            edge = opened.enter_context(TinyDisk(tmp_path / "edge"))
            cloud = opened.enter_context(TinyDisk(tmp_path / "cloud"))
        except (NotPermitted, FileNotFoundError) as error:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{error}; under CI nothing is skipped", pytrace=False)
            pytest.skip(f"a disk can only be mounted as root: {error}")
        house = opened.enter_context(RealHouse(tmp_path, edge_inside=edge.inside, cloud_inside=cloud.inside))
        wire = opened.enter_context(Eavesdropper(house.lines))
        house.start(*house.servers)
        device = house.device("garage", *DEVICE, to=wire.port).start()
        wait_until(lambda: bool(wire.acknowledged), FIRST_S, house.collect.said)
        yield Tried(house, wire, device, edge, cloud)


def test_a_full_disk_takes_nothing_and_later_everything_is_there(tried: Tried) -> None:
    tried.edge.fill()
    wait_until(lambda: "full" in str(tried.edge_says()), TOLD_S, tried.house.collect.said)
    acknowledged = dict(tried.wire.acknowledged)
    tried.measure_on()
    assert tried.wire.acknowledged == acknowledged, "acknowledged although nothing could be written"
    tried.cloud.fill()
    tried.edge.free()
    wait_until(lambda: not tried.edge_says(), BACK_S, tried.house.collect.said)
    wait_until(lambda: "HTTP 503" in tried.cloud_is(), TOLD_S, tried.house.sync.said)
    assert "full" in tried.cloud_is()
    tried.cloud.free()
    wait_until(lambda: "503" not in tried.cloud_is(), BACK_S, tried.house.sync.said)
    tried.finish()


def test_a_disk_that_turns_read_only_takes_nothing_until_it_is_mounted_anew(tried: Tried) -> None:
    house = tried.house
    tried.edge.fail()
    wait_until(lambda: bool(tried.edge_says()), TOLD_S, house.collect.said)
    acknowledged = dict(tried.wire.acknowledged)
    tried.measure_on()
    assert tried.wire.acknowledged == acknowledged, "acknowledged although nothing could be written"
    for program in (house.collect, house.serve, house.sync):
        assert program.runs(), program.said()
        program.kill()
    tried.edge.unmount()
    tried.edge.mount()
    tried.edge.remount("ro")
    assert house.collect.start().wait(START_S) != 0
    assert "read-only" in house.collect.said()
    tried.edge.remount("rw")
    house.start(house.collect, house.serve, house.sync)
    tried.cloud.fail()
    wait_until(lambda: "HTTP 503" in tried.cloud_is(), TOLD_S, house.sync.said)
    house.cloud.kill()
    tried.cloud.unmount()
    tried.cloud.mount()
    house.start(house.cloud)
    tried.finish()
