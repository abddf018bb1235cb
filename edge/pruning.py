"""Pruning: when the collector lets go of old hours, a slice at a time, between two turns of its loop.

1. Rows older than `keep_days` go when every cloud of the settings or of a pairing has them.
2. While the disk is fuller than `disk_percent`, younger ones go too, oldest first: what every cloud has, and only
   then what some cloud has not. That is a loss, so a red notice counts it.
3. Nothing goes while the own clock is not known, nor out of the last two days, nor while the file of a pairing cannot
   be read: then it is not known which clouds there are.

How full the disk is: what the file system calls used, less the pages of the database that pruning has freed, since
the next rows go there. Without them it would never end: the file does not shrink. When even an empty database would
leave the disk too full, other files fill it: then no row goes for the disk's sake, and a red notice says so when the
disk is nearly full.
A clock that is years ahead and believed makes rows old; it costs a slice a minute, and never what a cloud lacks.
"""

import logging
import sqlite3
from collections.abc import Callable, Sequence

from edge.clock import Instant
from edge.tally import Tally
from metering.energy import HOUR_MS
from metering.quantity import DAY_MS
from store.confirmed import Confirmed
from store.database import Database
from store.retention import Hour, Retention

# An hour of 64 devices is pruned in less than an hour, and an old card loses at most a day of rows in a few minutes.
EVERY_MS = 60_000
# A slice ends with the hour that makes it so many rows, or after so many hours with few rows. An hour is never cut:
# one of six sensors at 1 Hz holds the loop for 0.3 s on a PC, and what comes meanwhile waits in the inbox.
SLICE_ROWS = 2_000
SLICE_HOURS = 8
# Records still turn up: fills of a device that was cut off, rows that wait for their date.
YOUNGEST_MS = 2 * DAY_MS
# Other files may fill a disk beyond our share; from here on soon nothing can be written.
CROWDED_PERCENT = 90
# Hours looked at in one slice while the disk is too full and clouds lack the oldest ones: six weeks of one source.
MOST_LOOKED = 1_000

log = logging.getLogger(__name__)

DiskUsage = Callable[[], tuple[int, int, int]]  # bytes: in all, used, free; as of shutil.disk_usage


class Pruning:
    """Its one user is the one writer of readings; `urls` gives the clouds of now, None while they are unknown."""

    def __init__(
        self,
        db: Database,
        tally: Tally,
        urls: Callable[[], Sequence[str] | None],
        keep_days: int,
        disk_percent: int,
        disk_usage: DiskUsage,
    ) -> None:
        self._retention = Retention(db)
        self._db, self._urls = db, urls
        self._tally, self._disk_usage = tally, disk_usage
        self._keep_ms, self._disk_percent = keep_days * DAY_MS, disk_percent
        self._last_ms = -EVERY_MS
        self._lost_rows = 0

    def tick(self, at: Instant) -> None:
        """Prune a slice if it is time; call it while no line waits."""
        if at.own_ms is None or at.mono_ms - self._last_ms < EVERY_MS:
            return
        self._last_ms = at.mono_ms
        urls = self._urls()
        if urls is None:
            self._tally.count("prunings-paused")
            return
        self._clouds = Confirmed(self._db, urls)
        try:
            self._slice(at, at.own_ms)
        except (sqlite3.Error, OSError) as error:
            # Nothing changed; the commits tell people of a disk that refuses.
            self._tally.count("prunings-failed")
            log.warning("nothing is pruned for now: %s", error)

    def _slice(self, at: Instant, now_ms: int) -> None:
        old, young = (now_ms - self._keep_ms) // HOUR_MS, (now_ms - YOUNGEST_MS) // HOUR_MS
        pressed = self._pressed(at)
        rows = hours = 0
        blocked: set[str] = set()
        found = self._retention.hours(young if pressed else min(old, young), MOST_LOOKED)
        for hour in found:
            if rows >= SLICE_ROWS or hours >= SLICE_HOURS or (hour[0] >= old and not self._pressed(at)):
                return
            if hour[1] in blocked or not self._retention.confirmed(hour, self._clouds):
                # A cloud that lacks an hour mostly lacks what follows too; only a full disk makes that worth asking.
                blocked |= set() if pressed else {hour[1]}
                continue
            rows, hours = rows + self._prune(hour, at), hours + 1
        if found and not hours and self._pressed(at):
            self._prune(found[0], at)

    def _prune(self, hour: Hour, at: Instant) -> int:
        gone = self._retention.prune(hour, self._clouds)
        if gone.unconfirmed:
            self._lost_rows += gone.unconfirmed
            self._tally.renew("policy-dropped", str(self._lost_rows), at)
            log.error("the disk is full: %d readings dropped that some cloud lacks", gone.unconfirmed)
        return gone.rows

    def _pressed(self, at: Instant) -> bool:
        """Whether the disk is too full and pruning can help."""
        total, _used, free = self._disk_usage()
        room = self._retention.room()
        least_free = total * (100 - self._disk_percent) // 100
        if free + room.reusable >= least_free:
            return False
        if free + room.file >= least_free:
            return True
        full_percent = 100 - 100 * free // max(total, 1)
        if full_percent >= CROWDED_PERCENT:
            self._tally.renew("disk-crowded", f"{full_percent} %", at)
        return False
