"""Replay: brings one cloud to where this edge stands, batch after batch; no I/O of its own.

What is kept (`source`, `clouds`) and what is sent (`post`) are arguments. Rules:
1. The cloud's word on its cursors is the truth; what is remembered here only tells people.
2. While the cloud works on one batch the next is cut for where the cloud will then stand. Any answer but the
   hoped-for one throws that batch away.
3. A failure forgets nothing: it is asked again where to go on.
4. Rows that the cloud refuses are withheld from it, at most MOST_WITHHELD_PER_H; then it is for a person.
   Dates that are after tomorrow by both clocks are not counted: a clock that was years ahead made days of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from store.clouds import AFTER_TOMORROW, Clouds
from sync.answer import Answer, Refused
from sync.batch import Batch
from sync.clocks import after_tomorrow
from sync.cutting import Cut, Cutter, Source
from sync.failure import Failure, NotAdmitted, RowsRefused, TooLarge, Unreachable
from sync.pace import Pace
from sync.position import Position
from sync.progress import UNDER_WAY_ROWS, Progress, Speed

Cursors = dict[tuple[str, int], int]

# With nothing to send, an empty batch: the cloud knows that the edge is alive, the edge that somebody looks.
ALIVE_EVERY_S = 30.0
# A restored cloud shows itself at the next batch; a quiet stream's cursor could have gone back unseen.
ASK_EVERY_S = 3600.0
# One write a minute to a card that shall last for years.
NOTE_EVERY_S = 60.0
MOST_WITHHELD_PER_H = 100
HOUR_MS = 3_600_000
# Streams in one question; the cloud refuses more.
MOST_ASKED = 1_000
# Unexpected answers in a row, each with another place to go on: two edges that are copies of each other.
MOST_SURPRISES = 10


class Post(Protocol):
    """The way to a cloud; both raise a sync.failure.Failure."""

    def cursors(self, streams: list[tuple[str, int]], /) -> Cursors: ...

    def send(self, body: bytes, /) -> Callable[[], Answer]:
        """Start sending; what is given back waits for the answer."""
        ...


class Step(Enum):
    """What a step did: IDLE nothing, SENT something is on its way, LANDED an answer was taken in."""

    IDLE, SENT, LANDED = range(3)


@dataclass(frozen=True, slots=True)
class _Flight:
    cut: Cut
    answer: Callable[[], Answer]
    sent_s: float


class Replay:
    """One cloud's replay; used by one thread. `now_ms` is UTC, `clock_s` only runs forward."""

    def __init__(
        self,
        source: Source,
        clouds: Clouds,
        url: str,
        post: Post,
        now_ms: Callable[[], int],
        clock_s: Callable[[], float],
        edge: str | None = None,
        told: Callable[[Answer], None] = lambda _answer: None,
        sender: str | None = None,
        version: str | None = None,
    ) -> None:
        """`edge`, `sender`, `version`: this house's name, this start of it, its program; `told` hears every answer."""
        self._source, self._clouds, self._post = source, clouds, post
        self._edge, self._sender, self._version = edge, sender, version
        self._now_ms, self._clock_s, self._told = now_ms, clock_s, told
        self._cloud = clouds.number(url)
        self._cutter, self._pace = Cutter(source), Pace()
        known, last_ms = clouds.acknowledged(self._cloud)
        self._noted = Position(known, clouds.amended(self._cloud))
        self._at = self._noted
        self._next: Cut | None = None
        self._next_body = b""
        self._waiting = 0
        self._flight: _Flight | None = None
        self._asked_s: float | None = None
        self._noted_s = clock_s()
        self._heard_s = self._noted_s - ALIVE_EVERY_S
        self._surprises = 0
        self._speed = Speed()
        self.progress = Progress(url, last_ack_ms=last_ms, refused_rows=clouds.withheld(self._cloud))

    def step(self) -> Step:
        """Cut the next batch, take in the answer that is due, send; raises Unreachable or NotAdmitted."""
        try:
            return self._step()
        except Failure as failure:
            self._flight = self._next = self._asked_s = None
            if isinstance(failure, Unreachable):
                self._pace.lost()
            self._tell_failure(failure)
            raise

    def note(self) -> None:
        """Remember where the cloud stands; what did not move is not written again."""
        moved = {s: seq for s, seq in self._at.cursors.items() if self._noted.cursors.get(s) != seq}
        if moved or self._at.amended != self._noted.amended:
            self._clouds.note(self._cloud, moved, self._at.amended, self.progress.last_ack_ms)
            self._noted = self._at
        self._noted_s = self._clock_s()

    def _step(self) -> Step:
        if self._asked_s is None and self._flight is None:
            self._ask()
        self._prepare()
        landed = self._flight is not None
        if self._flight is not None:
            self._land(self._flight)
        if self._clock_s() - self._noted_s >= NOTE_EVERY_S:
            self.note()
        sent = self._launch()
        return Step.LANDED if landed else Step.SENT if sent else Step.IDLE

    def _ask(self) -> None:
        self._check_withheld()
        streams = self._source.streams.all()
        found: dict[int, int] = {}
        for begin in range(0, len(streams), MOST_ASKED):
            some = streams[begin : begin + MOST_ASKED]
            cursors = self._post.cursors([(s.source, s.boot) for s in some])
            found.update({s.id: cursors.get((s.source, s.boot), 0) for s in some})
        back = any(seq < self._at.cursors.get(stream, 0) for stream, seq in found.items())
        self._at = self._at.moved(found)
        self._asked_s = self._clock_s()
        if back:
            self.note()  # at once: meanwhile pruning would let go of what the cloud lacks

    def _prepare(self) -> None:
        """Cut the next batch for where the cloud stands once it has what is on its way."""
        at = self._flight.cut.after if self._flight else self._at
        cut = self._cutter.cut(at, self._pace.rows, only_one=self._pace.searching)
        self._waiting = cut.waiting
        if cut.parts:
            self._next, self._next_body = cut, self._batch(cut).encode()
        elif self._flight is None:
            self._at = cut.after

    def _batch(self, cut: Cut) -> Batch:
        return Batch(
            cut.parts,
            self._edge,
            sender=self._sender,
            sent_ms=max(0, self._now_ms()),
            version=self._version,
            waiting=cut.waiting,
        )

    def _launch(self) -> bool:
        now_s = self._clock_s()
        if self._next is None:
            if now_s - self._heard_s < ALIVE_EVERY_S:
                return False
            self._next = Cut(self._at, (), self._at, {}, self._waiting)
            self._next_body = self._batch(self._next).encode()
        self._flight = _Flight(self._next, self._post.send(self._next_body), now_s)
        self._next = None
        return True

    def _land(self, flight: _Flight) -> None:
        self._flight = None
        try:
            answer = flight.answer()
        except RowsRefused as refusal:
            self._next = None
            self._narrow(flight.cut, refusal)
            return
        except TooLarge as refusal:
            self._next = None
            if flight.cut.rows <= 1:
                raise NotAdmitted(f"even one reading is too large for the cloud: {refusal}") from refusal
            self._pace.too_large(flight.cut.rows)
            return
        self._take(flight, answer)

    def _take(self, flight: _Flight, answer: Answer) -> None:
        """Believe the answer: where the cloud stands now, and what it refused."""
        cut, now_s = flight.cut, self._clock_s()
        stands = {cut.numbers[key]: seq for key, seq in answer.cursors.items() if key in cut.numbers}
        if all(stands.get(stream) == cut.after.cursors[stream] for stream in cut.numbers.values()):
            self._at, self._surprises = cut.after, 0
        else:
            self._surprised()
        if self._asked_s is not None and now_s - self._asked_s >= ASK_EVERY_S:
            self._next = self._asked_s = None
        self._pace.took(cut.rows, now_s - flight.sent_s)
        self._tell(cut.rows, now_s)
        self._told(answer)
        rivals = tuple((rival.kind, rival.about, rival.other) for rival in answer.rivals)
        self.progress = replace(self.progress, rivals=rivals)
        self._withhold(cut, answer.refused)

    def _surprised(self) -> None:
        """The cloud is elsewhere than thought: restored, or fed by a copy of this edge. Ask for all."""
        self._next = self._asked_s = None
        self._surprises += 1
        if self._surprises > MOST_SURPRISES:
            self._surprises = 0
            raise Unreachable("the cloud's cursors keep changing; does a copy of this edge send to it too?")

    def _narrow(self, cut: Cut, refusal: RowsRefused) -> None:
        """The batch was refused as a whole: send less, and withhold a row that is refused alone."""
        clocks_ms = () if refusal.cloud_ms is None else (self._now_ms(), refusal.cloud_ms)
        if clocks_ms and (late := [*after_tomorrow(cut.parts, *clocks_ms)]):
            self._withhold(cut, [Refused(*row, f"taken_ms is {AFTER_TOMORROW}") for row in late])
            return
        if cut.rows > 1 or len(cut.parts) > 1:
            self._pace.refused(cut.rows)
            return
        rows = [(part, row[0]) for part in cut.parts for row in (*part.rows, *part.fills)]
        if not rows:
            raise NotAdmitted(f"the cloud refuses a batch without rows: {refusal}")
        self._withhold(cut, [Refused(part.source, part.boot, seq, str(refusal)) for part, seq in rows])

    def _withhold(self, cut: Cut, refused: Sequence[Refused]) -> None:
        ours = [row for row in refused if (row.source, row.boot) in cut.numbers]
        if not ours:
            return
        late = set(after_tomorrow(cut.parts, self._now_ms()))
        rows = []
        for row in ours:
            agreed = "taken_ms" in row.why and (row.source, row.boot, row.seq) in late
            rows.append((cut.numbers[row.source, row.boot], row.seq, AFTER_TOMORROW if agreed else row.why))
        self._clouds.withhold(self._cloud, rows, self._now_ms())
        self.progress = replace(self.progress, refused_rows=self._clouds.withheld(self._cloud))
        self._check_withheld()

    def _check_withheld(self) -> None:
        lately = self._clouds.doubtful(self._cloud, self._now_ms() - HOUR_MS)
        if lately >= MOST_WITHHELD_PER_H:
            raise NotAdmitted(f"the cloud refused {lately} readings within an hour; sending is stopped")

    def _tell(self, rows: int, now_s: float) -> None:
        backlog = self._source.waiting_rows(dict(self._at.cursors))
        rows_per_s, left_s = self._speed.landed(now_s, rows, backlog)
        self._heard_s = now_s
        self.progress = replace(
            self.progress,
            state="catching-up" if backlog > UNDER_WAY_ROWS else "ok",
            backlog_rows=backlog,
            rows_per_s=rows_per_s,
            left_s=left_s,
            last_ack_ms=self._now_ms(),
            reason=None,
        )

    def _tell_failure(self, failure: Failure) -> None:
        self._speed = Speed()
        self.progress = replace(
            self.progress,
            state="not-admitted" if isinstance(failure, NotAdmitted) else "offline",
            backlog_rows=self._source.waiting_rows(dict(self._at.cursors)),
            rows_per_s=0,
            left_s=None,
            reason=str(failure),
        )
