"""The rollups of this house kept up: a minute's job of `kembar-edge serve`, and the command `kembar-edge rebuild`."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from edge.collect import DATABASE
from edge.settings import EdgeSettings
from process.service import Running
from store.by_stream import RowsByStream
from store.database import Unopenable, open_database
from store.rolling import Rolling

# A Pi makes an hour of six sensors in half a second. In between the collector's commits have their turn.
MOST_S = 5.0
# After an update all that was ever recorded is rolled up: a tenth of a core, for a year of six sensors on a Pi 7 hours.
REST = 9
TELL_EVERY_S = 10.0

log = logging.getLogger(__name__)


class RollingJob:
    """Used by one thread at a time."""

    def __init__(self, path: Path, zone: ZoneInfo, now_ms: Callable[[], int]) -> None:
        self._path, self._zone, self._now_ms = path, zone, now_ms

    def __call__(self) -> None:
        """Make what is touched and over, for at most MOST_S; a disk that refuses is asked again at the next call."""
        until_s = monotonic() + MOST_S
        try:
            with closing(open_database(self._path, "edge")) as db:
                rolling = Rolling(db, RowsByStream(db))
                while rolling.slice(self._now_ms(), self._zone) and monotonic() < until_s:
                    pass
        except (Unopenable, sqlite3.Error) as error:
            log.warning("rollups wait for the disk: %s", error)


def rebuild(settings: EdgeSettings, running: Running, now_ms: Callable[[], int]) -> None:
    """Make all rollups anew from the rows that there are; what a stop leaves, `kembar-edge serve` goes on with."""
    with closing(open_database(settings.edge.data_dir / DATABASE, "edge")) as db:
        rolling, told_s = Rolling(db, RowsByStream(db)), monotonic()
        rolling.touch_all()
        while rolling.slice(now_ms(), settings.edge.zone) and not running.stop.is_set():
            if monotonic() - told_s >= TELL_EVERY_S:
                told_s = monotonic()
                log.info("%d hours and days left", rolling.left())
        log.info("done; %d hours and days are not over yet", rolling.left())
