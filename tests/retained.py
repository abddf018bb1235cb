"""An edge whose hours are pruned, and what must stay true of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from madeparts import Twin, row

from metering.energy import HOUR_MS, differences
from metering.reading import Meter
from store.clouds import Clouds
from store.confirmed import Confirmed
from store.database import Database
from store.retention import Retention

FIRST_HOUR = 498_658
FIRST_MS = FIRST_HOUR * HOUR_MS
GARAGE = Meter("garage", 1)
URLS = ("https://one.example", "https://two.example")
FOREVER = 10**6
NOBODY = ()  # no cloud in the settings


@dataclass
class Edge:
    """An edge's database, written as the collector writes it, and what must be true of it."""

    folder: Path
    twin: Twin = field(init=False)

    def __post_init__(self) -> None:
        self.twin = Twin(self.folder, "edge")
        self.history = self.twin.history
        self.clouds = Clouds(self.db)
        self.retention = Retention(self.db)

    @property
    def db(self) -> Database:
        return self.twin.db

    def confirmed(self, *urls: str) -> Confirmed:
        return Confirmed(self.db, urls)

    def acknowledge(self, url: str, cursors: dict[int, int], amended: int = 0) -> None:
        self.clouds.note(self.clouds.number(url), cursors, amended, FIRST_MS)

    def amend(self, stream: int, low: int, high: int) -> None:
        with self.db.write():
            self.db.execute(
                "INSERT INTO amends (stream, from_seq, to_seq) VALUES (?, ?, ?)", (stream, low, high)
            )

    def prune_all(self, *urls: str, forced: bool = False, before: int = FIRST_HOUR + 10_000) -> int:
        """Every hour that may go; gives how many rows did."""
        clouds = self.confirmed(*urls)
        hours = self.retention.hours(before, FOREVER)
        may_go = [hour for hour in hours if forced or self.retention.confirmed(hour, clouds)]
        return sum(self.retention.prune(hour, clouds).rows for hour in may_go)

    def rows(self) -> dict[tuple[int, int], tuple[Any, ...]]:
        return stored(self.db)


def stored(db: Database) -> dict[tuple[int, int], tuple[Any, ...]]:
    """(stream, seq) -> the rest of the row."""
    return {(r[0], r[1]): tuple(r[2:]) for r in db.execute("SELECT * FROM readings")}


def unaccounted(db: Database) -> list[str]:
    """Numbers that are neither a row nor in one gap."""
    wrong = []
    for stream, first, cursor in db.execute("SELECT id, first, cursor FROM streams").fetchall():
        seqs = [s for (s,) in db.execute("SELECT seq FROM readings WHERE stream = ?", (stream,))]
        for low, high in db.execute("SELECT from_seq, to_seq FROM gaps WHERE stream = ?", (stream,)):
            seqs += range(low, high + 1)
        if sorted(seqs) != list(range(first, cursor + 1)):
            wrong.append(f"stream {stream}: {sorted(seqs)} is not {first}...{cursor}")
    return wrong


def hourly(seqs: range, per_hour: int = 4, channels: int = 1) -> list[tuple[int | None, ...]]:
    """`per_hour` records an hour from FIRST_MS on, channels in turn, a counter that grows with each."""
    step = HOUR_MS // per_hour
    return [row(seq, FIRST_MS + step * (seq - 1), 1 + seq % channels, wh=seq) for seq in seqs]


def energy(counters: Iterable[Any]) -> int:
    return sum(step.wh for step in differences(counters))
