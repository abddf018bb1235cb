"""A home in steady state: all bytes between edge and cloud, headers included, while six sensors run at 1 Hz.

The bytes are those of TCP's payload on real connections; TLS would add about 30 to each record.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.catchup import TOKEN, cloud_process
from bench.shaped import readings
from pages.app import wall_ms
from store.backlog import Backlog
from store.by_stream import RowsByStream
from store.clouds import Clouds
from store.database import Database, open_database
from store.part import Part
from store.receiver import Receiver
from sync.replay import Replay, Step
from sync.uplink import Uplink

# The collector commits every 10 s; an hour of that stands for the day, every hour is like the other.
COMMIT_S = 10
HOUR_S = 3_600
SENSORS = 6


@dataclass
class Counted:
    """A forwarder on loopback that counts what passes, both ways together."""

    port: int = 0
    passed: int = 0

    def passed_by(self, work: Callable[[], None]) -> int:
        before = self.passed
        work()
        return self.passed - before


def bytes_per_reading() -> float:
    with (
        TemporaryDirectory(prefix="kembar-bench-") as folder,
        closing(open_database(Path(folder) / "edge.sqlite", "edge")) as db,
        cloud_process(Path(folder)) as url,
        _counting(int(url.rpartition(":")[2])) as counted,
        Uplink(f"http://127.0.0.1:{counted.port}", TOKEN) as uplink,
    ):
        return counted.passed_by(lambda: _live_an_hour(db, uplink)) / (HOUR_S * SENSORS)


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


@contextmanager
def _counting(port: int) -> Iterator[Counted]:
    counted = Counted()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        counted.port = listener.getsockname()[1]
        threading.Thread(target=_accept, args=(listener, port, counted), daemon=True).start()
        yield counted


def _accept(listener: socket.socket, port: int, counted: Counted) -> None:
    here, _ = listener.accept()
    there = socket.create_connection(("127.0.0.1", port))
    pipes = [threading.Thread(target=_pipe, args=(*ends, counted)) for ends in ((here, there), (there, here))]
    for pipe in pipes:
        pipe.start()
    for pipe in pipes:
        pipe.join()
    here.close()
    there.close()


def _pipe(source: socket.socket, to: socket.socket, counted: Counted) -> None:
    while piece := source.recv(65_536):
        counted.passed += len(piece)
        to.sendall(piece)
    to.shutdown(socket.SHUT_WR)


def measure() -> dict[str, float]:
    return {"wire_bytes_per_reading_steady": round(bytes_per_reading(), 2)}
