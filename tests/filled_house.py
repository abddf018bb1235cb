"""A house for the tests of pages: a real database filled with days of readings, and a server in front of it.

Time begins at 14.32 in Jakarta and then runs.
"""

import math
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any
from zoneinfo import ZoneInfo

from waitress.server import create_server
from waitress.wasyncore import loop

from metering.profile import Profile
from metering.reading import Meter, Row
from pages.app import build
from pages.condition import CloudSide, Condition, Device, EdgeSide, Pulse
from pages.site import LiveValue, NotSaved, Site, Twin
from store.by_stream import RowsByStream
from store.by_time import RowsByTime
from store.comparisons import Proof
from store.history import History
from store.part import Hole, Part
from store.profiles import Profiles
from store.receiver import Receiver
from store.rolling import Rolling
from store.sqlite import open_database, open_reader

ZONE = ZoneInfo("Asia/Jakarta")
# Friday, 20 November 2026, 14.32.10 in Jakarta.
NOW_MS = 1_795_159_930_000
STEP_MS = 10_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
BEGIN_MS = NOW_MS - 3 * DAY_MS
# The device was off from 15.38 to 16.31 yesterday, between its two boots.
OFF_MS = (NOW_MS - 82_330_000, NOW_MS - 79_150_000)
SENSOR_MS = (NOW_MS - 5 * HOUR_MS, NOW_MS - 5 * HOUR_MS + 12 * 60_000)


