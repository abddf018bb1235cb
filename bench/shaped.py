"""Real-shaped readings: the recorded six sensors at 1 Hz, repeated, with an energy counter that goes on."""

import random
from collections.abc import Iterator
from itertools import count, islice

from edge.recording import tracks
from metering.reading import Row

START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
JITTER_MS = 10
SEED = 1


def readings(jitter_ms: int = 0, start_ms: int = START_MS) -> Iterator[Row]:
    """Rows without end in the order in which a device numbers them: each second, meter after meter."""
    dice = random.Random(SEED)
    meters = tracks()
    used_mws = [1_000_000 * 3_600_000 * (channel + 1) for channel in range(len(meters))]
    seq = count(1)
    for second in count():
        for channel, track in enumerate(meters):
            moment = track.at(1000 * second)
            used_mws[channel] += moment.power_mw
            taken_ms = start_ms + 1000 * second + dice.randint(-jitter_ms, jitter_ms)
            yield (next(seq), channel + 1, taken_ms, *moment.values(used_mws[channel] // 3_600_000))


def batches(rows: int, size: int, jitter_ms: int = 0) -> Iterator[list[Row]]:
    """`rows` readings in lists of `size`, each ordered by channel, then seq, as a backlog cuts them."""
    source = readings(jitter_ms)
    for _ in range(rows // size):
        yield sorted(islice(source, size), key=lambda row: row[1] or 0)
