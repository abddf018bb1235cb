"""Who is being looked at: a live page notes it here, and every answer to that site's edge says for how long.

The note is in the database because page and batch may be served by different processes.
"""

import logging
from collections.abc import Callable
from threading import Lock

from cloud.connections import Connections
from store import faults

# Longer than the pause between two empty batches (30 s), so that a page that stays open never goes stale.
WATCH_S = 45
# Pages ask every second; the note is written once in so many.
NOTE_EVERY_MS = 10_000

log = logging.getLogger(__name__)


class Watch:
    """Safe for threads."""

    def __init__(self, connections: Connections, now_ms: Callable[[], int]) -> None:
        self._connections, self._now_ms = connections, now_ms
        self._noted_ms: dict[int, int] = {}
        self._lock = Lock()

    def look(self, site: int) -> None:
        """Somebody looks at this site's live values now."""
        now_ms = self._now_ms()
        with self._lock:
            if 0 <= now_ms - self._noted_ms.get(site, -NOTE_EVERY_MS) < NOTE_EVERY_MS:
                return
            self._noted_ms[site] = now_ms
        try:
            self._note(site, now_ms + 1000 * WATCH_S)
        except faults.UNAVAILABLE as error:
            # A full disk must not take the pages away: without live values they still show what is stored.
            log.warning("cannot note that site %d is looked at: %s", site, error)

    def _note(self, site: int, until_ms: int) -> None:
        db = self._connections.mine()
        with db.write():
            db.execute(
                "INSERT INTO contacts (site, watched_until_ms) VALUES (?, ?)"
                " ON CONFLICT (site) DO UPDATE SET watched_until_ms = excluded.watched_until_ms",
                (site, until_ms),
            )
