"""Catch-up: a backlog from an edge's database over real HTTP into a cloud's, committed before each answer.

The cloud is a process of its own, started as a user starts it; this process is the edge's sync worker.
What ten million readings change is measured in bench/longbacklog.py.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench.shaped import START_MS, readings
from store.backlog import Backlog
from store.by_stream import RowsByStream
from store.clouds import Clouds
from store.database import Database
from store.part import Part
from store.receiver import Receiver
from store.sqlite import open_database
from sync.replay import Replay, Step
from sync.uplink import Uplink

TOKEN = "a-token-for-the-benchmark"
FILL_ROWS = 50_000
START_S = 30.0
_SERVE = "import sys; from cloud.main import main; sys.exit(main(['serve', '--config', sys.argv[1]]))"


def catchup_per_s(rows: int) -> float:
    """Readings per second from the first request to the last answer."""
    with TemporaryDirectory(prefix="kembar-bench-") as folder:
        with closing(open_database(Path(folder) / "edge.sqlite", "edge")) as db:
            fill(db, rows)
            with cloud_process(Path(folder)) as url, Uplink(url, TOKEN) as uplink:
                seconds = _replay(db, url, uplink)
        with closing(open_database(Path(folder) / "cloud.db", "cloud")) as db:
            arrived = db.execute("SELECT count(*) FROM readings").fetchone()[0]
    if arrived != rows:
        raise AssertionError(f"{arrived} of {rows} readings arrived")
    return rows / seconds


def fill(db: Database, rows: int, start_ms: int = START_MS) -> None:
    """Record so many readings, as a collector that was cut off from the cloud."""
    receiver, source, prev_seq = Receiver(db, RowsByStream(db)), readings(start_ms=start_ms), 0
    while prev_seq < rows:
        some = list(islice(source, min(FILL_ROWS, rows - prev_seq)))
        with db.write():
            receiver.receive(Part("garage", 7, prev_seq, some))
        prev_seq += len(some)


@contextmanager
def cloud_process(folder: Path) -> Iterator[str]:
    """A cloud with its database in the folder; gives its address."""
    with running_cloud(folder) as (url, _process):
        yield url


@contextmanager
def running_cloud(folder: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """The same with its process."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    config = folder / "cloud.toml"
    config.write_text(
        f'[cloud]\nlisten = "127.0.0.1:{port}"\ndatabase = "sqlite:///{folder}/cloud.db"\n'
        f'[[site]]\nname = "rumah"\ntoken = "{TOKEN}"\n'
    )
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, "-c", _SERVE, str(config)]) as process:
        try:
            wait_for(url)
            yield url, process
        finally:
            process.terminate()


def wait_for(url: str) -> None:
    until_s = time.monotonic() + START_S
    while True:
        try:
            requests.get(f"{url}/healthz", timeout=1).raise_for_status()
            return
        except requests.RequestException:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.05)


def _replay(db: Database, url: str, uplink: Uplink) -> float:
    clouds = Clouds(db)
    backlog = Backlog(db, clouds.number(url))
    replay = Replay(backlog, clouds, url, uplink, lambda: time.time_ns() // 1_000_000, time.monotonic)
    begun_s = time.perf_counter()
    while replay.step() is not Step.IDLE:
        pass
    return time.perf_counter() - begun_s


def measure() -> dict[str, float]:
    return {
        "catchup_readings_per_s": round(catchup_per_s(1_000_000)),
        "catchup_readings_per_s_100k": round(catchup_per_s(100_000)),
    }
