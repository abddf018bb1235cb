"""Kembar among its peers: device -> collect -> SQLite -> sync -> HTTP -> cloud -> SQLite, each a process of its own."""

import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from importlib.metadata import version
from pathlib import Path

from bench.catchup import TOKEN, cloud_process, fill
from bench.household import PROGRAMS, free_port
from bench.peers.house import Held, House
from bench.peers.programs import Program
from edge.device import VirtualDevice
from edge.devicelink import UdpDeviceLink
from metering.reading import CHANNEL, FIRST_VALUE, Row
from store.sqlite import open_database

DEVICE, BOOT = "garage", 0x1234_0001

_EDGE = """\
[edge]
name = "rumah"
data_dir = "{folder}/edge"
timezone = "Asia/Jakarta"
clock = "trust"

[[link]]
url = "udp://127.0.0.1:{lines}"

[[cloud]]
url = "http://127.0.0.1:{entry}"
token = "{token}"
"""


class _Kembar:
    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.entry, self.server = free_port(socket.SOCK_STREAM), 0
        self.acknowledged: set[int] = set()
        self._folder, self._opened = folder, opened
        (folder / "edge").mkdir()
        lines, settings = free_port(socket.SOCK_DGRAM), folder / "edge.toml"
        settings.write_text(_EDGE.format(folder=folder, lines=lines, entry=self.entry, token=TOKEN))
        ram = {"RUNTIME_DIRECTORY": str(folder)}
        self._senders = [
            Program([str(PROGRAMS / name), work, "--config", str(settings)], folder, ram)
            for name, work in (("kembar-edge", "collect"), ("kembar-sync", "run"))
        ]
        for sender in self._senders:
            opened.callback(sender.stop)
        link = opened.enter_context(closing(UdpDeviceLink("127.0.0.1", lines)))
        self._link, self._device = link, VirtualDevice(DEVICE, BOOT, edge=link.edge)
        self._begun_s, self._last_seq = time.monotonic(), 0
        self._cloud: sqlite3.Connection | None = None

    def record(self, count: int) -> None:
        with closing(open_database(self._folder / "edge" / "kembar.sqlite", "edge")) as db:
            fill(db, count)

    def start(self) -> None:
        for sender in self._senders:
            sender.start()

    def kill(self) -> None:
        for sender in self._senders:
            sender.kill()

    def serve(self) -> None:
        url = self._opened.enter_context(cloud_process(self._folder))
        self.server = int(url.rpartition(":")[2])
        self._cloud = self._opened.enter_context(
            closing(sqlite3.connect(f"file:{self._folder}/cloud.db?mode=ro", uri=True))
        )

    def offer(self, rows: Sequence[Row]) -> None:
        """The device keeps what is not acknowledged and says it again, as its protocol demands."""
        device, uptime_ms = self._device, round(1000 * (time.monotonic() - self._begun_s))
        made = device.tick(uptime_ms, {row[CHANNEL] or 0: row[FIRST_VALUE:] for row in rows})
        self._last_seq = made[-1].seq if made else self._last_seq
        for line, sender in self._link.hear():
            device.hear(line, sender, uptime_ms)
        for datagram in device.lines_to_send(uptime_ms):
            self._link.send(b"".join(datagram))
        held = device.held()
        self.acknowledged = set(range(1, held[0].seq if held else self._last_seq + 1))

    def arrived(self) -> int:
        """A cursor moves with its rows, in one transaction."""
        assert self._cloud
        found = self._cloud.execute("SELECT cursor FROM streams WHERE source = ?", (DEVICE,)).fetchone()
        return int(found[0]) if found else 0

    def first_s(self) -> None:
        return None

    def held(self) -> Held:
        assert self._cloud
        times = Counter(
            int(seq)
            for (seq,) in self._cloud.execute(
                "SELECT seq FROM readings JOIN streams ON streams.id = stream WHERE source = ?", (DEVICE,)
            )
        )
        return Held(frozenset(times), frozenset(seq for seq, count in times.items() if count > 1))


class Kembar:
    key, name = "kembar", "Kembar"
    durability = "fsync before A1; server: fsync before the answer"
    backlog = 1_000_000

    def version(self) -> str:
        return version("kembar")

    @contextmanager
    def house(self, folder: Path) -> Iterator[House]:
        with ExitStack() as opened:
            yield _Kembar(folder, opened)
