"""The real sketch and modelled sensors: every value that is believed is the one that the sensor said.

Real recordings are replayed; firmwareverdict.py judges.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from firmwarehouse import LINKS, FirmwareHouse, Link, sketch
from firmwareverdict import CHANNELS, Expected, held, wrong
from mega import W5500, Noise

from edge.line import NoReading

HOUR_S = 3600
SETTLING_S = 7


@pytest.fixture
def program(need: Callable[[str], str]) -> Path:
    return sketch(need)


def finish(house: FirmwareHouse, expected: Expected | None = None) -> None:
    house.settle()
    house.edge.stop()
    assert wrong(house, expected) == []


def causes(house: FirmwareHouse, channel: int) -> list[str]:
    """Of the records without a reading, in order."""
    records = sorted(house.seen.records.items())
    return [r.cause for _, r in records if isinstance(r, NoReading) and r.channel == channel]


def test_an_hour_of_recorded_readings_comes_out_equal(program: Path, tmp_path: Path) -> None:
    with FirmwareHouse(tmp_path, program, W5500, ppm=-3000) as house:
        house.run(HOUR_S)
        finish(house)
        rows = held(house).rows
        truth = [sensor.said for sensor in house.sensors]
        settled = sum(len([said for said in each if said.at_us < HOUR_S * 1_000_000]) - 5 for each in truth)
        assert len(rows) >= settled >= CHANNELS * (HOUR_S * 0.997 - SETTLING_S)
        assert len({values for _, _, values in rows.values()}) > 1000, "nothing but the same reading"
        assert set(causes(house, 1)) == {"settling"}


@pytest.mark.parametrize("link", LINKS)
def test_no_wrong_value_comes_over_a_noisy_sensor_line(program: Path, tmp_path: Path, link: Link) -> None:
    with FirmwareHouse(tmp_path, program, link, seed=5) as house:
        house.mega.noise(2, Noise(flips_in=1e-3, flips_out=1e-3))
        house.mega.noise(3, Noise(flips_in=1e-2, lost_in=5e-3, lost_out=5e-3))
        house.run(120)
        finish(house, Expected(noisy=frozenset({2, 3})))
        assert set(causes(house, 1)) == {"settling"}
        assert "crc" in causes(house, 3)
        assert sum(house.mega.counts.flipped[2:4]) > 300


@pytest.mark.parametrize("link", LINKS)
def test_a_sensor_that_was_silent_is_believed_only_after_it_has_settled(
    program: Path, tmp_path: Path, link: Link
) -> None:
    with FirmwareHouse(tmp_path, program, link, seed=6) as house:
        house.run(15.4)
        house.sensor_mains(2, False)
        house.run(10)
        house.sensor_mains(2, True)
        house.run(15)
        house.sensor_mains(2, False)
        house.sensor_mains(3, False)
        house.run(1.2)
        house.sensor_mains(2, True)
        house.run(20)
        finish(house)
        lies = [said for said in house.sensors[1].said if said.lie]
        assert len(lies) >= 7, "the sensor has lied both times"
        assert set(causes(house, 2)) == {"settling", "timeout"}
        assert causes(house, 3)[-10:] == ["timeout"] * 10
        counts = [r.count for _, r in sorted(house.seen.records.items()) if isinstance(r, NoReading)]
        assert max(counts) > 20, "the count of records without a reading goes on"


def test_a_late_reply_is_nobodys_reply(program: Path, tmp_path: Path) -> None:
    with FirmwareHouse(tmp_path, program, "usb", seed=7) as house:
        house.run(10)
        house.sensors[0].latency_us = 90_000  # its last byte comes after the sketch has asked again
        house.run(20)
        house.sensors[0].latency_us = 8_000
        house.run(20)
        finish(house, Expected(noisy=frozenset({1})))
