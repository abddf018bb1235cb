"""The notebook: what the collector remembers of boards, boots, anchors and clock steps, in the edge's database.

Reading opens no transaction; writing wants to be inside the collector's.
"""

from collections.abc import Iterable

from edge.anchors import MOST_ANCHORS, Anchor, Anchors
from edge.boards import Board
from edge.boots import NO_FLOOR_MS, WIRE_MASK, Boot
from edge.clocksteps import MOST_KEPT, ClockStep
from edge.dating import Dating
from edge.stream import DeviceStream
from store.database import Database
from store.gaps import Gaps
from store.streams import Stream

_SELECT = (
    "SELECT s.id, s.source, s.boot, s.first, s.cursor, b.ended, b.uptime_ms, b.dropped,"
    " EXISTS (SELECT 1 FROM undated u WHERE u.stream = s.id),"
    # Where every dated row was pruned: the record before the next one to be dated was dated no later than the last.
    " coalesce((SELECT r.taken_ms - r.seq FROM readings r WHERE r.stream = s.id AND r.taken_ms IS NOT NULL"
    " ORDER BY r.seq DESC LIMIT 1), s.last_ms - coalesce((SELECT min(u.seq) - 1 FROM undated u WHERE u.stream = s.id),"
    " s.cursor))"
    " FROM boots b JOIN streams s ON s.id = b.stream"
)

# Boots that this run has not heard come before all it hears, in the order in which they were met.
NOT_HEARD_MS = 10**12


