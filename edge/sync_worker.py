"""The threads of `kembar-sync run`: for each cloud one that replays, one that posts live values, one that compares.

What they do is sync.replay, sync.live and sync.verify; here they only get a connection each, their pauses and an end.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from random import SystemRandom
from secrets import token_hex
from time import monotonic, time
from typing import Any

from edge.compare_worker import CompareTurns
from edge.comparison import Comparison
from edge.ramfile import RamFile
from edge.settings import House
from edge.version import own_version
from store.backlog import Backlog
from store.clouds import Clouds
from store.database import Database, Unopenable
from store.sqlite import open_database
from sync.answer import Answer
from sync.failure import Failure, TooLarge
from sync.live import PAUSE_S, Live, Watched
from sync.news import News
from sync.progress import Progress, State
from sync.replay import Replay, Step
from sync.uplink import Uplink, retrying

# How soon a new row is seen; the collector commits every 10 s, so more would be idle turns.
IDLE_S = 1.0
# A disk that is full or a file that is held: the collector says so too, and it may pass.
DISK_PAUSE_S = 30.0
# How soon a name that was given at the cloud is fetched, once an answer told of it.
NEWS_LOOK_S = 1.0
# Pages look at the progress every few seconds.
TELL_EVERY_S = 1.0
ALIVE_EVERY_S = 5.0

# This start of this process: a copy of the card has the same name and data, but not this.
SENDER: str = token_hex(8)
VERSION = own_version()

log = logging.getLogger(__name__)


def now_ms() -> int:
    return int(time() * 1000)


class Telling:
    """The progress of all clouds in one RAM file; each thread reports its own."""

    def __init__(self, ram: RamFile) -> None:
        self._ram = ram
        self._lock = threading.Lock()
        self._clouds: dict[str, Progress] = {}
        self._told: tuple[float, list[State]] = (0.0, [])

    def tell(self, progress: Progress) -> None:
        """Write at most once a second, and at once when a state changes."""
        with self._lock:
            self._clouds[progress.url] = progress
            states = [each.state for each in self._clouds.values()]
            if states != self._told[1] or monotonic() - self._told[0] >= TELL_EVERY_S:
                self._write(states)

    def alive(self) -> None:
        """Say the same again after a while: a pause of minutes must not look like a worker that is gone."""
        with self._lock:
            if monotonic() - self._told[0] >= ALIVE_EVERY_S:
                self._write(self._told[1])

    def forget(self, url: str) -> None:
        """This cloud is none of ours any more, or what was wrong about it is mended."""
        with self._lock:
            if self._clouds.pop(url, None) is not None:
                self._write([each.state for each in self._clouds.values()])

    def _write(self, states: list[State]) -> None:
        self._told = (monotonic(), states)
        self._ram.write({"at_ms": now_ms(), "clouds": [asdict(p) for p in self._clouds.values()]})


class CloudWorker:
    """The threads of one cloud; `start`, `is_alive` and `join` as of a thread, and `error` when one ended badly.

    `stop` is this worker's own. `first`: it is the first cloud that the edge knows. `advice`: see Uplink.
    """

    def __init__(
        self,
        url: str,
        token: str,
        house: House,
        telling: Telling,
        stop: threading.Event,
        first: bool,
        advice: str = "",
    ) -> None:
        self._url, self._token, self._first, self._advice = url, token, first, advice
        self._edge, self._data_dir, self._zone = house.name, house.data_dir, house.zone
        self._telling, self._stop = telling, stop
        self._watched, self._news = Watched(monotonic), News()
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), name=f"{work.__name__} {url}")
            for work in (self._replay, self._live, self._compare)
        ]
        self._resting = False
        self.error: BaseException | None = None
        self._said = ""

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """It ends soon after, at the latest when a request that is under way has had its time."""
        self._stop.set()

    def is_alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # the outermost loop of a thread: the process ends and is started anew
            log.exception("sync with %s ended by a mistake in the program", self._url)
            self.error = error
            self._stop.set()

    def _connected(
        self, work: Callable[[Database, Uplink], None], waits: Callable[[Exception], None]
    ) -> None:
        """`work` with a connection of its own each way until it is over; `waits` tells of a disk that refuses."""
        while not self._stop.is_set():
            try:
                with (
                    closing(open_database(self._data_dir / "kembar.sqlite", "edge")) as db,
                    Uplink(self._url, self._token, self._advice) as uplink,
                ):
                    work(db, uplink)
            except (Unopenable, sqlite3.Error) as error:
                waits(error)
                self._stop.wait(DISK_PAUSE_S)

    def _replay(self) -> None:
        def work(db: Database, uplink: Uplink) -> None:
            clouds = Clouds(db)
            backlog = Backlog(db, clouds.number(self._url))
            replay = Replay(
                backlog, clouds, self._url, uplink, now_ms, monotonic, self._edge, self._told, SENDER, VERSION
            )
            self._turns(replay)

        def waits(error: Exception) -> None:
            log.error("sync with %s waits for the disk: %s", self._url, error)
            self._telling.tell(Progress(self._url, "off", reason=str(error)))

        self._connected(work, waits)

    def _turns(self, replay: Replay) -> None:
        def failed(failure: Failure) -> None:
            self._resting = False
            self._telling.tell(replay.progress)
            self._log(str(failure))

        def turn() -> bool:
            """Steps until an answer arrived, so that the pauses grow while none does; True when idle."""
            while not self._stop.is_set():
                step = replay.step()
                self._telling.tell(replay.progress)
                self._resting = replay.progress.state == "ok"
                if step is Step.LANDED:
                    self._log(f"answers ({replay.progress.state})")
                if step is not Step.SENT:
                    return step is Step.IDLE
            return True

        again = retrying(self._stop, failed)
        while not self._stop.is_set():
            if self._attempt(again, turn):
                self._stop.wait(IDLE_S)
        replay.note()

    def _log(self, said: str) -> None:
        """Each news once: a line a minute through weeks offline would wear the card."""
        if said != self._said:
            self._said = said
            log.info("%s: %s", self._url, said)

    def _live(self) -> None:
        live_file = RamFile(self._data_dir, "live")
        with Uplink(self._url, self._token, self._advice) as uplink:
            live = Live(live_file.read, uplink, self._watched, monotonic, self._told)
            # The other thread tells of the same cloud's failures.
            again = retrying(self._stop, lambda failure: log.debug("%s live: %s", self._url, failure))
            while not self._stop.wait(PAUSE_S):
                try:
                    self._attempt(again, live.step)
                except TooLarge as error:
                    log.warning("%s live: %s", self._url, error)

    def _compare(self) -> None:
        def work(db: Database, uplink: Uplink) -> None:
            comparison = Comparison(db, self._url, uplink, now_ms, self._first)
            turns = CompareTurns(comparison, self._zone, now_ms, lambda: self._resting, SystemRandom())
            # The replaying thread tells of the same cloud's failures.
            again = retrying(self._stop, lambda failure: log.debug("%s compare: %s", self._url, failure))
            while not self._stop.wait(NEWS_LOOK_S):
                if self._news.waiting is not None:
                    self._attempt(again, lambda: self._fetch(comparison))
                if turns.due(monotonic()):
                    self._attempt(again, turns.turn)

        self._connected(
            work, lambda error: log.error("comparing with %s waits for the disk: %s", self._url, error)
        )

    def _told(self, answer: Answer) -> None:
        self._watched.told(answer.watch_s)
        self._news.told(answer.changes)

    def _fetch(self, comparison: Comparison) -> bool:
        """Changes that the cloud made itself, for the collector; raises a sync.failure.Failure."""
        waiting = self._news.waiting
        comparison.accounts().settle(only_changes=True)
        self._news.fetched(waiting or 0)
        return True

    def _attempt(self, again: Any, work: Callable[[], bool]) -> bool:
        """`work` until it succeeds; True also when the end came first."""
        try:
            return bool(again(work))
        except again.retry_error_cls:
            return True