def watts_at(at_ms: int, dice: random.Random) -> float:
    """A house of 2 200 VA: a base load, a refrigerator, an evening, a pump and a kettle now and then."""
    hour = (at_ms / HOUR_MS + 7) % 24
    watts = 95.0 + (85 if (at_ms // 60_000) % 37 < 14 else 0)
    watts += 620 * math.exp(-(((hour - 19.5) / 1.9) ** 2)) + 380 * math.exp(-(((hour - 5.3) / 0.8) ** 2))
    watts += 340 if hour >= 22 or hour < 4.5 else 0
    watts += 700 if 14 <= hour < 15.2 else 0
    watts += 520 if (at_ms // 60_000) % 211 < 4 else 0
    return watts * dice.uniform(0.97, 1.03)


def made_rows(
    channel: int, share: float, begin_ms: int, end_ms: int, wh: float, seq: int, by: int, seed: int
) -> list[Row]:
    """Rows of one sensor every STEP_MS, its counter going on from wh."""
    dice = random.Random(seed)
    rows: list[Row] = []
    for at_ms in range(begin_ms, end_ms, STEP_MS):
        watts = watts_at(at_ms, dice) * share
        wh += watts * STEP_MS / HOUR_MS
        volts = 221.5 + 2.4 * math.sin(at_ms / 9e6) + dice.uniform(-0.6, 0.6) - watts / 900
        amps = watts / volts / 0.95
        rows.append(
            (
                seq,
                channel,
                at_ms,
                round(volts * 10) * 100,
                round(amps * 1000),
                round(watts * 10) * 100,
                int(wh),
                50_000,
                950,
                0,
            )
        )
        seq += by
    return rows


@dataclass
class FilledHouse:
    """One site over one database; tests turn its knobs: live values, condition, the clock."""

    path: Path
    twin: Twin
    live: list[LiveValue] = field(default_factory=list)
    condition: Condition = field(default_factory=Condition)
    watched: int = 0
    begun_s: float = field(default_factory=time.monotonic)
    frozen: bool = False
    still_ms: int = NOW_MS
    refuses: bool = False

    def now_ms(self) -> int:
        if self.frozen:
            return self.still_ms
        return self.still_ms + round((time.monotonic() - self.begun_s) * 1000)

    @contextmanager
    def history(self) -> Iterator[History]:
        db = open_reader(self.path)
        try:
            rows = RowsByStream(db) if self.twin == "edge" else RowsByTime(db, 1)
            yield History(db, rows, 0 if self.twin == "edge" else 1)
        finally:
            db.close()

    def watch(self) -> None:
        self.watched += 1

    def site(self, key: str = "", name: str = "Rumah Ibu") -> Site:
        return Site(
            key,
            name,
            ZONE,
            self.twin,
            self.history,
            lambda: self.live,
            lambda: self.condition,
            self.watch,
            self.save,
        )

    def roll(self) -> None:
        """Make the rollups of all that is over."""
        db = open_database(self.path, self.twin)
        edge = self.twin == "edge"
        rolling = Rolling(db, RowsByStream(db) if edge else RowsByTime(db, 1), 0 if edge else 1)
        for _made in rolling.slices(self.now_ms, ZONE):
            pass
        db.close()

    def save(self, meter: Meter, profile: Profile) -> None:
        if self.refuses:
            raise NotSaved("the disk is full")
        db = open_database(self.path, self.twin)
        rows = RowsByStream(db) if self.twin == "edge" else RowsByTime(db, 1)
        Profiles(db, 0 if self.twin == "edge" else 1).write(rows, ("~rumah.pages", 1), meter, profile)
        db.close()


def empty_house(folder: Path, twin: Twin = "edge") -> FilledHouse:
    path = folder / f"{twin}.db"
    open_database(path, twin).close()
    return FilledHouse(path, twin)


def fill(house: FilledHouse, parts: Sequence[Part]) -> None:
    db = open_database(house.path, house.twin)
    edge = house.twin == "edge"
    receiver = Receiver(db, RowsByStream(db) if edge else RowsByTime(db, 1), 0 if edge else 1)
    with db.write():
        for part in parts:
            assert receiver.receive(part).applied
    db.close()


def one_meter() -> list[Part]:
    """Two days of garage/1 in two boots, with a silent sensor this morning."""
    first = made_rows(1, 1.0, BEGIN_MS, OFF_MS[0], 1_204_000, 1, 1, 1)
    wh = float(first[-1][6] or 0)
    later = made_rows(1, 1.0, OFF_MS[1], NOW_MS, wh, 1, 1, 2)
    silent = [row for row in later if SENSOR_MS[0] <= (row[2] or 0) < SENSOR_MS[1]]
    heard = [row for row in later if row not in silent]
    hole = Hole(silent[0][0] or 0, silent[-1][0] or 0, "sensor", *SENSOR_MS)
    return [Part("garage", 65_537, 0, first), Part("garage", 65_538, 0, heard, [hole])]


def three_meters() -> list[Part]:
    """One day of three sensors on one device; the third is silent since half an hour."""
    shares, begin_ms = (1.0, 0.55, 0.2), NOW_MS - 20 * HOUR_MS
    rows: list[Row] = []
    for place, share in enumerate(shares):
        end_ms = NOW_MS if place < 2 else NOW_MS - HOUR_MS // 2
        rows += made_rows(place + 1, share, begin_ms, end_ms, 50_000, place + 1, 3, place)
    seqs = {row[0] for row in rows}
    last = max(seq for seq in seqs if seq)
    missing = [seq for seq in range(1, last) if seq not in seqs]
    times = [begin_ms + (seq - 1) // 3 * STEP_MS for seq in missing]
    holes = [Hole(seq, seq, "sensor", at_ms, at_ms) for seq, at_ms in zip(missing, times, strict=True)]
    return [Part("garage", 65_537, 0, rows, holes)]


def live_value(
    now_ms: int, watts: float = 1184.0, meter: str = "garage/1", interval_ms: int = 1000
) -> LiveValue:
    values = (221_400, 5_630, round(watts * 1000), 1_230_100, 50_000, 950, 0)
    return LiveValue(Meter.parse(meter), 65_538, 9_000_000, now_ms, values, interval_ms)


def edge_condition(now_ms: int, backlog: int = 0, state: Any = "ok") -> Condition:
    return Condition(
        devices=(Device("garage", 65_538, now_ms - 900, 4_182_774, 3, "live", "1.0.0", "power-on"),),
        edge=EdgeSide(now_ms - 900, 4_182_771, 0, 0, 4, 0, 0, "ntp"),
        clouds=(
            CloudSide(
                "https://kembar.example/",
                state,
                now_ms - 2_000,
                backlog,
                0,
                None,
                4_182_771 - backlog,
                proof=Proof(30, 2_591_987, 2_591_987, 13, 0, now_ms - 1_500_000),
            ),
        ),
    )


def application(house: FilledHouse) -> Any:
    return build(house.site(), pulse=lambda: Pulse(True, 0.0, 0), hosts=["kembar.test"], now_ms=house.now_ms)


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of a real server on loopback, stopped at the end."""
    turns: dict[int, Any] = {}
    # So little is kept unsent that an export waits for a reader who does not read, as behind process.serve.
    server: Any = create_server(
        app, map=turns, host="127.0.0.1", port=0, threads=4, outbuf_high_watermark=64 * 1024
    )
    stop = Event()

    def turn_until_stopped() -> None:
        # Only this thread closes: a stop sent through the server's pipe may meet the pipe already closed.
        while not stop.is_set():
            loop(timeout=0.05, map=turns, count=1)
        server.task_dispatcher.shutdown(timeout=1)  # a download nobody reads would not end by itself
        for each in list(turns.values()):
            each.close()

    thread = Thread(target=turn_until_stopped, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        stop.set()
        thread.join(timeout=5)
        assert not thread.is_alive()
