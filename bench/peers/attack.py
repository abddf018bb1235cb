"""The kill schedule on one house: readings at a fixed pace, kill -9 of the sender, and what is left of it all."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice

from bench.peers.counted import Counted, counted
from bench.peers.house import House
from bench.peers.programs import TooSlow, wait_until
from bench.peers.schedule import DOWN_S, LINE_BYTES_PER_S, SENSORS, TICK_S, Schedule
from bench.shaped import readings

# Some wait up to a minute between two attempts. Who has nothing left to send is killed all the same.
SENT_S = 65.0
# At the end of a run nobody needs longer from one batch to the next, nor for all of it.
QUIET_S, LAST_S = 45.0, 180.0
# What is sent twice comes soon after the first time.
REPEATED_S = 3.0
LOOK_S = 0.2
# A producer whose peer hangs waits a second for each answer, and makes up for it afterwards.
LATE_MOST = 2


@dataclass(frozen=True, slots=True)
class Survived:
    """`lost` of the acknowledged are not at the server; `doubled` of all are there more than once."""

    kills: int
    offered: int
    acknowledged: int
    lost: int
    doubled: int


def attack(house: House, plan: Schedule) -> Survived:
    house.start()
    with _producing(house, plan) as producer:
        for kill_s in plan.down_s:
            producer.sleep_until(kill_s)
            _strike(house)
        producer.sleep_until(plan.server_s)
        house.serve()
        with counted(house.entry, house.server, LINE_BYTES_PER_S) as line:
            for sent_bytes in plan.draining_bytes:
                _wait_for_bytes(line, sent_bytes)
                _strike(house)
            wait_until(producer.is_done, LATE_MOST * plan.seconds, "the producer's last reading")
            _come_to_rest(house, plan.readings)
    held = house.held()
    lost = house.acknowledged - held.readings
    return Survived(plan.kills, plan.readings, len(house.acknowledged), len(lost), len(held.doubled))


def _strike(house: House) -> None:
    house.kill()
    time.sleep(DOWN_S)
    house.start()


def _wait_for_bytes(line: Counted, sent_bytes: int) -> None:
    """Until the sender that was started last has got so many onto the line."""
    wanted = line.up.value + sent_bytes
    with suppress(TooSlow):
        wait_until(lambda: line.up.value >= wanted, SENT_S, f"{sent_bytes} bytes of the sender")


def _come_to_rest(house: House, readings_most: int) -> None:
    begun_s = seen_s = time.monotonic()
    seen = 0
    while seen < readings_most and time.monotonic() < min(seen_s + QUIET_S, begun_s + LAST_S):
        if (arrived := house.arrived()) > seen:
            seen, seen_s = arrived, time.monotonic()
        time.sleep(LOOK_S)
    time.sleep(REPEATED_S)


class _Producer:
    def __init__(self, house: House, plan: Schedule) -> None:
        self._house, self._plan = house, plan
        self._begun_s = time.monotonic()
        self._offered = 0

    def is_done(self) -> bool:
        return self._offered >= self._plan.readings

    def sleep_until(self, seconds: float) -> None:
        time.sleep(max(0.0, self._begun_s + seconds - time.monotonic()))

    def work(self, end: threading.Event) -> None:
        """A reading that is not acknowledged at once is nobody's promise; it is not offered again from here."""
        source, ticks = readings(), 0
        while not end.wait(max(0.0, self._begun_s + ticks * TICK_S - time.monotonic())):
            rows = list(islice(source, min(SENSORS, self._plan.readings - self._offered)))
            self._house.offer(rows)
            self._offered += len(rows)
            ticks += 1


@contextmanager
def _producing(house: House, plan: Schedule) -> Iterator[_Producer]:
    producer, end = _Producer(house, plan), threading.Event()
    thread = threading.Thread(target=producer.work, args=(end,), name="producer")
    thread.start()
    try:
        yield producer
    finally:
        end.set()
        thread.join()
