"""What a virtual device and its sensors still know after a power cut: boot number and energy counters.

One JSON file for all devices of one process; without a file nothing is kept, as with a new board each time.
"""

import json
from pathlib import Path
from random import SystemRandom

from edge.bootnumber import first_boot, next_boot


class Eeprom:
    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._boots: dict[str, int] = {}
        self._energies_wh: dict[str, list[int]] = {}
        # A boot number must not recur, so it never comes from a seed.
        self._draw = SystemRandom().randrange
        if path and path.exists():
            kept = json.loads(path.read_text())
            self._boots, self._energies_wh = kept["boots"], kept["energies_wh"]

    def start(self, device: str) -> int:
        """The number of a new start, on disk when this returns."""
        before = self._boots.get(device)
        self._boots[device] = first_boot(self._draw) if before is None else next_boot(before, self._draw)
        self._write()
        return self._boots[device]

    def energies_wh(self, device: str, channels: int) -> list[int]:
        """One counter for each channel, channel 1 first."""
        kept = self._energies_wh.get(device, [])[:channels]
        return kept + [0] * (channels - len(kept))

    def keep_energies(self, device: str, energies_wh: list[int]) -> None:
        """Writes only when a counter has moved."""
        if self._energies_wh.get(device) != energies_wh:
            self._energies_wh[device] = energies_wh
            self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.write_text(json.dumps({"boots": self._boots, "energies_wh": self._energies_wh}))
        fresh.replace(self._path)
