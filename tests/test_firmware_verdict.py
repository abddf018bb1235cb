"""The verdict on a board and its edge finds what it is there to find."""

import dataclasses
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from firmwarehouse import FirmwareHouse, sketch
from firmwareverdict import wrong
from mega import W5500


@pytest.fixture
def house(tmp_path: Path, need: Callable[[str], str]) -> Iterator[FirmwareHouse]:
    with FirmwareHouse(tmp_path, sketch(need), W5500) as made:
        made.run(30)
        made.edge.stop()
        assert wrong(made) == []
        yield made


def tamper(house: FirmwareHouse, statement: str) -> None:
    with closing(sqlite3.connect(house.edge.path)) as db, db:
        assert db.execute(statement).rowcount == 1


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM readings WHERE seq = 20", "are not 1..."),
        ("UPDATE readings SET seq = 1 WHERE seq = 20", "are not 1..."),
        ("UPDATE readings SET current_ma = current_ma + 1 WHERE seq = 20", "but the sensor said"),
        ("UPDATE readings SET channel = 1 WHERE seq = 20", "is of channel 1"),
        ("UPDATE readings SET taken_ms = taken_ms + 200 WHERE seq = 20", "is dated 200 ms off"),
        ("UPDATE gaps SET cause = 'device-memory'", "is a gap device-memory"),
        ("UPDATE streams SET cursor = 30", "only 30 have arrived"),
    ],
)
def test_what_the_edge_holds_wrongly(house: FirmwareHouse, statement: str, found: str) -> None:
    tamper(house, statement)
    assert any(found in each for each in wrong(house)), wrong(house)


def test_a_lie_of_a_sensor_that_was_believed(house: FirmwareHouse) -> None:
    said = house.sensors[1].said
    said[10] = dataclasses.replace(said[10], lie=True)
    assert any("but the sensor said []" in each for each in wrong(house))


def test_a_reading_left_out_without_a_reason(house: FirmwareHouse) -> None:
    tamper(house, "DELETE FROM readings WHERE seq = 20")
    with closing(sqlite3.connect(house.edge.path)) as db, db:
        db.execute("INSERT INTO gaps (stream, from_seq, to_seq, cause) VALUES (1, 20, 20, 'sensor')")
    assert any("is a gap of the sensor, but the board said Reading" in each for each in wrong(house))


def test_a_pass_that_took_too_long_and_a_chip_that_was_misused(house: FirmwareHouse) -> None:
    house.mega.counts.worst_awake_us = 10_001
    house.mega.counts.spi_conflicts = 1
    house.seen.least_free_ram = 200
    found = " ".join(wrong(house))
    assert all(each in found for each in ("a pass of 10.0 ms", "in conflict", "only 200 bytes"))
