"""The collector over a serial port, killed in the middle: everything that was measured arrives."""

from pathlib import Path

from outcome import judge, produced
from processes import START_S, Program, command, wait_until
from realhouse import RealHouse

# Longer than the 45 s that the edge needs to learn the rate of a device's clock after the last kill.
SECONDS = "52"
LIFE_S = 150.0
KILLS = 2
FLOWS_S = 30.0
OPTIONS = ("--pty", "--device", "garage", "--rate", "20", "--seconds", SECONDS, "--linger", "80")
FAULTS = ("--corrupt", "0.02", "--produced", "garage.csv", "--state", "garage.eeprom")


def start_device(folder: Path) -> tuple[Program, str]:
    """A virtual Arduino and the serial port that it hangs on."""
    device = Program("garage", command("kembar-edge", "simulate", *OPTIONS, *FAULTS), folder).start()
    return device, device.wait_for("garage /dev/", START_S).split("garage ", 1)[1].split()[0]


def newest(house: RealHouse) -> int:
    return max((meter["seq"] for meter in house.ask("/latest")["meters"]), default=0)


def wait_for_more(house: RealHouse) -> None:
    before = newest(house)
    wait_until(lambda: newest(house) > before, FLOWS_S, house.collect.said)


def test_over_a_serial_port_a_killed_collector_loses_nothing(tmp_path: Path) -> None:
    device, port = start_device(tmp_path)
    with device, RealHouse(tmp_path, link=port) as house:
        house.start(*house.servers)
        for _ in range(KILLS):
            wait_for_more(house)
            house.collect.kill()
            house.start(house.collect)
        assert device.wait(LIFE_S) == 0, device.said()
        house.settle()
        outcome = judge(house.exports(), produced(tmp_path / "garage.csv"))
        assert outcome.well, outcome
        assert outcome.arrived == outcome.produced > 500
