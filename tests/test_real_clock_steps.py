"""The edge's wall clock steps while real processes run: nothing is blocked, lost, reordered or dated twice.

One day in the life of a bad clock, for one device: a leap second at New Year, the day on which summer time begins,
a day back and forth, and three years ahead, which no cloud takes.
"""

import csv
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from eavesdrop import Eavesdropper
from outcome import produced
from processes import Program, wait_until
from realhouse import RealHouse
from wallclock import NoLibrary, WallClock

# 500 waiting records are a commit: one every 2.5 s, and all of them are near enough to a hello to be dated at once.
DEVICE = ("--rate", "200", "--capacity", "9000")
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
# In Berlin the clock goes from 2 to 3 at 1:00 UTC.
SUMMER_TIME = datetime(2027, 3, 28, 1, tzinfo=UTC)
BEFORE_NEW_YEAR = timedelta(seconds=25)
DAY_S, YEARS_S = 86_400.0, 3 * 365 * 86_400.0
# Three years ahead all rows are older than what is usually kept, and once a minute an hour that the cloud has would go.
KEEP_DAYS = 4 * 366
DATED_S, FLOWS_S = 90.0, 40.0
LOOK_S = 1.0
# A commit is a few seconds away, the rows of a stream are dated one after another.
LATE_MS = 15_000

Dates = dict[int, int]


class Stepping:
    """A house whose edge has one wall clock and whose cloud another; `kept` is all that was ever dated."""

    def __init__(
        self, house: RealHouse, wire: Eavesdropper, device: Program, edge: WallClock, cloud: WallClock
    ):
        self.house, self.wire, self.device, self.edge, self.cloud = house, wire, device, edge, cloud
        self.kept: Dates = {}

    def dates(self, cloud: bool = False) -> Dates:
        rows = list(csv.DictReader(self.house.export(cloud).splitlines()))
        seqs = [int(row["seq"]) for row in rows]
        assert len(seqs) == len(set(seqs)), "a reading is there twice"
        return {int(row["seq"]): int(row["taken_ms"]) for row in rows if row["taken_ms"]}

    def head(self) -> int:
        return max(self.wire.acknowledged.values(), default=0)

    def measured(self) -> int:
        return max(seq for _source, _boot, seq in produced(self.house.folder / "garage.csv"))

    def look(self) -> Dates:
        """What is dated now; nothing that was dated before has another date."""
        dates = self.dates()
        again = {seq: (date, dates.get(seq)) for seq, date in self.kept.items() if dates.get(seq) != date}
        assert not again, f"dated twice: {list(again.items())[:5]}"
        self.kept = dates
        return dates

    def flows(self) -> None:
        """What is measured from now on is acknowledged."""
        beyond = self.measured() + 1
        wait_until(lambda: self.head() > beyond, FLOWS_S, self.house.collect.said)
        self.look()

    def dated_by(self, clock: WallClock) -> None:
        """What is measured from now on is dated as this clock shows."""
        from_ms = clock.now_ms()
        beyond = self.measured()

        def dated() -> list[int]:
            return [date for seq, date in self.look().items() if seq > beyond]

        wait_until(lambda: bool(dated()), FLOWS_S, self.house.collect.said, every_s=LOOK_S)
        assert from_ms - LATE_MS < min(dated()) <= max(dated()) <= clock.now_ms()


@pytest.fixture
def stepping(tmp_path: Path) -> Iterator[Stepping]:
    try:
        edge, cloud = WallClock(tmp_path / "edge.clock"), WallClock(tmp_path / "cloud.clock")
    except NoLibrary as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{error}; under CI nothing is skipped", pytrace=False)
        pytest.skip(str(error))
    for clock in (edge, cloud):
        clock.show(NEW_YEAR - BEFORE_NEW_YEAR)
    house = RealHouse(tmp_path, edge_inside=edge.inside, cloud_inside=cloud.inside)
    settings = tmp_path / "edge.toml"
    settings.write_text(settings.read_text().replace("[edge]\n", f"[edge]\nkeep_days = {KEEP_DAYS}\n"))
    with house, Eavesdropper(house.lines) as wire:
        house.start(*house.servers)
        device = house.device("garage", *DEVICE, to=wire.port).start()
        yield Stepping(house, wire, device, edge, cloud)


def test_steps_of_the_clock_block_lose_reorder_and_redate_nothing(stepping: Stepping) -> None:
    house, edge, cloud = stepping.house, stepping.edge, stepping.cloud
    wait_until(lambda: bool(stepping.look()), DATED_S, house.collect.said, every_s=LOOK_S)
    wait_until(lambda: edge.now_ms() >= NEW_YEAR.timestamp() * 1000, DATED_S, str)
    edge.go(-1.0)
    stepping.flows()
    edge.show(SUMMER_TIME - timedelta(seconds=3))
    cloud.show(SUMMER_TIME - timedelta(seconds=3))
    stepping.dated_by(edge)
    edge.go(-DAY_S)
    stepping.flows()
    edge.go(DAY_S)
    stepping.dated_by(edge)
    edge.go(YEARS_S)
    stepping.dated_by(edge)
    edge.go(-YEARS_S)
    stepping.dated_by(edge)
    # It may be waiting for somebody to set one of the two clocks.
    house.sync.stop()
    house.start(house.sync)
    assert stepping.device.stop() == 0
    house.settle()
    finish(stepping)


def finish(stepping: Stepping) -> None:
    """All that was acknowledged is there; the newest were in the device's RAM alone when it was switched off."""
    dates = stepping.look()
    assert set(range(1, stepping.head() + 1)) <= dates.keys() <= set(range(1, stepping.measured() + 1))
    tomorrow_ms = stepping.edge.now_ms() + DAY_S * 1000
    possible = {seq: date for seq, date in sorted(dates.items()) if date <= tomorrow_ms}
    assert all(one < other for one, other in pairwise(possible.values())), "time does not grow along the boot"
    assert stepping.dates(cloud=True) == possible
    for program in stepping.house.servers:
        assert "Traceback" not in program.log.read_text()
