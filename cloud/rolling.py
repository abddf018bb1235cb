"""The rollups of all sites kept up: a minute's job of `kembar-cloud serve`, and the command `kembar-cloud rebuild`."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from threading import Event
from time import monotonic

from cloud.house import zone_of
from process.jobs import paced
from process.service import Running
from store import faults
from store.by_time import RowsByTime
from store.database import Database
from store.opening import open_cloud
from store.rolling import SETTLE_MS, Rolling
from store.touched import Touched

# Less than the job's minute: what is left has its turn in the next one.
MOST_S = 55.0
# A fifth of a core while there is much to do: intake and pages have the rest. An hour of a meter takes 53 ms
# (docs/scale.md), so 13 000 meters are kept up; a tenth would keep up 6 800, fewer than one machine takes in.
REST = 4
TELL_EVERY_S = 10.0

log = logging.getLogger(__name__)


class RollingJob:
    """Used by one thread at a time."""

    def __init__(self, database: str, now_ms: Callable[[], int]) -> None:
        self._database, self._now_ms = database, now_ms

    def __call__(self, stop: Event) -> None:
        """Make what is touched and over, a slice of each site in turn."""
        try:
            # Of several processes, on however many machines, one; the others try again in a minute.
            with closing(open_cloud(self._database)) as db, db.sole("rollups") as mine:
                if mine:
                    paced(_slices(db, self._now_ms), REST, MOST_S, stop)
        except faults.ANY as error:
            log.warning("rollups wait for the database: %s", error)


def rebuild(database: str, running: Running, now_ms: Callable[[], int]) -> None:
    """Make all rollups of all sites anew from their rows; what a stop leaves, `kembar-cloud serve` goes on with."""
    with closing(open_cloud(database)) as db:
        for (site,) in db.execute("SELECT id FROM sites").fetchall():
            Rolling(db, RowsByTime(db, site), site).touch_all()
        made, told_s = 0, monotonic()
        for some in _slices(db, now_ms):
            made += some
            if running.stop.is_set():
                return
            if monotonic() - told_s >= TELL_EVERY_S:
                told_s = monotonic()
                log.info("%d hours and days made", made)
        log.info("done; %d hours and days made", made)


def _slices(db: Database, now_ms: Callable[[], int]) -> Iterator[int]:
    """How many each slice made, one of each site in turn until none has any left."""
    turns = Touched(db).sites(now_ms() - SETTLE_MS)
    while turns:
        left = []
        for site in turns:
            made = Rolling(db, RowsByTime(db, site), site).slice(now_ms(), zone_of(db, site))
            if made:
                left.append(site)
                yield made
        turns = left
