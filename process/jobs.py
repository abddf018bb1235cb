"""What a server does by the clock, beside its requests, in a thread of its own."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event

from apscheduler.schedulers.background import BackgroundScheduler

# What pages say of days, and rollups of hours that have ended, may be a minute old.
EVERY_S = 60


class Sparing:
    """Work that takes long is done less often: after it come `rest` times its duration in which calls do nothing."""

    def __init__(
        self, work: Callable[[], object], rest: float, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._work, self._rest, self._clock_s = work, rest, clock_s
        self._rests_until_s = clock_s()

    def __call__(self) -> None:
        begun_s = self._clock_s()
        if begun_s >= self._rests_until_s:
            self._work()
            ended_s = self._clock_s()
            self._rests_until_s = ended_s + self._rest * (ended_s - begun_s)


def paced(
    turns: Iterable[object],
    rest: float,
    most_s: float,
    stop: Event,
    clock_s: Callable[[], float] = time.monotonic,
) -> None:
    """Take turns until there is none, most_s are over or it is to stop; after each comes a rest of so many times its
    duration, in which whoever else wants the processor or the database's lock has it.
    """
    begun_s = turn_s = clock_s()
    for _turn in turns:
        ended_s = clock_s()
        if ended_s - begun_s >= most_s or stop.wait(rest * (ended_s - turn_s)):
            return
        turn_s = clock_s()


@contextmanager
def jobs(*works: Callable[[Event], object], every_s: float = EVERY_S) -> Iterator[None]:
    """Each is called at once and every minute, until the block ends; none waits for another one.

    It is given the wish to stop: who is at it for seconds looks at it.
    """
    # It would tell of every run; the journal is on the card. What fails is still told.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    scheduler, stop = BackgroundScheduler(timezone=UTC), Event()
    for work in works:
        scheduler.add_job(
            work,
            "interval",
            args=(stop,),
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
        stop.set()
        scheduler.shutdown()
