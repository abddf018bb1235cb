"""The sync worker of a simulated house for one cloud, and the house with its hosted twins.

What goes wrong around it: the cloud's address changes, a second cloud is added, a copy of the card sends as well.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

from directcloud import DirectCloud
from simulated import House
from simulated_cloud import SITE, CloudSide, TokenUnknown
from simulated_device import Key
from simulated_edge import copy_card
from weather import Spell, Weather

from edge.comparison import Comparison
from store.backlog import Backlog
from store.clouds import Clouds
from store.database import Database
from store.sqlite import Disk, open_database
from sync.failure import Unreachable
from sync.replay import Replay, Step

# Batches in one step of 250 ms: a backlog is caught up quickly, and no loop is endless.
MOST_BATCHES = 20
# Account, fetch, send what was fetched to the next cloud.
COMPARED_TIMES = 3
# The collector takes all parcels of such a house in this time.
PARCELS_MS = 20_000


class SyncSide:
    """Replays one edge's database to one cloud; begins anew after an error of the disk, as the worker does."""

    def __init__(self, path: Path, cloud: CloudSide, url: str, disk: Disk | None = None) -> None:
        self.path, self.cloud, self.url, self.disk = path, cloud, url, disk
        self.random = cloud.random
        self._db: Database | None = None
        self._replay: Replay | None = None
        self._resting = Spell()

    def step(self, now: float, calm: bool) -> None:
        if self._resting.holds(now) and not calm:
            return
        try:
            self._steps(now)
        except (Unreachable, TokenUnknown):
            self._resting.begin(now, self.random.uniform(500, 5_000))
        except sqlite3.OperationalError:
            self.close()
            self._resting.begin(now, self.random.uniform(1_000, 30_000))

    def compare(self, now: float, first: bool) -> None:
        """Account for what the cloud has beyond this card, and compare everything, as the worker does in its rounds."""
        with closing(open_database(self.path, "edge")) as db:
            asked = DirectCloud(self.cloud.opened, SITE)
            comparison = Comparison(db, self.url, asked, lambda: int(now), first)
            accounts = comparison.accounts()
            accounts.settle()
            spans = [span for span in (accounts.span_ms, comparison.streams.span_ms()) if span]
            begin_ms, end_ms = min(span[0] for span in spans), max(span[1] for span in spans)
            for _stretch in comparison.verify.hours(begin_ms, end_ms + 1):
                pass

    def close(self) -> None:
        if self._db:
            self._db.close()
        self._db = self._replay = None

    def _steps(self, now: float) -> None:
        self._now = now
        if self._db is None:
            self._db = open_database(self.path, "edge", self.disk)
        if self._replay is None:
            clouds = Clouds(self._db)
            self._replay = Replay(
                Backlog(self._db, clouds.number(self.url)), clouds, self.url, self.cloud,
                lambda: int(self._now), lambda: self._now / 1000,
            )  # fmt: skip
        for _ in range(MOST_BATCHES):
            if self._replay.step() is Step.IDLE:
                break


class TwinHouse(House):
    """A house with its hosted twin, and perhaps a second one."""

    def __init__(self, folder: Path, seed: int, weather: Weather, capacity: int = 900) -> None:
        super().__init__(folder, seed, weather, capacity)
        self.chance = Random(seed + 1)
        self.clouds: list[CloudSide] = []
        self.syncs: list[SyncSide] = []
        self.copies: list[tuple[float, SyncSide]] = []  # second edges, and how long they run
        self._add_cloud()

    def close(self) -> None:
        self._edge_down(0)
        for _until, copy in self.copies:
            copy.close()
        for cloud in self.clouds:
            cloud.close()

    def compare(self) -> None:
        """Until a cloud that was refilled from an edge that was refilled from another cloud is equal too."""
        for _ in range(COMPARED_TIMES):
            for number, sync in enumerate(self.syncs):
                sync.compare(self.now, first=number == 0)
                self.run(PARCELS_MS, calm=True)

    def _add_cloud(self) -> None:
        number = len(self.clouds) + 1
        path = self.folder / f"cloud{number}" / "kembar.sqlite"
        cloud = CloudSide(path, self.chance, self.weather, lambda: self.now)
        self.clouds.append(cloud)
        url = f"https://cloud{number}.example"
        self.syncs.append(SyncSide(self.edge.path, cloud, url, self.edge.disk))

    def _step(self, calm: bool) -> None:
        for cloud in self.clouds:
            cloud.calm = calm
            cloud.tick()
        super()._step(calm)
        self.copies = [each for each in self.copies if self._copy_step(*each, calm)]

    def _edge_step(self, calm: bool) -> None:
        super()._edge_step(calm)
        if self.edge.collector:
            for sync in self.syncs:
                sync.step(self.now, calm)

    def _copy_step(self, until: float, copy: SyncSide, calm: bool) -> bool:
        """Tells whether the copy still runs."""
        if calm or self.now > until:
            copy.close()
            return False
        copy.step(self.now, calm)
        return True

    def _edge_down(self, ms: float) -> None:
        super()._edge_down(ms)
        for sync in self.syncs:
            sync.close()

    def _forget(self) -> None:
        super()._forget()
        self._look_for_lost()

    def _look_for_lost(self) -> None:
        """What neither card nor device has, and the first cloud neither, is lost for good."""
        held: set[Key] = self.clouds[0].rows()
        self.truth.nowhere |= self.truth.forgotten - held

    def _fate(self) -> None:
        super()._fate()
        w, r = self.weather, self.chance
        if self.edge.collector and r.random() < w.card_cloned:
            self._clone_card()
        if r.random() < w.cloud_added and len(self.clouds) == 1:
            self.note("second cloud added")
            self._add_cloud()
        if r.random() < w.address_changed:
            self.note("address of the cloud changed")
            self.syncs[0].close()
            self.syncs[0] = SyncSide(
                self.edge.path, self.clouds[0], f"https://moved{self.now:.0f}.example", self.edge.disk
            )
        self._fate_of_cloud(r.choice(self.clouds))

    def _fate_of_cloud(self, cloud: CloudSide) -> None:
        w, r = self.weather, self.chance
        if r.random() < w.cloud_disk_fails:
            self.note("disk of a cloud refuses")
            cloud.refusing.begin(self.now, r.uniform(1_000, 60_000))
        if r.random() < w.token_unknown:
            self.note("token unknown")
            cloud.unknown.begin(self.now, r.uniform(5_000, 120_000))
        if r.random() < w.cloud_wiped:
            self.note(f"cloud {cloud.path.parent.name} wiped")
            cloud.wipe()
            self._look_for_lost()
        if r.random() < w.cloud_restored:
            self.note(f"disk of {cloud.path.parent.name} {cloud.swap_disk()}")
            self._look_for_lost()

    def _clone_card(self) -> None:
        """A copy of the card in a second machine without devices: it sends what the first one had then."""
        self.note("card cloned")
        self._edge_down(self.random.uniform(5_000, 30_000))
        path = self.folder / f"clone{self.now:.0f}" / self.edge.path.name
        copy_card(self.edge.path, path)
        copies = [SyncSide(path, sync.cloud, sync.url) for sync in self.syncs]
        self.copies += [(self.now + self.chance.uniform(30_000, 600_000), copy) for copy in copies]
