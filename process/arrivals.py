"""Requests that are still arriving, and the moment from which each is too slow; no sockets are read here."""

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

# A full body of 1 MiB over 20 kB/s; an edge on a poorer line has halved its batches long before.
ARRIVAL_S = 60.0

Caller = TypeVar("Caller", bound=Hashable)


class Arrivals(Generic[Caller]):
    """Safe for threads. One thread reads one request, so there are never more of them than threads."""

    def __init__(self, most_s: float = ARRIVAL_S, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._most_s, self._clock_s = most_s, clock_s
        self._until_s: dict[Caller, float] = {}
        self._lock = Lock()

    def begins(self, caller: Caller) -> None:
        with self._lock:
            self._until_s[caller] = self._clock_s() + self._most_s

    def ended(self, caller: Caller) -> None:
        """It is here as a whole, or it was given up."""
        with self._lock:
            self._until_s.pop(caller, None)

    def overdue(self) -> list[Caller]:
        """Each is told once."""
        now_s = self._clock_s()
        with self._lock:
            late = [caller for caller, until_s in self._until_s.items() if until_s <= now_s]
            for caller in late:
                del self._until_s[caller]
        return late
