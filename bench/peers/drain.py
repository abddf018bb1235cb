"""Catching up: a backlog recorded without a server, then a server, then the sender; the clock and the bytes.

The sender is stopped in good order and starts when the server answers, so that nobody's wait between attempts counts.
"""

import resource
import time
from dataclasses import dataclass
from pathlib import Path

from bench.peers.counted import counted
from bench.peers.house import House, Peer
from bench.peers.programs import POLL_S

# The slowest peer needs some 40 s when it is well; without an end in sight it is told how far it came.
MOST_S = 180.0
# Whoever gets nowhere for so long has stopped.
STUCK_S = 60.0


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """`arrived` of `backlog` readings within `seconds` of the first; all bytes of the line, both ways.

    `cpu_s`: what sender and server together used of a processor from their start to their end.
    """

    backlog: int
    arrived: int
    seconds: float
    wire_bytes: int
    cpu_s: float

    @property
    def per_s(self) -> float:
        return self.arrived / self.seconds

    @property
    def bytes_per_reading(self) -> float:
        return self.wire_bytes / self.arrived

    @property
    def cpu_us_per_reading(self) -> float:
        return 1e6 * self.cpu_s / self.arrived


def catch_up(peer: Peer, folder: Path, backlog: int) -> CaughtUp:
    with peer.house(folder) as house:
        house.record(backlog)
        before_s = _children_s()
        house.serve()
        with counted(house.entry, house.server) as line:
            house.start()
            arrived, end_s = _watch(house, backlog)
            begun_s = house.first_s() or line.first_s.value
            passed = line.passed
    if not arrived:
        raise AssertionError(f"nothing arrived within {STUCK_S:g} s")
    return CaughtUp(backlog, arrived, end_s - begun_s, passed, _children_s() - before_s)


def _children_s() -> float:
    """Of all processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(house: House, backlog: int) -> tuple[int, float]:
    """How many arrived, and when the last of them was seen."""
    begun_s = seen_s = time.monotonic()
    seen = 0
    while seen < backlog and time.monotonic() < min(seen_s + STUCK_S, begun_s + MOST_S):
        arrived = house.arrived()
        if arrived > seen:
            seen, seen_s = arrived, time.monotonic()
        time.sleep(POLL_S)
    return min(seen, backlog), seen_s
