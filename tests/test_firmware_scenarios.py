"""The real sketch and the real collector through bad networks: nothing is lost, doubled or made up.

Each scenario runs over USB and over both Ethernet chips where that matters; firmwareverdict.py judges.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from firmwarehouse import CHIPS, LINKS, FirmwareHouse, Link, sketch
from firmwareverdict import CHANNELS, Expected, held, wrong
from mega import DEAF, HALF_DEAF, HIGH, LOW, OTHER_CHIP, STUCK, Noise

Make = Callable[[Link], FirmwareHouse]


@pytest.fixture
def house(tmp_path: Path, need: Callable[[str], str]) -> Make:
    program = sketch(need)
    return lambda link: FirmwareHouse(tmp_path, program, link)


def finish(house: FirmwareHouse, expected: Expected | None = None) -> None:
    house.settle()
    house.edge.stop()
    assert wrong(house, expected) == []


@pytest.mark.parametrize("link", LINKS)
def test_a_quiet_minute_arrives_reading_by_reading(house: Make, link: Link) -> None:
    with house(link) as made:
        made.run(60)
        finish(made)
        assert len(held(made).rows) >= (60 - 7) * CHANNELS
        assert made.mega.chip_resets <= 2, "one reset each for finding out which chip it is"


@pytest.mark.parametrize("link", CHIPS)
def test_a_third_of_the_datagrams_may_be_lost_and_a_fifth_doubled(house: Make, link: Link) -> None:
    with house(link) as made:
        made.run(10)
        made.mega.weather(lost=0.3, doubled=0.2)
        made.run(170)
        made.mega.weather()
        made.run(30)
        finish(made)
        assert made.mega.counts.datagrams_lost > 100


def test_a_noisy_usb_line_costs_lines_and_no_reading(house: Make) -> None:
    with house("usb") as made:
        made.run(10)
        made.mega.noise(0, Noise(flips_in=1e-4, flips_out=1e-4, lost_in=1e-4, lost_out=1e-4))
        made.run(110)
        made.mega.noise(0, Noise())
        made.run(60)
        assert made.seen.garbled
        finish(made, Expected(garbled=True))


@pytest.mark.parametrize("link", CHIPS)
def test_a_cable_that_is_out_for_a_minute_costs_nothing(house: Make, link: Link) -> None:
    with house(link) as made:
        made.run(20)
        made.mega.cable(False)
        made.run(60)
        made.mega.cable(True)
        made.run(15)
        finish(made)


@pytest.mark.parametrize(
    ("link", "host_too"),
    [("usb", False), *((chip, host_too) for chip in CHIPS for host_too in (False, True))],
)
def test_an_edge_that_is_gone_for_a_minute_gets_everything(house: Make, link: Link, host_too: bool) -> None:
    with house(link) as made:
        made.run(20)
        made.edge_gone(60, host_too)
        made.run(15)
        finish(made)


@pytest.mark.parametrize("link", LINKS)
def test_what_no_longer_fits_is_named_exactly(house: Make, link: Link) -> None:
    with house(link) as made:
        made.run(20)
        made.edge_gone(200)
        made.run(30)
        finish(made, Expected(lossy=True))
        gaps = [gap for _, gap in held(made).gaps if gap.cause == "device-memory"]
        dropped = sum(made.seen.dropped.values())
        capacity = max(hello.capacity for hello in made.seen.hellos.values())
        # What is dropped after it was sent, and before that was acknowledged, is on the edge all the same.
        assert 0 <= dropped - sum(gap.records for gap in gaps) <= CHANNELS
        assert 200 * CHANNELS - capacity <= dropped < 215 * CHANNELS - capacity


TROUBLES = {"high": HIGH, "low": LOW, "stuck": STUCK, "deaf": DEAF, "half-deaf": HALF_DEAF}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
@pytest.mark.parametrize("link", CHIPS)
def test_a_chip_in_trouble_is_reset_and_costs_nothing(house: Make, link: Link, trouble: int) -> None:
    with house(link) as made:
        made.run(20)
        resets = made.mega.chip_resets
        made.mega.chip_trouble(trouble)
        made.run(40)
        if trouble in (HIGH, LOW):
            made.mega.chip_trouble(0)
        made.run(50 if trouble in (DEAF, HALF_DEAF) else 20)
        finish(made)
        assert made.mega.chip_resets > resets
        assert max(hello.link_resets for hello in made.seen.hellos.values()) > 0


@pytest.mark.parametrize("link", CHIPS)
def test_an_edge_that_gets_another_mac_address_is_found_without_a_reset(house: Make, link: Link) -> None:
    with house(link) as made:
        made.run(20)
        resets = made.mega.chip_resets
        made.mega.other_macs()
        made.run(30)
        finish(made)
        assert made.mega.chip_resets == resets


@pytest.mark.parametrize("link", CHIPS)
def test_a_chip_that_forgets_its_settings_is_told_them_again(house: Make, link: Link) -> None:
    with house(link) as made:
        made.run(20)
        made.mega.chip_forgets()
        made.run(15)
        finish(made)


def test_with_another_chip_in_its_place_lines_go_over_usb(tmp_path: Path, need: Callable[[str], str]) -> None:
    with FirmwareHouse(tmp_path, sketch(need), "usb", chip=OTHER_CHIP) as made:
        made.run(30)
        finish(made)
