"""A disk that takes no more: nothing is acknowledged meanwhile, the page says why, and later everything arrives.

The collector is started under a limit on the size of its files (SIGXFSZ ignored, as Python does), so that its
writes to the database's log really fail while those of all other processes go on.
"""

from pathlib import Path

from eavesdrop import Eavesdropper
from outcome import judge, produced
from processes import wait_until
from realhouse import RealHouse

# In blocks of 1024 bytes: enough for the schema and the first records, not for half a minute of them.
LIMIT_KIB = 160
RECORDS_PER_S, SECONDS = "50", "70"
FULL_S, STAYS_FULL_RECORDS = 60.0, 300
LIFE_S = 180.0


def disk_notices(house: RealHouse) -> list[str]:
    notices = house.ask("/health")["edge"]["notices"]
    return [str(notice["fields"]) for notice in notices if notice["kind"] == "disk"]


def listed(folder: Path) -> int:
    return len(produced(folder / "garage.csv"))


def test_nothing_is_acknowledged_while_the_disk_is_full_and_later_all_of_it_is_there(tmp_path: Path) -> None:
    with RealHouse(tmp_path) as house, Eavesdropper(house.lines) as wire:
        limit = f'ulimit -f {LIMIT_KIB}; exec "$@"'
        small = house.program("small", ["bash", "-c", limit, "small", *house.collect.argv])
        small.start().wait_for("collecting from")
        house.start(house.serve, house.sync, house.cloud)
        device = house.device(
            "garage", "--rate", RECORDS_PER_S, "--seconds", SECONDS, "--linger", "90", "--capacity", "9000",
            to=wire.port,
        ).start()  # fmt: skip
        wait_until(lambda: bool(disk_notices(house)), FULL_S, small.said)
        acknowledged, before = dict(wire.acknowledged), listed(tmp_path)
        assert acknowledged, "the disk was full from the beginning, so nothing was shown"
        wait_until(lambda: listed(tmp_path) > before + STAYS_FULL_RECORDS, FULL_S, small.said)
        assert wire.acknowledged == acknowledged, "acknowledged although nothing could be written"
        assert small.runs(), small.said()
        assert "Traceback" not in small.said()
        small.stop()
        assert wire.acknowledged == acknowledged
        house.start(house.collect)
        wait_until(lambda: not disk_notices(house), FULL_S, house.collect.said)
        assert device.wait(LIFE_S) == 0, device.said()
        house.settle()
        outcome = judge(house.exports(), produced(tmp_path / "garage.csv"))
        assert outcome.well, outcome
        assert outcome.arrived == outcome.produced
