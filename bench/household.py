"""A whole house of real processes on loopback, started as a user starts them: cloud, collect, serve, sync.

Devices are the measurement's affair. What is measured stands in bench/card.py and bench/live.py.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench.catchup import TOKEN, running_cloud
from bench.loopback import line

PROGRAMS = Path(sys.executable).parent
# Four interpreters that start at once beside other work.
START_S = 120.0
STOP_S = 20.0
SITE = "rumah"

_EDGE = """\
[edge]
name = "rumah"
data_dir = "{folder}"
timezone = "Asia/Jakarta"
clock = "trust"

[[link]]
url = "udp://127.0.0.1:{lines}"

[pages]
listen = "127.0.0.1:{lan}"

[[cloud]]
url = "{cloud}"
token = "{token}"
"""


@dataclass(frozen=True, slots=True)
class Household:
    """The addresses of a running house, its edge's processes by what they do, and its cloud's."""

    lines: tuple[str, int]
    lan_api: str
    cloud_api: str
    edge: Mapping[str, subprocess.Popen[bytes]]
    cloud: subprocess.Popen[bytes]


@contextmanager
def household(folder: Path, bytes_per_s: float | None = None) -> Iterator[Household]:
    """Started and answering; `bytes_per_s` is what the line between edge and cloud carries."""
    with (
        TemporaryDirectory(prefix="kembar-bench-", dir="/dev/shm") as ram,
        running_cloud(folder) as (url, cloud),
        line(url, bytes_per_s) as way,
        ExitStack() as running,
    ):
        lines, lan = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
        settings = folder / "edge.toml"
        settings.write_text(_EDGE.format(folder=folder, lines=lines, lan=lan, cloud=way.url, token=TOKEN))
        edge = {
            name: running.enter_context(program(command, work, "--config", str(settings), ram=ram))
            for name, command, work in (
                ("collect", "kembar-edge", "collect"),
                ("serve", "kembar-edge", "serve"),
                ("sync", "kembar-sync", "run"),
            )
        }
        _wait_until_collecting(f"http://127.0.0.1:{lan}/api/v1/health")
        yield Household(
            ("127.0.0.1", lines), f"http://127.0.0.1:{lan}/api/v1", f"{url}/api/v1/sites/{SITE}", edge, cloud
        )


@contextmanager
def program(name: str, *arguments: str, ram: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """One installed command; at the end it is asked to stop, and killed if it does not. `ram`: for its RAM files."""
    argv, environ = [str(PROGRAMS / name), *arguments], {**os.environ, "RUNTIME_DIRECTORY": ram}
    with subprocess.Popen(argv, env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port(kind: socket.SocketKind) -> int:
    with closing(socket.socket(socket.AF_INET, kind)) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _wait_until_collecting(url: str) -> None:
    """The pages know how many rows wait as soon as the collector has told them."""
    until_s = time.monotonic() + START_S
    while True:
        with suppress(requests.RequestException):
            if requests.get(url, timeout=5).json()["edge"]["waiting_rows"] is not None:
                return
        if time.monotonic() > until_s:
            raise TimeoutError(f"no collector within {START_S:g} s at {url}")
        time.sleep(0.05)


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def waited_s(pid: int) -> float:
    """For how long the threads of a process could have run while other work held the processors."""
    each = [(task / "schedstat").read_text().split()[1] for task in Path(f"/proc/{pid}/task").iterdir()]
    return sum(map(int, each)) / 1e9


def peak_resident_mb(pid: int) -> float:
    """The most that the process ever held, as the kernel kept it."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024 / 1e6


def written_bytes(pid: int) -> int:
    """What a process has made the kernel write to a disk; files in RAM are not counted."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    fields = {name: int(value) for name, value in (line.split(": ") for line in lines)}
    return fields["write_bytes"] - fields["cancelled_write_bytes"]
