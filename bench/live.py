"""How fresh a page is that somebody looks at: from a device's datagram to the value in both read APIs.

This process plays the device and both readers; the readers' own pause is part of the figures.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests

from bench.catchup import TOKEN, fill
from bench.household import Household, household
from edge.device import VirtualDevice
from edge.devicelink import UdpDeviceLink
from pages.app import wall_ms
from store.sqlite import open_database

DEVICE, BOOT = "dapur", 0x1234_0001
SENSORS = 12
# The backlog is of the days before now.
RECORDED_SENSORS = 6
LOOK_EVERY_S = 0.1
# In a quiet house the edge learns with the answer to its next batch that somebody looks: 10 s at most.
FIRST_LOOK_S, FIRST_LOOK_BUSY_S = 15.0, 5.0
CALM_S = 45.0
# 2 000 000 readings are 3.3 MB: 52 s of a mobile uplink of half a Mbit/s, which the live values share.
POOR_LINE_ROWS, POOR_LINE_BYTES_PER_S, POOR_LINE_S = 2_000_000, 64_000, 35.0
# Some 20 s of replay with all that two cores have.
RACE_ROWS = 4_000_000
UNDER_WAY_ROWS = 10_000
VALUES_LEAST = 100


@dataclass
class Reader:
    """One read API that is looked at; `late_s`: how long each value took until it, or a later one, was there."""

    url: str
    headers: Mapping[str, str]
    sent_s: Mapping[tuple[int, int], float]
    late_s: list[float] = field(default_factory=list)
    backlog_rows: int = 0
    _seen: dict[int, int] = field(default_factory=dict)

    def work(self, end: threading.Event) -> None:
        with requests.Session() as session:
            while not end.wait(LOOK_EVERY_S):
                self.look(session)

    def look(self, session: requests.Session) -> None:
        answer = session.get(f"{self.url}/latest", headers=dict(self.headers), timeout=10)
        answer.raise_for_status()
        now_s, told = time.monotonic(), answer.json()
        self.backlog_rows = told["sync"]["backlog_rows"] or 0
        for meter in told["meters"]:
            source, _, channel = meter["meter"].partition("/")
            if source == DEVICE:
                self._take(int(channel), meter["values"], now_s)

    def _take(self, channel: int, values: Mapping[str, Any], now_s: float) -> None:
        newest = round(values["power_w"])
        for number in range(self._seen.get(channel, newest) + 1, newest + 1):
            self.late_s.append(now_s - self.sent_s[channel, number])
        self._seen[channel] = newest

    def p99_s(self) -> float:
        if len(self.late_s) < VALUES_LEAST:
            raise AssertionError(f"only {len(self.late_s)} values were seen at {self.url}")
        return sorted(self.late_s)[ceil(0.99 * len(self.late_s)) - 1]


class Device:
    """Sensors at 1 Hz, one after the other; the power of a reading is its number in W."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to = to
        self.sent_s: dict[tuple[int, int], float] = {}

    def work(self, end: threading.Event) -> None:
        begun_s, ticks = time.monotonic(), 0
        with closing(UdpDeviceLink(*self._to)) as link:
            device = VirtualDevice(DEVICE, BOOT, edge=link.edge)
            while not end.wait(max(0.0, begun_s + ticks / SENSORS - time.monotonic())):
                uptime_ms = round(1000 * (time.monotonic() - begun_s))
                self._measure(device, uptime_ms, ticks)
                for line, sender in link.hear():
                    device.hear(line, sender, uptime_ms)
                for datagram in device.lines_to_send(uptime_ms):
                    link.send(b"".join(datagram))
                ticks += 1

    def _measure(self, device: VirtualDevice, uptime_ms: int, ticks: int) -> None:
        number, channel = ticks // SENSORS, ticks % SENSORS + 1
        self.sent_s[channel, number] = time.monotonic()
        device.tick(uptime_ms, {channel: (220_000, 1_000, 1_000 * number, number, 50_000, 900, 0)})


@contextmanager
def looked_at(house: Household) -> Iterator[tuple[Reader, Reader]]:
    """A device at work, and readers of the LAN and of the cloud that look all the time."""
    end, device = threading.Event(), Device(house.lines)
    lan = Reader(house.lan_api, {}, device.sent_s)
    cloud = Reader(house.cloud_api, {"Authorization": f"Bearer {TOKEN}"}, device.sent_s)
    threads = [threading.Thread(target=work, args=(end,)) for work in (device.work, lan.work, cloud.work)]
    for thread in threads:
        thread.start()
    try:
        yield lan, cloud
    finally:
        end.set()
        for thread in threads:
            thread.join()


def p99_s(
    backlog_rows: int,
    bytes_per_s: float | None,
    first_look_s: float,
    goes_on: Callable[[float, Reader], bool],
) -> tuple[float, float]:
    """LAN and cloud, measured as long as goes_on(seconds so far, LAN's reader)."""
    with TemporaryDirectory(prefix="kembar-bench-") as folder:
        with closing(open_database(Path(folder) / "kembar.sqlite", "edge")) as db:
            fill(db, backlog_rows, wall_ms() - 1000 * backlog_rows // RECORDED_SENSORS)
        with household(Path(folder), bytes_per_s) as house, looked_at(house) as readers:
            time.sleep(first_look_s)
            for reader in readers:
                reader.late_s.clear()
            begun_s = time.monotonic()
            while goes_on(time.monotonic() - begun_s, readers[0]):
                time.sleep(LOOK_EVERY_S)
            lan, cloud = (reader.p99_s() for reader in readers)
            return lan, cloud


def _while_it_replays(most_s: float) -> Callable[[float, Reader], bool]:
    def goes_on(elapsed_s: float, lan: Reader) -> bool:
        return elapsed_s < most_s and lan.backlog_rows > UNDER_WAY_ROWS

    return goes_on


def measure() -> dict[str, float]:
    calm = p99_s(0, None, FIRST_LOOK_S, lambda elapsed_s, _lan: elapsed_s < CALM_S)
    poor = p99_s(POOR_LINE_ROWS, POOR_LINE_BYTES_PER_S, FIRST_LOOK_BUSY_S, _while_it_replays(POOR_LINE_S))
    race = p99_s(RACE_ROWS, None, FIRST_LOOK_BUSY_S, _while_it_replays(CALM_S))
    return {
        "live_lan_p99_s": round(calm[0], 2),
        "live_cloud_p99_s": round(calm[1], 2),
        "live_lan_p99_s_replay": round(max(poor[0], race[0]), 2),
        "live_cloud_p99_s_replay": round(max(poor[1], race[1]), 2),
    }
