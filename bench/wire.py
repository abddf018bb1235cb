"""Bytes per reading on the wire: batches of 5 000 real-shaped readings, at exactly 1 Hz and with jitter."""

from bench.shaped import JITTER_MS, batches
from store.part import Part
from sync.batch import Batch

READINGS = 100_000
BATCH = 5_000


def bytes_per_reading(jitter_ms: int, batch: int = BATCH) -> float:
    sizes, prev_seq = [], 0
    for rows in batches(READINGS, batch, jitter_ms):
        sizes.append(len(Batch([Part("garage", 7, prev_seq, rows)], "rumah").encode()))
        prev_seq += batch
    return sum(sizes) / READINGS


def measure() -> dict[str, float]:
    return {
        "wire_bytes_per_reading": round(bytes_per_reading(0), 3),
        "wire_bytes_per_reading_jitter": round(bytes_per_reading(JITTER_MS), 3),
    }
