"""The collector: every line that arrives finds its stream, every commit is answered.

No sockets and no clock: links hand it lines with the instant they arrived, and something to answer to. It is
the only writer of readings in the house.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from edge import answers
from edge.boots import Boot, Sender
from edge.clock import Instant
from edge.clocksteps import MOST_WAITING, ClockStep, StepWatch
from edge.commit import Commit, Kept
from edge.earlier import EarlierSets
from edge.line import (
    LOST,
    Ack,
    Beacon,
    Earlier,
    Garbled,
    Hello,
    Line,
    NoReading,
    Reading,
    Refused,
)  # fmt: skip
from edge.live import Live
from edge.pace import Pace
from edge.registry import Registry
from edge.returned import Returned
from edge.stream import Place
from edge.tally import Tally
from store.by_stream import RowsByStream
from store.database import Database
from store.part import Hole

# While the disk refuses, records wait here and then in the devices; what is not acknowledged is not lost.
MOST_UNWRITTEN = 20_000
# Datagrams that overtook each other are together again by then.
HOLE_MS = 1_000
# Raw lines of one commit's time kept for the quarantine; more are only counted.
MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Heard:
    """Lines that arrived together (one datagram, or one read of a serial link), when, and from whom."""

    lines: list[Line | Garbled]
    sender: Sender
    at: Instant


class Collector:
    def __init__(self, db: Database, tally: Tally, live: Live) -> None:
        self._commit = Commit(db)
        self._rows = RowsByStream(db)
        self.registry = Registry(self._commit.notebook)
        self.tally = tally
        self.live = live
        self.pace = Pace()
        self._returned = Returned(db)
        self._earlier = EarlierSets()
        self._kept: list[Kept] = []
        self._era_known = ""
        self._watch = StepWatch(self._commit.notebook.offset_ms)
        self._steps: list[ClockStep] = []

    def hear(self, heard: Heard) -> None:
        """Take what arrived. Nothing is on disk or acknowledged yet, but for answers to what already was."""
        try:
            self._hear(heard)
        except sqlite3.Error as error:
            # A card that cannot be read for a moment: nothing of it is taken or answered, it comes again.
            self.tally.writes(False, heard.at, str(error))

    def _hear(self, heard: Heard) -> None:
        self._earlier.begin(heard.sender)
        for line in heard.lines:
            if isinstance(line, Garbled | Ack | Beacon):
                self.tally.count("garbled" if isinstance(line, Garbled) else "unexpected")
                self._earlier.interrupt()
                continue
            boot = self._boot(line, heard)
            if boot is not None:
                boot.heard_mono_ms, boot.sender = heard.at.mono_ms, heard.sender
                self._dispatch(boot, line, heard)

    def tick(self, at: Instant) -> None:
        """Commit if it is time, acknowledge, and date what waited. Call it at least every 100 ms."""
        boots = self.registry.boots.all()
        self._mind_clock(boots, at)
        self.pace.dirty(bool(self._steps) or any(boot.dirty for boot in boots), at.mono_ms)
        if self.pace.due(at.mono_ms, sum(len(boot.stream.pending) for boot in boots)):
            self._write(boots, at)
        elif self.pace.dating_due(at.mono_ms) and any(boot.undated for boot in boots):
            self._guarded(lambda: self._look_again(boots, at), at)
        if self._returned.due(at.mono_ms):
            self._guarded(lambda: self._take_returned(boots, at), at, tells=False)

    def finish(self, at: Instant) -> None:
        """The process stops: commit what is here, so that the devices need not send it again."""
        boots = self.registry.boots.all()
        self._mind_clock(boots, at)
        if self._steps or any(boot.dirty for boot in boots):
            self._write(boots, at)

    def _mind_clock(self, boots: list[Boot], at: Instant) -> None:
        """A step of the own clock is written down, and what is not dated yet is dated by the corrected clock."""
        try:
            step = self._watch.look(at)
        except sqlite3.Error as error:
            self.tally.writes(False, at, str(error))
            return
        if step is None:
            return
        self._steps = [*self._steps[-MOST_WAITING + 1 :], step]
        self.pace.hasten()
        if step.by_ms is not None:
            for boot in boots:
                boot.dating.anchors.learn(step.era, step.offset_ms, corrected=True)
                boot.free_floor(step.at_ms)

    def _write(self, boots: list[Boot], at: Instant) -> None:
        def commit() -> None:
            self._tell_time(boots, at)
            moved = self._commit.write(boots, self.registry.boards.all(), self._kept, at, self._steps)
            self._kept, self._steps = [], []
            self.pace.committed(at.mono_ms)
            answers.after_commit(moved, at)
            self._date(boots, at)

        self._guarded(commit, at)

    def _take_returned(self, boots: list[Boot], at: Instant) -> None:
        for board in self._returned.take(boots, at.mono_ms) or ():
            self.registry.boards.adopt(board)

    def _look_again(self, boots: list[Boot], at: Instant) -> None:
        self._tell_time(boots, at)
        self._date(boots, at)

    def _tell_time(self, boots: list[Boot], at: Instant) -> None:
        self._learn(at)
        for boot in boots:
            boot.dating.pass_time(at)
            if at.source == "ntp" and at.own_ms is not None:
                boot.free_floor(at.own_ms)

    def _date(self, boots: list[Boot], at: Instant) -> None:
        for boot in boots:
            self.registry.boots.settle_rate(boot, at.mono_ms)
        self._commit.date_waiting(boots)
        self.pace.looked(at.mono_ms)

    def _guarded(self, write: Callable[[], None], at: Instant, tells: bool = True) -> None:
        """`tells`: that it went well says that the disk takes writes."""
        try:
            write()
            if tells:
                self.tally.writes(True, at)
        except sqlite3.Error as error:
            # Disk full, read-only card, I/O error: nothing changed, nothing is acknowledged, try again later.
            self.pace.failed(at.mono_ms)
            self.tally.writes(False, at, str(error))

    def _boot(self, line: Line, heard: Heard) -> Boot | None:
        """The boot a line belongs to; None when it is not clear whose it is, and then it is not answered."""
        assert not isinstance(line, Ack | Beacon)
        boot, event = self.registry.boot_of(line, heard.at)
        if event:
            self.tally.notice(event, line.device, heard.at)
        if boot is None:
            self.tally.count("early")
        return boot

    def _dispatch(self, boot: Boot, line: Line, heard: Heard) -> None:
        match line:
            case Hello():
                self._hello(boot, line, heard)
            case Earlier():
                boot.complete_to = line.newest
                self._earlier.name(boot)
                self._oldest(boot, line)
                self._end_unnamed(heard)
            case NoReading(cause=cause) if cause == LOST:
                self._lost(boot, line, heard)
            case Reading() | NoReading() | Refused():
                self._record(boot, line, heard)

    def _hello(self, boot: Boot, hello: Hello, heard: Heard) -> None:
        boot.hello, boot.uptime_ms = hello, max(boot.uptime_ms, hello.uptime_ms)
        boot.revive()
        boot.dating.hello(hello.uptime_ms, heard.at)
        self._oldest(boot, hello)
        self._earlier.hello(boot, hello)
        self._end_unnamed(heard)
        if hello.oldest <= boot.stream.cursor:
            answers.answer(boot, heard.at)
        if 4 * hello.queued > hello.capacity:
            self.pace.hasten()

    @staticmethod
    def _oldest(boot: Boot, line: Hello | Earlier) -> None:
        boot.stream.oldest(line.oldest, max(0, line.dropped - boot.dropped))
        boot.dropped = max(boot.dropped, line.dropped)

    def _end_unnamed(self, heard: Heard) -> None:
        """A newer boot's complete S1 set ends the older boots that it does not name."""
        complete = self._earlier.complete()
        if complete:
            boot, named = complete
            for older in self.registry.boots.older(boot):
                if older.wire_boot not in named and not older.ended:
                    older.end(heard.at.mono_ms)

    def _lost(self, boot: Boot, line: NoReading, heard: Heard) -> None:
        from_seq = max(1, line.seq - line.count + 1)
        if line.seq <= boot.stream.cursor:
            answers.answer(boot, heard.at)
        boot.stream.lost(from_seq, line.seq)

    def _record(self, boot: Boot, line: Reading | NoReading | Refused, heard: Heard) -> None:
        if sum(len(b.stream.pending) + len(b.fills) for b in self.registry.boots.all()) >= MOST_UNWRITTEN:
            self.tally.count("turned-away")
            return
        held = boot.stream.held(line.seq)
        place = boot.stream.take(line)
        if place is Place.ON_DISK:
            self._repeat(boot, line, heard)
        elif place is Place.PENDING:
            self.pace.hasten()
        else:
            self._mind_hole(boot, place, heard.at)
        if held is not None and held != line:
            self._conflict(boot, line)
        elif held is None and place in (Place.TAKEN, Place.AHEAD):
            self._new(boot, line, heard)

    @staticmethod
    def _mind_hole(boot: Boot, place: Place, at: Instant) -> None:
        """A hole that stays means a lost datagram: say the cursor again, and the device sends from there.

        Without it the device would notice only after its pause of 15 to 60 s.
        """
        if place is Place.TAKEN:
            boot.hole_mono_ms = None
        elif boot.hole_mono_ms is None:
            boot.hole_mono_ms = at.mono_ms
        elif at.mono_ms - boot.hole_mono_ms >= HOLE_MS:
            answers.answer(boot, at)

    def _new(self, boot: Boot, line: Reading | NoReading | Refused, heard: Heard) -> None:
        if isinstance(line, Reading):
            self.live.show(boot, line, heard.at)
        elif isinstance(line, Refused):
            self.tally.count("refused")
            self._keep(boot, line.seq, line.raw.decode("latin-1"), line.why)

    def _repeat(self, boot: Boot, line: Reading | NoReading | Refused, heard: Heard) -> None:
        """A record at or below the cursor: the same again, other content, or one that fills a gap."""
        if isinstance(line, Reading) and line.seq not in boot.fills:
            row = self.registry.stored(self._rows, boot, line.seq)
            if row is None and not self.registry.pruned(boot, line.seq):
                boot.fills[line.seq] = line
                self.pace.hasten()
            elif row and (row[1], tuple(row[3:])) != (line.channel, line.values):
                self._conflict(boot, line)
        elif not isinstance(line, Reading) and self.registry.unexplained(boot, line.seq):
            boot.stream.renames.append(
                Hole(line.seq, line.seq, "sensor" if isinstance(line, NoReading) else "refused")
            )
            self._new(boot, line, heard)
        answers.answer(boot, heard.at)

    def _conflict(self, boot: Boot, line: Reading | NoReading | Refused) -> None:
        self.tally.count("conflicts")
        raw = line.raw.decode("latin-1") if isinstance(line, Refused) else repr(line)
        self._keep(boot, line.seq, raw, "a repeat with other content; the first one stays")

    def _keep(self, boot: Boot, seq: int, raw: str, why: str) -> None:
        if len(self._kept) < MOST_KEPT:
            self._kept.append(Kept(boot.stream.source, boot.stream.boot, seq, raw, why))

    def _learn(self, at: Instant) -> None:
        """Our own clock is known (again): everything this era heard without it can be dated."""
        if at.own_ms is None:
            return
        offset_ms = at.own_ms - at.mono_ms
        gained = [boot.dating.anchors.learn(at.era, offset_ms) for boot in self.registry.boots.all()]
        if any(gained) or self._era_known != at.era:
            self._commit.learn(at.era, offset_ms)
        self._era_known = at.era
