"""The troubles of a line during a run: after some seconds another one, in an order that a seed repeats."""

import time
from random import Random

from faultproxy import NO_TROUBLE, Fault, FaultProxy, Trouble

# Most go on for longer than a pause of the sender, and none for so long that nothing arrives between two kills.
LASTS_S = (1.0, 8.0)
TROUBLES = (
    NO_TROUBLE,
    Trouble(latency_s=0.3),
    Trouble(latency_s=0.05, bytes_per_s=8_000),
    # Each fault now and then, and all of them together at the bad end of a mobile cell.
    *(Trouble(latency_s=0.01, chances={fault: 0.5}) for fault in Fault),
    Trouble(latency_s=0.1, bytes_per_s=20_000, chances=dict.fromkeys(Fault, 0.1)),
)


class Troubles:
    """`look` often; `over` when the line shall be good again, for ever."""

    def __init__(self, line: FaultProxy, random: Random) -> None:
        self._line, self._random = line, random
        self._until_s = time.monotonic()
        self._over = False

    def look(self) -> None:
        now_s = time.monotonic()
        if not self._over and now_s >= self._until_s:
            self._line.trouble = self._random.choice(TROUBLES)
            self._until_s = now_s + self._random.uniform(*LASTS_S)

    def over(self) -> None:
        self._over = True
        self._line.trouble = NO_TROUBLE

    def told(self) -> str:
        """What the requests met, in words."""
        faults = ", ".join(
            f"{fault.name.lower()} {count}"
            for fault, count in sorted(self._line.met.items(), key=lambda met: met[0].name)
        )
        return f"{self._line.requests} requests; {faults}"
