"""The rollups of this house kept up: a minute's job of `kembar-edge serve`, and the command `kembar-edge rebuild`."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event
from time import monotonic
from zoneinfo import ZoneInfo

from edge.collect import DATABASE
from edge.settings import EdgeSettings
from process.jobs import paced
from process.service import Running
from store.by_stream import RowsByStream
from store.database import Unopenable
from store.rolling import Rolling
from store.sqlite import open_database

# Less than the job's minute. After an update all that was ever recorded is rolled up, at a tenth of a core: a year of
# six sensors takes a Pi 7 hours.
MOST_S = 55.0
REST = 9
TELL_EVERY_S = 10.0

log = logging.getLogger(__name__)


class RollingJob:
    """Used by one thread at a time."""

    def __init__(self, path: Path, zone: ZoneInfo, now_ms: Callable[[], int]) -> None:
        self._path, self._zone, self._now_ms = path, zone, now_ms

    def __call__(self, stop: Event) -> None:
        """Make what is touched and over; a disk that refuses is asked again at the next call."""
        try:
            with closing(open_database(self._path, "edge")) as db:
                rolling = Rolling(db, RowsByStream(db))
                paced(rolling.slices(self._now_ms, self._zone), REST, MOST_S, stop)
        except (Unopenable, sqlite3.Error) as error:
            log.warning("rollups wait for the disk: %s", error)


def rebuild(settings: EdgeSettings, running: Running, now_ms: Callable[[], int]) -> None:
    """Make all rollups anew from the rows that there are; what a stop leaves, `kembar-edge serve` goes on with."""
    with closing(open_database(settings.edge.data_dir / DATABASE, "edge")) as db:
        rolling, told_s = Rolling(db, RowsByStream(db)), monotonic()
        rolling.touch_all()
        for _made in rolling.slices(now_ms, settings.edge.zone):
            if running.stop.is_set():
                return
            if monotonic() - told_s >= TELL_EVERY_S:
                told_s = monotonic()
                log.info("%d hours and days left", rolling.left())
        log.info("done; %d hours and days are not over yet", rolling.left())
