"""A cloud of a simulated house, on its own SQLite file, and the way to it; HTTP itself is tried elsewhere.

The way loses requests and answers, and brings a request that the edge gave up after newer ones. The cloud loses
power at any commit, its disk refuses, its database is wiped or an old copy of it restored.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

from failingdisk import REFUSALS
from simulated_device import Key
from simulated_edge import copy_card, erase_card
from weather import PowerCut, Spell, Weather

from cloud.intake import Taken, cursors_of, take
from store.database import Database
from store.sqlite import DiskStep, open_database
from sync.answer import Answer
from sync.batch import Batch
from sync.failure import NotAdmitted, RowsRefused, Unreachable
from sync.rejection import Rejection

SITE = 1
LATEST_MS = 120_000


class TokenUnknown(NotAdmitted):
    """The one refusal that these houses bring about; any other is a mistake in the program."""


class CloudSide:
    """The host: answers cursors and batches, unless it is down or something is lost."""

    def __init__(self, path: Path, random: Random, weather: Weather, now: Callable[[], float]) -> None:
        self.path, self.random, self.weather, self.now = path, random, weather, now
        self.calm = True
        self.off, self.refusing, self.unknown = Spell(), Spell(), Spell()
        self.db: Database | None = None
        self._copy = path.with_name("copy.sqlite")
        self._late: list[tuple[float, bytes]] = []
        self.restored = False

    def cursors(self, streams: list[tuple[str, int]], /) -> dict[tuple[str, int], int]:
        return dict(cursors_of(self._reached(), SITE, streams))

    def send(self, body: bytes, /) -> Callable[[], Answer]:
        fate = self.random.random()
        return lambda: self._answer(body, fate)

    def tick(self) -> None:
        """Requests that were held up on the way arrive, whoever waits for them."""
        due = [body for at, body in self._late if at <= self.now()]
        self._late = [(at, body) for at, body in self._late if at > self.now()]
        for body in due:
            with suppress(Unreachable, NotAdmitted, RowsRefused):
                self._take(body)

    def close(self) -> None:
        if self.db:
            self.db.close()
        self.db = None

    def rows(self) -> set[Key]:
        found = self.opened().execute(
            "SELECT s.boot, r.seq FROM readings r JOIN streams s ON s.id = r.stream"
        )
        return set(found.fetchall())

    def wipe(self) -> None:
        self._down(self.random.uniform(3_000, 30_000))
        erase_card(self.path)

    def swap_disk(self) -> str:
        """The first time the disk is copied, after that the copy takes its place; tells which."""
        self._down(self.random.uniform(3_000, 30_000))
        if not self._copy.exists():
            copy_card(self.path, self._copy)
            return "copied"
        copy_card(self._copy, self.path)
        self.restored = True
        return "restored"

    def _answer(self, body: bytes, fate: float) -> Answer:
        w = self.weather
        for lost, chance in enumerate((w.request_lost, w.applied_late, w.answer_lost)):
            if self.calm or fate >= chance:
                fate -= chance
                continue
            if lost == 1:
                self._late.append((self.now() + self.random.uniform(500, LATEST_MS), body))
            elif lost == 2:
                self._take(body)
            raise Unreachable("no answer came")
        taken = self._take(body)
        return Answer(taken.cursors, tuple(taken.refused))

    def _take(self, body: bytes) -> Taken:
        try:
            return take(self._reached(), SITE, Batch.decode(body, int(self.now())), int(self.now()))
        except PowerCut as cut:
            self._down(3_000)
            raise Unreachable("the cloud lost power") from cut
        except sqlite3.OperationalError as error:
            raise Unreachable(f"503: {error}") from error
        except Rejection as rejection:
            refused = RowsRefused if rejection.word == "rows" else NotAdmitted
            raise refused(str(rejection)) from rejection

    def _reached(self) -> Database:
        if not self.calm and self.random.random() < self.weather.cloud_off:
            self._down(self.random.uniform(10_000, 200_000))
        if self.off.holds(self.now()) and not self.calm:
            raise Unreachable("the cloud is down")
        if self.unknown.holds(self.now()) and not self.calm:
            raise TokenUnknown("this token is not known here")
        return self.opened()

    def opened(self) -> Database:
        if self.db is None:
            self.db = open_database(self.path, "cloud", self._disk)
            # Not a fault of the house: the site is in the cloud's settings.
            self.db.conn.execute("INSERT OR IGNORE INTO sites (id, name) VALUES (1, 'rumah')")
        return self.db

    def _down(self, ms: float) -> None:
        self.close()
        self.off.begin(self.now(), ms)

    def _disk(self, step: DiskStep) -> None:
        if self.calm:
            return
        if step != "after commit" and self.refusing.holds(self.now()):
            raise self.random.choice(REFUSALS)()
        if "commit" in step and self.random.random() < self.weather.cut_at_commit / 2:
            raise PowerCut(step)