class Notebook:
    def __init__(self, db: Database) -> None:
        self._db = db

    def boards(self) -> list[Board]:
        rows = self._db.execute("SELECT name, upper, source FROM boards ORDER BY met")
        return [Board(name, upper, source, 0, stored=True) for name, upper, source in rows]

    def open_boots(self) -> list[Boot]:
        """Boots that are not over, and those with rows that still wait for a date."""
        rows = self._db.execute(
            f"{_SELECT} WHERE b.ended = 0 OR s.id IN (SELECT DISTINCT stream FROM undated) ORDER BY s.id"
        ).fetchall()
        return [self._boot(row) for row in rows]

    def boot(self, source: str, wire_boot: int) -> Boot | None:
        """The newest stream that a device filled under this number on the wire."""
        row = self._db.execute(
            f"{_SELECT} WHERE s.source = ? AND (s.boot & {WIRE_MASK}) = ? ORDER BY s.boot DESC LIMIT 1",
            (source, wire_boot),
        ).fetchone()
        return self._boot(row) if row else None

    def number(self, source: str, boot: int) -> int | None:
        """The local number of a stream."""
        row = self._db.execute(
            "SELECT id FROM streams WHERE source = ? AND boot = ?", (source, boot)
        ).fetchone()
        return int(row[0]) if row else None

    def cause(self, stream: int, seq: int) -> str | None:
        """The cause of the gap that a record lies in, None where there is no gap."""
        gap = Gaps(self._db).covering(stream, seq)
        return gap.cause if gap else None

    def last_before(self, stream: int, source: str, bound_ms: int) -> int:
        """The newest date before bound_ms in the other streams of a source; 0 when there is none.

        Not by the order in which streams were met: a newer boot says hello before it names the older one.
        """
        row = self._db.execute(
            "SELECT max(last_ms) FROM streams WHERE source = ? AND id <> ? AND last_ms < ?",
            (source, stream, bound_ms),
        ).fetchone()
        return int(row[0] or 0)

    def last_on_disk_ms(self) -> int:
        row = self._db.execute("SELECT max(last_ms) FROM streams").fetchone()
        return int(row[0] or 0)

    def save(self, stream: int, boot: Boot) -> None:
        """Remember a boot and its fresh anchors."""
        self._db.execute(
            "INSERT INTO boots (stream, ended, uptime_ms, dropped) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (stream) DO UPDATE SET ended = excluded.ended, uptime_ms = excluded.uptime_ms,"
            " dropped = excluded.dropped",
            (stream, int(boot.ended), boot.uptime_ms, boot.dropped),
        )
        self._db.executemany(
            "INSERT INTO anchors (stream, era, minute, uptime_ms, mono_ms, own_ms) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (stream, era, minute) DO UPDATE SET uptime_ms = excluded.uptime_ms,"
            " mono_ms = excluded.mono_ms, own_ms = excluded.own_ms",
            [
                (stream, a.era, minute, a.uptime_ms, a.mono_ms, a.own_ms)
                for minute, a in boot.dating.anchors.unsaved()
            ],
        )

    def save_boards(self, boards: Iterable[Board]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO boards (name, upper, source, met) SELECT ?, ?, ?, count(*) FROM boards",
            [(board.name, board.upper, board.source) for board in boards],
        )

    def adopt(self, stream: Stream) -> Board:
        """Remember a boot that only a cloud told of, and the board behind it; it is over unless it says hello."""
        self._db.execute(
            "INSERT OR IGNORE INTO boots (stream, ended, uptime_ms, dropped) VALUES (?, 1, 0, 0)",
            (stream.id,),
        )
        name, upper = stream.source.split("~")[0], (stream.boot & WIRE_MASK) >> 16
        board = Board(name, upper, stream.source, 0, stored=True)
        self.save_boards([board])
        return board

    def learn(self, era: str, offset_ms: int) -> None:
        """The own clock of an era became known: its anchors get their time."""
        self._db.execute(
            "UPDATE anchors SET own_ms = mono_ms + ? WHERE era = ? AND own_ms IS NULL", (offset_ms, era)
        )

    def offset_ms(self, era: str) -> int | None:
        """Own - monotonic ms as last written down in an era; None while its time was not known."""
        row = self._db.execute(
            "SELECT own_ms - mono_ms FROM anchors WHERE era = ? AND own_ms IS NOT NULL"
            " ORDER BY mono_ms DESC LIMIT 1",
            (era,),
        ).fetchone()
        return int(row[0]) if row else None

    def save_steps(self, steps: Iterable[ClockStep]) -> None:
        """Keep steps of the own clock, the newest MOST_KEPT; a correction holds for all anchors of its era."""
        for step in steps:
            if step.by_ms is not None:
                self._db.execute(
                    "UPDATE anchors SET own_ms = mono_ms + ? WHERE era = ?", (step.offset_ms, step.era)
                )
            if step.told:
                self._db.execute(
                    "INSERT INTO clock_steps (at_ms, era, mono_ms, by_ms, source) VALUES (?, ?, ?, ?, ?)",
                    (step.at_ms, step.era, step.mono_ms, step.by_ms, step.source),
                )
                self._db.execute(
                    "DELETE FROM clock_steps WHERE id <= (SELECT max(id) FROM clock_steps) - ?", (MOST_KEPT,)
                )

    def steps(self, most: int = MOST_KEPT) -> list[ClockStep]:
        """The last steps of the own clock, newest first."""
        rows = self._db.execute(
            "SELECT at_ms, era, mono_ms, by_ms, source FROM clock_steps ORDER BY id DESC LIMIT ?", (most,)
        )
        return [ClockStep(*row) for row in rows]

    def _boot(self, row: tuple[int, str, int, int, int, int, int, int, int, int | None]) -> Boot:
        anchors = self._db.execute(
            "SELECT uptime_ms, mono_ms, own_ms, era FROM anchors WHERE stream = ?"
            f" ORDER BY uptime_ms DESC LIMIT {MOST_ANCHORS}",
            (row[0],),
        )
        stream = DeviceStream(row[1], row[2], row[3], row[4])
        boot = Boot(row[1].split("~")[0], stream, Dating(Anchors(Anchor(*a) for a in anchors)), met=True)
        boot.ended = boot.ended_on_disk = bool(row[5])
        boot.uptime_ms, boot.dropped, boot.undated = row[6], row[7], bool(row[8])
        boot.floor_ms = NO_FLOOR_MS if row[9] is None else row[9]
        boot.heard_mono_ms = row[0] - NOT_HEARD_MS
        return boot
