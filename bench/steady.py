"""A home in steady state: all bytes between edge and cloud, headers included, while six sensors run at 1 Hz.

The bytes are those of TCP's payload on real connections; TLS would add about 30 to each record.
"""

from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.catchup import TOKEN, cloud_process
from bench.loopback import line
from bench.shaped import readings
from pages.app import wall_ms
from store.backlog import Backlog
from store.by_stream import RowsByStream
from store.clouds import Clouds
from store.database import Database
from store.part import Part
from store.receiver import Receiver
from store.sqlite import open_database
from sync.replay import Replay, Step
from sync.uplink import Uplink

# The collector commits every 10 s; an hour of that stands for the day, every hour is like the other.
COMMIT_S = 10
HOUR_S = 3_600
SENSORS = 6


def bytes_per_reading() -> float:
    with (
        TemporaryDirectory(prefix="kembar-bench-") as folder,
        closing(open_database(Path(folder) / "edge.sqlite", "edge")) as db,
        cloud_process(Path(folder)) as url,
        line(url) as counted,
        Uplink(counted.url, TOKEN) as uplink,
    ):
        _live_an_hour(db, uplink)
        return counted.passed / (HOUR_S * SENSORS)


def _live_an_hour(db: Database, uplink: Uplink) -> None:
    clouds, elapsed_s = Clouds(db), 0.0
    backlog = Backlog(db, clouds.number("counted"))
    replay = Replay(backlog, clouds, "counted", uplink, wall_ms, lambda: elapsed_s, "rumah")
    receiver, source, prev_seq = Receiver(db, RowsByStream(db)), readings(), 0
    for _ in range(HOUR_S // COMMIT_S):
        rows = list(islice(source, COMMIT_S * SENSORS))
        with db.write():
            receiver.receive(Part("garage", 7, prev_seq, rows))
        prev_seq += len(rows)
        elapsed_s += COMMIT_S
        while replay.step() is not Step.IDLE:
            pass


def measure() -> dict[str, float]:
    return {"wire_bytes_per_reading_steady": round(bytes_per_reading(), 2)}
