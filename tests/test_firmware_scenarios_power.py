"""The real sketch through resets, power cuts, torn EEPROM writes, hangs and the boot loader.

Only power takes records, and never one that the edge was told it has; firmwareverdict.py judges.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from firmwarehouse import CHIPS, LINKS, FirmwareHouse, Link, sketch
from firmwareverdict import Expected, boots, held, wrong
from mega import BOOT_LOADER, W5500

WATCHDOG_S = 2.2
MONITOR = b"!!!"


@pytest.fixture
def program(need: Callable[[str], str]) -> Path:
    return sketch(need)


def finish(house: FirmwareHouse, expected: Expected | None = None) -> None:
    house.settle()
    house.edge.stop()
    assert wrong(house, expected) == []


def causes(house: FirmwareHouse) -> list[str]:
    """Why each boot began, in order."""
    return [house.seen.hellos[span.boot].reset_cause for span in boots(house)]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("seed", [1, 2])
def test_resets_at_any_moment_cost_nothing(program: Path, tmp_path: Path, link: Link, seed: int) -> None:
    with FirmwareHouse(tmp_path, program, link, seed) as house:
        for _ in range(10):
            house.run(house.random.uniform(0, 12))
            if house.random.random() < 0.3:
                house.hang()
                house.run(WATCHDOG_S)
            else:
                house.mega.reset_pin(chip_too=house.random.random() < 0.5)
        house.run(15)
        finish(house)
        assert len(held(house).streams) >= 5


@pytest.mark.parametrize("link", LINKS)
def test_resets_while_the_edge_is_gone_cost_nothing(program: Path, tmp_path: Path, link: Link) -> None:
    with FirmwareHouse(tmp_path, program, link, seed=8) as house:
        house.run(15)
        house.edge.stop()
        for _ in range(2):  # four earlier starts can be kept, with the hang and the opened port
            house.run(house.random.uniform(3, 15))
            house.mega.reset_pin(chip_too=house.random.random() < 0.5)
        house.run(10)
        house.hang()
        house.run(10)
        house.edge.start()
        house.run(20)
        finish(house)
        assert len(held(house).streams) >= 4


@pytest.mark.parametrize("link", CHIPS)
def test_a_start_of_which_the_edge_has_nothing_yet_waits_for_it_too(
    program: Path, tmp_path: Path, link: Link
) -> None:
    with FirmwareHouse(tmp_path, program, link) as house:
        house.run(20)
        house.mega.reset_pin()
        house.run(3)
        house.edge_gone(60)
        house.run(15)
        finish(house)


@pytest.mark.parametrize("link", LINKS)
def test_a_hang_is_ended_by_the_watchdog_and_named(program: Path, tmp_path: Path, link: Link) -> None:
    with FirmwareHouse(tmp_path, program, link) as house:
        house.run(20)
        house.hang()
        house.run(20)
        finish(house)
        assert house.mega.counts.watchdog_resets == 1
        assert causes(house)[-1] == "watchdog"


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_power_cuts_take_only_what_the_edge_had_not_got(
    program: Path, tmp_path: Path, link: Link, seed: int
) -> None:
    with FirmwareHouse(tmp_path, program, link, seed) as house:
        for _ in range(8):
            house.run(house.random.uniform(0, 20))
            if house.random.random() < 0.5:
                # A short dip: most bits are still there.
                house.power_cycle(0.05, 10 ** house.random.uniform(-5, -0.3))
            else:
                house.power_cycle(house.random.uniform(0.5, 5))
        house.run(15)
        finish(house, Expected(power=True))
        assert set(causes(house)) == {"power"}


@pytest.mark.parametrize("seed", range(4))
def test_power_lost_in_an_eeprom_write_leaves_a_board_that_goes_on(
    program: Path, tmp_path: Path, seed: int
) -> None:
    with FirmwareHouse(tmp_path, program, W5500, seed) as house:
        house.run(10)
        for _ in range(8):
            # Of the block with the boot number, which each start writes.
            house.mega.eeprom_cut(house.random.randrange(1, 7))
            house.power_cycle(0.5)
            house.run(5)
            if not house.mega.powered:
                house.lost_power()
                house.power_on()
            house.run(house.random.uniform(0, 15))
        house.mega.eeprom_cut(0)
        house.run(15)
        finish(house, Expected(power=True))
        assert house.mega.counts.eeprom_torn >= 4
        upper_halves = {span.boot >> 16 for span in boots(house)}
        assert len(upper_halves) == 1, "the copy that was whole has been lost"


@pytest.mark.parametrize("link", ["usb", W5500])
def test_the_boot_loader_hides_the_cause_and_takes_no_record(
    program: Path, tmp_path: Path, link: Link
) -> None:
    with FirmwareHouse(tmp_path, program, link, boot_loader=BOOT_LOADER) as house:
        house.run(15)
        house.mega.reset_pin()
        house.run(15)
        house.hang()
        house.run(15)
        house.power_cycle(3.0)
        house.run(15)
        finish(house, Expected(power=True))
        assert causes(house)[-3:] == ["reset", "watchdog", "power"]


def test_the_edge_says_nothing_that_the_boot_loader_takes_for_its_own(program: Path, tmp_path: Path) -> None:
    with FirmwareHouse(tmp_path, program, "usb", boot_loader=BOOT_LOADER) as house:
        for _ in range(3):
            house.run(20)
            house.edge_gone(3)
        house.run(15)
        finish(house)


def test_three_exclamation_marks_would_stop_the_board(program: Path, tmp_path: Path) -> None:
    """Why no line may hold them: this is what the boot loader makes of it."""
    with FirmwareHouse(tmp_path, program, W5500, boot_loader=BOOT_LOADER) as house:
        house.run(10)
        house.mega.reset_pin()
        house.mega.say(0, MONITOR, house.mega.now_us + 300_000)
        house.run(20)
        house.edge.stop()
        assert len(house.seen.started_us) == 1


def test_a_start_wears_no_cell_of_the_eeprom_more_than_once(program: Path, tmp_path: Path) -> None:
    with FirmwareHouse(tmp_path, program, W5500) as house:
        house.run(10)
        before = house.mega.eeprom_wear()
        for _ in range(10):
            house.mega.reset_pin()
            house.run(2)
        house.edge.stop()
        worn = [now - then for now, then in zip(house.mega.eeprom_wear(), before, strict=True)]
        assert max(worn) == 10
        assert sum(worn) <= 10 * 9
