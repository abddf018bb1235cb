"""The same test for everyone: how many readings at what pace, when the sender is killed, when the server comes.

Seconds count from the first reading. A seed gives the moments, so that a run can be repeated.
"""

from dataclasses import dataclass
from random import Random

SEED = 4
# A tick is one reading of each of the six recorded sensors.
TICK_S, SENSORS = 0.1, 6
# A minute. That many fit into a device's memory of 4 096, whatever is acknowledged.
READINGS = 3_600
# The server comes when most of the readings are recorded; the rest is measured while the backlog drains.
SERVER_S = 56.0
KILLS_WHILE_DOWN, KILLS_WHILE_DRAINING = 3, 2
# A sender needs some seconds to start and to take readings at all.
FIRST_KILL_S, PAUSE_LEAST_S = 8.0, 5.0
# Then calm: Kembar dates readings of a new device when it has heard its clock for 30 s, and sends none before that.
# Without it the kills at the end would find nothing of Kembar's on its way.
CALM_S = 34.0
# Kembar's whole backlog is some 10 000 bytes: so much of it, and no more, has left when the kill comes.
DRAINING_BYTES = (1_500, 6_000)
DOWN_S = 0.5
# 128 kbit/s, a poor mobile uplink: on loopback everything would be over before a kill can hit it.
LINE_BYTES_PER_S = 16_000


@dataclass(frozen=True, slots=True)
class Schedule:
    """`down_s`: kills while there is no server; `draining_bytes`: what a sender has sent when it is killed then."""

    readings: int
    server_s: float
    down_s: tuple[float, ...]
    draining_bytes: tuple[int, ...]

    @property
    def seconds(self) -> float:
        """From the first reading to the last."""
        return self.readings / SENSORS * TICK_S

    @property
    def kills(self) -> int:
        return len(self.down_s) + len(self.draining_bytes)


def schedule(seed: int = SEED) -> Schedule:
    dice = Random(seed)
    room_s = SERVER_S - CALM_S - FIRST_KILL_S - PAUSE_LEAST_S * (KILLS_WHILE_DOWN - 1)
    drawn = sorted(dice.uniform(0, room_s) for _ in range(KILLS_WHILE_DOWN))
    down_s = tuple(FIRST_KILL_S + PAUSE_LEAST_S * number + each for number, each in enumerate(drawn))
    draining_bytes = tuple(dice.randint(*DRAINING_BYTES) for _ in range(KILLS_WHILE_DRAINING))
    return Schedule(READINGS, SERVER_S, down_s, draining_bytes)
