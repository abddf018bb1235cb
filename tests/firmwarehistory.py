"""A random history of one house from a seed: what happens to board, sensors, network and edge, and the verdict on it.

Faults come one after another and overlap where they last. After the last one it is calm for longer than a device's
longest pause, so that everything can arrive.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from firmwarehouse import LINKS, FirmwareHouse
from firmwareverdict import Expected, wrong
from mega import BOOT_LOADER, HIGH, LOW, STUCK, Noise

BAD_S = 260.0
CALM_S = 75.0
# Between two faults; what lasts, lasts for at most MOST_S, and then everything works again.
BETWEEN_S, MOST_S = 25.0, 60.0
# A poll a second, and its second try 0.1 s later.
NOTICED_S = 1.5
# A resonator is that far off.
PPM = (-4000, 0, 4000)


@dataclass
class History:
    house: FirmwareHouse
    random: Random
    log: list[tuple[float, str]] = field(default_factory=list)
    noisy: set[int] = field(default_factory=set)

    def run(self) -> None:
        faults = self._faults()
        end_us = self.house.mega.now_us + BAD_S * 1e6
        while self.house.mega.now_us < end_us:
            self.house.run(self.random.uniform(0, BETWEEN_S))
            fault = self.random.choice(faults)
            self.log.append((self.house.mega.now_us / 1e6, fault.__name__))
            fault()
        self.house.run(CALM_S)

    def _faults(self) -> list[Callable[[], None]]:
        everywhere = [
            self.reset, self.reset, self.hang, self.short_cut, self.long_cut, self.torn_write, self.edge_gone,
            self.edge_gone, self.sensor_mains, self.sensor_noise,
        ]  # fmt: skip
        ethernet = [self.cable_out, self.bad_weather, self.chip_in_trouble, self.chip_forgets]
        return everywhere if self.house.link == "usb" else everywhere + ethernet

    def _lasting(self) -> None:
        self.house.run(self.random.uniform(1, MOST_S))

    def reset(self) -> None:
        self.house.mega.reset_pin(chip_too=self.random.random() < 0.5)

    def hang(self) -> None:
        self.house.hang()
        self.house.run(2.5)

    def short_cut(self) -> None:
        self.house.power_cycle(0.05, 10 ** self.random.uniform(-5, -0.3))

    def long_cut(self) -> None:
        self.house.power_cycle(self.random.uniform(0.5, 5))

    def torn_write(self) -> None:
        self.house.mega.eeprom_cut(self.random.randrange(1, 7))
        self.house.mega.reset_pin()
        self.house.run(1)
        if not self.house.mega.powered:
            self.house.lost_power()
            self.house.run(self.random.uniform(0, 2))
            self.house.power_on(self.random.choice((1.0, 0.3, 0.001)))
        self.house.mega.eeprom_cut(0)

    def edge_gone(self) -> None:
        self.house.edge_gone(self.random.uniform(1, MOST_S), self.random.random() < 0.5)

    def sensor_mains(self) -> None:
        channel = self.random.choice((1, 2, 3))
        self.house.sensor_mains(channel, not self.house.sensors[channel - 1].on)
        # Whoever is away between two polls only is never missed, and so is believed at once.
        self.house.run(NOTICED_S)

    def sensor_noise(self) -> None:
        channel = self.random.choice((1, 2, 3))
        self.noisy.add(channel)
        self.house.mega.noise(channel, Noise(1e-3, 1e-3, 1e-3, 1e-3))

    def cable_out(self) -> None:
        self.house.mega.cable(False)
        self._lasting()
        self.house.mega.cable(True)

    def bad_weather(self) -> None:
        self.house.mega.weather(lost=0.3, doubled=0.2)
        self._lasting()
        self.house.mega.weather()

    def chip_in_trouble(self) -> None:
        trouble = self.random.choice((HIGH, LOW, STUCK))
        self.house.mega.chip_trouble(trouble)
        self.house.run(self.random.uniform(1, MOST_S / 2))
        if trouble != STUCK:
            self.house.mega.chip_trouble(0)

    def chip_forgets(self) -> None:
        self.house.mega.chip_forgets()


def try_seed(folder: Path, program: Path, seed: int) -> list[str]:
    """What is wrong with this seed's history; [] when all is right."""
    random = Random(seed)
    boot_loader = BOOT_LOADER if random.random() < 0.2 else None
    link, ppm = random.choice(LINKS), random.choice(PPM)
    folder.mkdir()
    with FirmwareHouse(folder, program, link, seed, boot_loader=boot_loader, ppm=ppm) as house:
        history = History(house, random)
        history.run()
        house.settle()
        house.edge.stop()
        # Outages follow each other so closely that the ring may run over, and some take the power.
        found = wrong(house, Expected(frozenset(history.noisy), power=True, lossy=True))
    return [f"seed {seed} over {link}", *found[:5], f"history {history.log}"] if found else []
