"""The other twin of the simulated house: a cloud on its own SQLite file, and the replay that feeds it.

The way between them loses answers, and the cloud loses power at any commit; HTTP itself is tried elsewhere.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

from simulated import House
from weather import PowerCut, Weather

from cloud.intake import cursors_of, take
from store.backlog import Backlog
from store.clouds import Clouds
from store.database import Database, DiskStep, open_database
from sync.answer import Answer
from sync.batch import Batch
from sync.failure import NotAdmitted, RowsRefused, Unreachable
from sync.rejection import Rejection
from sync.replay import Replay, Step

URL = "https://cloud.example"
SITE = 1
# Batches in one step of 250 ms: a backlog is caught up quickly, and no loop is endless.
MOST_BATCHES = 20


class CloudSide:
    """The host: answers cursors and batches, unless it is down or the answer is lost."""

    def __init__(self, path: Path, random: Random, weather: Weather, now: Callable[[], float]) -> None:
        self.path, self.random, self.weather, self.now = path, random, weather, now
        self.calm = True
        self.off_until = 0.0
        self.cuts = 0
        self.db: Database | None = None
        with self._open().write():
            self._open().execute("INSERT OR IGNORE INTO sites (id, name) VALUES (1, 'rumah')")

    def cursors(self, streams: list[tuple[str, int]], /) -> dict[tuple[str, int], int]:
        return dict(cursors_of(self._reached(), SITE, streams))

    def send(self, body: bytes, /) -> Callable[[], Answer]:
        lost_at = self.random.random()
        return lambda: self._answer(body, lost_at)

    def close(self) -> None:
        if self.db:
            self.db.close()
        self.db = None

    def _answer(self, body: bytes, lost_at: float) -> Answer:
        try:
            batch = Batch.decode(body, int(self.now()))
            taken = take(self._reached(), SITE, batch, int(self.now()))
        except PowerCut as cut:
            self._down(3_000)
            raise Unreachable("the cloud lost power") from cut
        except Rejection as rejection:
            refused = RowsRefused if rejection.word == "rows" else NotAdmitted
            raise refused(str(rejection)) from rejection
        if not self.calm and lost_at < self.weather.answer_lost:
            raise Unreachable("the answer was lost")
        return Answer(taken.cursors, tuple(taken.refused))

    def _reached(self) -> Database:
        if not self.calm and self.random.random() < self.weather.cloud_off:
            self._down(self.random.uniform(10_000, 200_000))
        if self.now() < self.off_until and not self.calm:
            raise Unreachable("the cloud is down")
        return self._open()

    def _open(self) -> Database:
        if self.db is None:
            self.db = open_database(self.path, "cloud", self._disk)
        return self.db

    def _down(self, ms: float) -> None:
        self.close()
        self.off_until = self.now() + ms

    def _disk(self, step: DiskStep) -> None:
        if "commit" in step and not self.calm and self.random.random() < self.weather.cut_at_commit / 2:
            self.cuts += 1
            raise PowerCut(step)


class TwinHouse(House):
    """A house with its hosted twin."""

    def __init__(self, folder: Path, seed: int, weather: Weather, capacity: int = 900) -> None:
        super().__init__(folder, seed, weather, capacity)
        self.cloud = CloudSide(
            folder / "cloud" / "kembar.sqlite", Random(seed + 1), weather, lambda: self.now
        )
        self._sync_db: Database | None = None
        self._replay: Replay | None = None
        self._not_before = 0.0

    def close(self) -> None:
        self._edge_down(0)
        self.cloud.close()

    def _edge_step(self, calm: bool) -> None:
        super()._edge_step(calm)
        self.cloud.calm = calm
        if self.edge.collector and (calm or self.now >= self._not_before):
            self._sync()

    def _sync(self) -> None:
        if self._replay is None:
            self._sync_db = open_database(self.edge.path, "edge")
            clouds = Clouds(self._sync_db)
            self._replay = Replay(
                Backlog(self._sync_db, clouds.number(URL)), clouds, URL, self.cloud,
                lambda: int(self.now), lambda: self.now / 1000,
            )  # fmt: skip
        try:
            for _ in range(MOST_BATCHES):
                if self._replay.step() is Step.IDLE:
                    break
        except (Unreachable, NotAdmitted) as failure:
            if isinstance(failure, NotAdmitted):
                raise
            self._not_before = self.now + self.random.uniform(500, 5_000)

    def _edge_down(self, ms: float) -> None:
        super()._edge_down(ms)
        if self._sync_db:
            self._sync_db.close()
        self._sync_db = self._replay = None
