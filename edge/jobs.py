"""What `kembar-edge serve` does by the clock, beside its requests: it keeps the pages warm.

In a thread of its own. No job writes to the database; the collector and the sync worker know nothing of this.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

# What pages say of days may be a minute old.
EVERY_S = 60
# On a slow Pi a day of six sensors takes seconds: a rest of fifty times as long leaves 98 % of a core.
REST = 50


class Sparing:
    """Work that takes long is done less often: calls that come while it rests do nothing."""

    def __init__(self, work: Callable[[], None], clock_s: Callable[[], float] = time.monotonic) -> None:
        self._work, self._clock_s = work, clock_s
        self._rests_until_s = clock_s()

    def __call__(self) -> None:
        begun_s = self._clock_s()
        if begun_s >= self._rests_until_s:
            self._work()
            ended_s = self._clock_s()
            self._rests_until_s = ended_s + REST * (ended_s - begun_s)


@contextmanager
def jobs(warm: Callable[[], None], every_s: float = EVERY_S) -> Iterator[None]:
    """`warm` is called at once and every minute, until the block ends."""
    # It would tell of every run; the journal is on the card. What fails is still told.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_job(
        Sparing(warm),
        "interval",
        seconds=every_s,
        next_run_time=datetime.now(UTC),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown()
