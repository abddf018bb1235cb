"""Allowances: so many at once, then so many a second, for each of many callers; bounded in memory, safe for threads."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

# About 200 bytes each. Who was heard longest ago is forgotten first, and has its whole allowance again.
CALLERS_MOST = 20_000


class Allowance:
    def __init__(
        self,
        at_once: float,
        per_s: float,
        callers_most: int = CALLERS_MOST,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._at_once, self._per_s, self._most, self._clock_s = at_once, per_s, callers_most, clock_s
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def spend(self, caller: str) -> float:
        """0 when this caller may go on, which is counted; else after how many seconds it may."""
        now_s = self._clock_s()
        with self._lock:
            spent, at_s = self._spent.get(caller, (0.0, now_s))
            spent = max(0.0, spent - (now_s - at_s) * self._per_s)
            if spent + 1 > self._at_once:
                return (spent + 1 - self._at_once) / self._per_s
            self._spent[caller] = (spent + 1, now_s)
            self._spent.move_to_end(caller)
            if len(self._spent) > self._most:
                self._spent.popitem(last=False)
        return 0.0

    def __len__(self) -> int:
        return len(self._spent)
