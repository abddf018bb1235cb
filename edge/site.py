"""The house as the pages see it: rows from the database, newest values and condition from RAM.

It only reads, but for what people say of meters. What the collector and the sync worker know they tell through their
RAM files.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from edge import waiting
from edge.collect import DATABASE
from edge.known import known
from edge.notebook import Notebook
from edge.ramfile import RamFile
from edge.settings import EdgeSettings
from edge.timezone import OWN
from metering.profile import Profile
from metering.reading import Meter
from pages.condition import ClockStep, CloudSide, Condition, Device, EdgeSide, Notice, Pulse
from pages.site import LiveValue, NotSaved, Site
from store.by_stream import RowsByStream
from store.comparisons import Comparisons
from store.database import Database, Unopenable
from store.history import History
from store.part import READINGS
from store.profiles import Profiles
from store.quarantine import Quarantine
from store.sqlite import open_database, open_reader
from store.streams import Streams

# The collector writes at least every 2 s; a word older than this is from one that is gone.
COLLECTOR_OLD_MS = 10_000
# The sync worker writes every second while it runs; a slow cloud may hold it up for its timeouts.
SYNC_OLD_MS = 120_000
DEVICE_SILENT_MS = 5_000
# Of the clock; the last correction is what people ask for.
STEPS_SHOWN = 20


class House:
    """Lends a reader per thread: SQLite connections are not shared."""

    def __init__(self, settings: EdgeSettings, now_ms: Callable[[], int]) -> None:
        self._settings = settings
        self._path: Path = settings.edge.data_dir / DATABASE
        self._live = RamFile(settings.edge.data_dir, "live")
        self._sync = RamFile(settings.edge.data_dir, "sync")
        self._pairing = RamFile(settings.edge.data_dir, waiting.NAME)
        self._mine = threading.local()
        self._now_ms = now_ms
        # A stream of this start: below 2**53, which every JSON reader keeps exactly.
        self._writer = f"{OWN}{settings.edge.name}.pages", time.time_ns() // 1_000_000

    def site(self) -> Site:
        edge = self._settings.edge
        return Site("", edge.name, edge.zone, "edge", self.history, self.live, self.condition, save=self.save)

    def save(self, meter: Meter, profile: Profile) -> None:
        """Keep what a person said of a meter, as a change of this process; raises NotSaved."""
        try:
            with closing(open_database(self._path, "edge")) as db:
                Profiles(db).write(RowsByStream(db), self._writer, meter, profile)
        except (Unopenable, sqlite3.Error) as error:
            raise NotSaved(str(error)) from error

    @contextmanager
    def history(self) -> Iterator[History]:
        db = self._reader()
        yield History(db, RowsByStream(db))

    def live(self) -> Sequence[LiveValue]:
        told = self._told()
        return [
            LiveValue(
                Meter(m["source"], m["channel"]), m["boot"], m["seq"], m["taken_ms"], tuple(m["values"]),
                m["interval_ms"], m["estimated"],
            )
            for m in (told["meters"] if told else [])
        ]  # fmt: skip

    def condition(self) -> Condition:
        told, db = self._told(), self._reader()
        newest = max((s for s in Streams(db).all() if s.kind == READINGS), key=lambda s: s.id, default=None)
        last_ms = db.execute("SELECT max(last_ms) FROM streams").fetchone()[0]
        counts = told["counts"] if told else {}
        edge = EdgeSide(
            last_ms=self._now_ms() if told else last_ms,
            seq=newest.cursor if newest else None,
            waiting_rows=told["waiting_rows"] if told else None,
            undated_rows=db.execute("SELECT count(*) FROM undated").fetchone()[0],
            garbled_lines=counts.get("garbled", 0) if told else None,
            refused_lines=Quarantine(db).count(),
            conflicts=counts.get("conflicts", 0) if told else None,
            clock=told["clock"] if told else "unknown",
            notices=(*_notices(told), *self._rivals()),
            clock_steps=self._clock_steps(db),
        )
        pairing = waiting.read(self._pairing, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)
        return Condition(self._devices(told), edge, self._clouds(db), pairing)

    def pulse(self) -> Pulse:
        """The pages can do their job when the database answers; the lag is how old the newest value is."""
        try:
            last_ms = self._reader().execute("SELECT max(last_ms) FROM streams").fetchone()[0]
        except Unopenable as error:
            return Pulse(False, 0.0, 0, str(error))
        told = self._told()
        lag_s = max(0.0, (self._now_ms() - last_ms) / 1000) if last_ms else 0.0
        return Pulse(True, lag_s, told["waiting_rows"] if told else 0)

    def _told(self) -> dict[str, Any] | None:
        """What the collector told last, if it is alive."""
        told = self._live.read()
        if told is None:
            return None
        age_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000 - told["mono_ms"]
        return told if 0 <= age_ms < COLLECTOR_OLD_MS else None

    @staticmethod
    def _clock_steps(db: Database) -> tuple[ClockStep, ...]:
        steps = Notebook(db).steps(STEPS_SHOWN)
        return tuple(ClockStep(step.at_ms, step.by_ms, step.source) for step in steps)

    def _devices(self, told: dict[str, Any] | None) -> tuple[Device, ...]:
        now_ms = self._now_ms()
        return tuple(
            Device(
                d["source"], d["boot"], now_ms - d["heard_ago_ms"], d["last_seq"], d["queued"],
                "live" if d["heard_ago_ms"] < DEVICE_SILENT_MS else "silent", d["firmware"], d["reset_cause"],
            )
            for d in (told["devices"] if told else [])
        )  # fmt: skip

    def _rivals(self) -> Iterator[Notice]:
        """Others that send the same to a cloud, each told once."""
        told = self._sync.read() or {"clouds": []}
        found = {tuple(rival) for cloud in told["clouds"] for rival in cloud.get("rivals", ())}
        for kind, about, other in sorted(found):
            yield Notice(f"rival-{kind}", {"about": about, "other": other})

    def _clouds(self, db: Database) -> tuple[CloudSide, ...]:
        told = self._sync.read()
        fresh = told is not None and abs(self._now_ms() - told["at_ms"]) < SYNC_OLD_MS
        heard = {cloud["url"]: cloud for cloud in told["clouds"]} if told and fresh else {}
        found = known(self._settings)
        broken = [CloudSide(each.about, "off", None, reason=str(each)) for each in found.mistakes]
        return (*(self._cloud(db, url, heard.get(url)) for url in found.urls), *broken)

    def _cloud(self, db: Database, url: str, told: dict[str, Any] | None) -> CloudSide:
        row = db.execute("SELECT id, acknowledged_ms FROM clouds WHERE url = ?", (url,)).fetchone()
        proof = Comparisons(db, row[0] if row else 0).proof(self._now_ms())
        if told is None:
            behind = self._behind(db, row[0] if row else 0)
            return CloudSide(url, "off", row[1] if row else None, behind, proof=proof)
        return CloudSide(
            url,
            told["state"],
            told["last_ack_ms"],
            told["backlog_rows"],
            told["refused_rows"],
            told["reason"],
            rows_per_s=told.get("rows_per_s"),
            left_s=told.get("left_s"),  # a worker that still runs from before an update does not tell it
            proof=proof,
        )

    @staticmethod
    def _behind(db: Database, cloud: int) -> int:
        row = db.execute(
            "SELECT sum(max(0, s.cursor - max(coalesce(a.seq, 0), s.first - 1))) FROM streams s"
            " LEFT JOIN acknowledged a ON a.stream = s.id AND a.cloud = ?",
            (cloud,),
        ).fetchone()
        return int(row[0] or 0)

    def _reader(self) -> Database:
        if not hasattr(self._mine, "db"):
            self._mine.db = open_reader(self._path)
        db: Database = self._mine.db
        return db


def _notices(told: dict[str, Any] | None) -> tuple[Notice, ...]:
    if told is None:
        return (Notice("collector-silent"),)
    notices = [Notice(n["kind"], {"about": n["about"]}) for n in told["notices"] if n["kind"] != "disk"]
    if told["disk"]:
        notices.insert(0, Notice("disk", {"about": told["disk"]}))
    if told["clock"] == "unknown":
        notices.append(Notice("clock-unknown"))
    return tuple(notices)
