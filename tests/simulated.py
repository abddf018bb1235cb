"""One house in one process: device, bad network, edge, cloud, driven by a seed in simulated time.

Everything but time, chance, network, disks and power is the real thing: the virtual device, the collector on a real
SQLite file, replay and ingest on others. The truth is written down beside it; tests/verdict.py compares.
"""

from pathlib import Path
from random import Random

from simulated_device import DeviceSide, Truth
from simulated_edge import EdgeSide, copy_card, erase_card
from weather import STEP_MS, PowerCut, Spell, Weather, Wire

START_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


class House:
    """Runs the device and the edge; subclasses add the cloud."""

    def __init__(self, folder: Path, seed: int, weather: Weather, capacity: int = 900) -> None:
        self.folder, self.weather, self.random = folder, weather, Random(seed)
        self.now = float(START_MS)
        self.truth = Truth()
        self.up, self.down = Wire(self.random, weather), Wire(self.random, weather)
        self.device = DeviceSide(self.random, self.truth, capacity)
        path = folder / "edge" / "kembar.sqlite"
        self.edge = EdgeSide(path, self.random, lambda data: self.down.send(data, self.now), lambda: self.now)
        self.edge.start(self.now, self.now)
        self.image_at: float | None = None
        self.restored = self.forgets = False
        self.clock_wrong = Spell()
        self.log: list[tuple[float, str]] = []

    def run(self, ms: float, calm: bool = False) -> None:
        self.up.calm = self.down.calm = calm
        self.edge.cut_chance = 0.0 if calm else self.weather.cut_at_commit
        end = self.now + ms
        while self.now < end:
            self.now += STEP_MS
            if not calm:
                self._fate()
            self._step(calm)

    def settle(self) -> None:
        """Calm weather until everything has arrived."""
        self.edge.known_from = min(self.edge.known_from, self.now)
        self.edge.step_clock(self.now, 0)
        self.edge.refusing.until = 0
        self.run(240_000, calm=True)
        self.device.measures = False
        self.run(300_000, calm=True)

    def note(self, what: str) -> None:
        self.log.append(((self.now - START_MS) / 1000, what))

    def _step(self, calm: bool) -> None:
        for datagram in self.device.run(self.now, self.weather, calm):
            self.up.send(datagram, self.now)
        try:
            self._edge_step(calm)
        except PowerCut as cut:
            self.note(f"edge loses power at {cut}")
            self._edge_down(self.random.uniform(1_000, 30_000))
        for _at, data in self.down.arrived(self.now):
            if self.now >= self.device.off_until:
                self.device.hear(data)

    def _edge_step(self, calm: bool) -> None:
        arrived = self.up.arrived(self.now)
        if self.edge.collector is None:
            if self.now < self.edge.off_until:
                return
            if self.forgets:
                # The last answers of the old life have arrived by now.
                self.forgets = False
                self._forget()
            unknown = not calm and self.random.random() < self.weather.clock_unknown
            self.edge.start(self.now, self.now + (self.random.uniform(30_000, 600_000) if unknown else 0))
        for at, data in arrived:
            self.edge.hear(data, at)
        assert self.edge.collector
        self.edge.collector.tick(self.edge.instant(self.now))

    def _forget(self) -> None:
        held = self.device.held()
        self.truth.forgotten |= {key for key in self.truth.readings if key not in held}

    def _edge_down(self, ms: float) -> None:
        self.edge.stop(self.now)
        self.edge.off_until = self.now + ms

    def _fate(self) -> None:
        w, r = self.weather, self.random
        if self.edge.collector and r.random() < w.edge_off:
            self.note("edge off")
            self._edge_down(r.uniform(5_000, 200_000))
        if self.edge.collector and r.random() < w.card_swapped:
            self._swap_card()
        if self.edge.collector and r.random() < w.card_emptied:
            self.note("card exchanged for an empty one")
            self._edge_down(r.uniform(5_000, 30_000))
            self.restored = self.forgets = True
            erase_card(self.edge.path)
        if r.random() < w.edge_disk_fails:
            self.note("disk of the edge refuses")
            self.edge.refusing.begin(self.now, r.uniform(1_000, 60_000))
        self._fate_of_clock()
        if self.now < self.device.off_until:
            return
        if r.random() < w.device_reboot:
            self.note("device reboots")
            self.device.reboot()
        elif r.random() < w.device_power_off:
            self.note("device loses power")
            self.device.power_off(self.now, exchanged=False)
        elif r.random() < w.board_exchanged:
            self.note("board exchanged")
            self.device.power_off(self.now, exchanged=True)

    def _fate_of_clock(self) -> None:
        if self.random.random() < self.weather.clock_stepped:
            off_ms = self.random.choice([-1, 1]) * self.random.choice([5_000, 60_000, 3 * HOUR_MS])
            self.note(f"own clock steps by {off_ms} ms")
            self.clock_wrong.begin(self.now, self.random.uniform(10_000, 300_000))
            self.edge.step_clock(self.now, off_ms * self.random.random())
        elif self.edge.clock_off_ms and not self.clock_wrong.holds(self.now):
            self.note("own clock set right")
            self.edge.step_clock(self.now, 0)

    def _swap_card(self) -> None:
        """The first time the card is copied; the second time that copy is put in its place."""
        self._edge_down(self.random.uniform(5_000, 30_000))
        copy = self.folder / "image" / self.edge.path.name
        if self.image_at is None:
            self.note("card copied")
            self.image_at = self.now
            copy_card(self.edge.path, copy)
        elif not self.restored:
            self.note("card image restored")
            self.restored = True
            self.forgets = True
            copy_card(copy, self.edge.path)
