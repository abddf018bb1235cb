"""Anchors: pairs of a device's uptime and our own time, one a minute, the best of the minute's hellos.

A hello says "my uptime is now", but it took a while to arrive. The one that took least is the best; which one
that is shows only after the drift between the two clocks is taken out (0.5 % is 300 ms in a minute, more than
any delay), so samples are compared along the rate that is known so far.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import itemgetter

from edge.clock import Instant

MINUTE_MS = 60_000
# Ten hellos are enough for a first anchor; with it a rate is known 40 s after the first hello.
FIRST_MINUTE_MS = 10_000
# A ceramic resonator is good for 0.5 %; anything beyond 1 % is a step of a clock, not a rate.
RATE_OFF_MOST = 0.01
# The best of a minute's hellos is late by 1-3 ms, so 30 s give the rate to 0.01 %, a fiftieth of what it may be.
BASELINE_MS = 30_000
# A boot may end sooner than that: 6 ms in 5 s are 0.12 %, a quarter of what its resonator may be off.
ROUGH_BASELINE_MS = 5_000
# Long enough to average the jitter, short enough to follow the temperature. Anchors are a minute apart, so of
# eleven minutes ten are always there, and six baselines of ten minutes are the hour of edge/dating.py.
BASELINE_MOST_MS = 660_000
# One hello may be seconds late on a bad network, five in a row hardly; in 5 s the drift is at most 25 ms.
ENOUGH_HELLOS = 5
# A week of minutes: what is older cannot date anything that is still waiting.
MOST_ANCHORS = 10_080


@dataclass(frozen=True, slots=True)
class Anchor:
    """At uptime_ms of the device our monotonic clock showed mono_ms (in `era`), our own clock own_ms (UTC)."""

    uptime_ms: int
    mono_ms: int
    own_ms: int | None
    era: str


class Anchors:
    """The anchors of one boot in order of uptime, and the best hello of the minute that is running."""

    def __init__(self, kept: Iterable[Anchor] = ()) -> None:
        self.kept: list[Anchor] = []
        self.timed: list[int] = []  # places in `kept` whose own time is known
        self.fresh = False  # something here is not on disk yet
        self._recent: deque[Anchor] = deque(maxlen=ENOUGH_HELLOS)
        self._first: Anchor | None = None  # of this run; its minutes are counted from here
        self._best: Anchor | None = None  # of the minute that is running, of so many hellos
        self._heard = 0
        self._unsaved: list[Anchor] = []
        self._set(sorted(kept, key=lambda anchor: anchor.uptime_ms))

    def sample(self, uptime_ms: int, at: Instant) -> None:
        """Take one hello. A minute's best becomes an anchor when the minute is over."""
        if self._recent and uptime_ms < self._recent[-1].uptime_ms:
            return  # overtaken on the way: its delay is longer than that of the one that came before it
        here = Anchor(uptime_ms, at.mono_ms, at.own_ms, at.era)
        self._recent.append(here)
        self._first = self._first or here
        self._heard += 1
        if self._best is None:
            self._best = here
        elif self._heard > ENOUGH_HELLOS and self._minute(self._best) != self._minute(here):
            self._keep(self._best)
            self._best, self._heard = here, 1
        elif self._lateness(here) <= self._lateness(self._best):
            self._best = here
        self.fresh = self.fresh or self._heard == ENOUGH_HELLOS

    @property
    def heard(self) -> bool:
        """Whether this run has heard a hello."""
        return self._first is not None

    def newest(self, certain: bool = True) -> Anchor | None:
        """The least late of the last few hellos of this run; None before there are enough to tell (if certain)."""
        if not self._recent or (certain and len(self._recent) < ENOUGH_HELLOS):
            return None
        return min(self._recent, key=lambda anchor: anchor.mono_ms - anchor.uptime_ms)

    @property
    def heard_once(self) -> bool:
        """Whether a single hello is all that was ever heard of this boot; an anchor is the best of many."""
        return len(self._recent) == 1 and not self.kept

    def silent_ms(self, at: Instant) -> int:
        """How long ago the last hello of this run came; 0 when there was none."""
        return at.mono_ms - self._recent[-1].mono_ms if self._recent else 0

    def era_begun(self) -> bool:
        """Whether a whole minute of this run is among the anchors."""
        return bool(self._first and self.kept and self.kept[-1].era == self._first.era)

    def learn(self, era: str, offset_ms: int, corrected: bool = False) -> bool:
        """The own clock of an era became known, or was corrected: own = monotonic + offset.

        Tells whether anchors gained a time. A correction holds for all of an era: its monotonic clock did not step.
        """

        def known(anchor: Anchor) -> Anchor:
            if anchor.era == era and (corrected or anchor.own_ms is None):
                return replace(anchor, own_ms=anchor.mono_ms + offset_ms)
            return anchor

        gained = any(a.era == era and (corrected or a.own_ms is None) for a in self.kept)
        if gained:
            self._set([known(a) for a in self.kept])
        self._unsaved = [known(a) for a in self._unsaved]
        self._best = known(self._best) if self._best else None
        self._recent = deque(map(known, self._recent), maxlen=ENOUGH_HELLOS)
        return gained

    def unsaved(self) -> list[tuple[int, Anchor]]:
        """(minute of the era, anchor) to write: the minutes that are over, and the newest sure hello for this one.

        Not this minute's best: that may be its first hello, and after a power cut a minute of hellos would have
        left no rate.
        """
        begun = self._first.mono_ms // MINUTE_MS if self._first else 0
        over = [(begun + self._minute(anchor), anchor) for anchor in self._unsaved]
        if len(self._recent) < ENOUGH_HELLOS:
            return over
        newest = min(reversed(self._recent), key=self._lateness)
        known = bool(self.kept) and newest.uptime_ms <= self.kept[-1].uptime_ms
        return over if known else [*over, (begun + self._minute(self._recent[-1]), newest)]

    def saved(self) -> None:
        self._unsaved, self.fresh = [], False

    def rate_at(self, index: int, least_ms: int = BASELINE_MS) -> tuple[float, int] | None:
        """(own ms per uptime ms, baseline ms) around kept[index]; None without a baseline of least_ms."""
        here = self.kept[index]
        best: tuple[float, int] | None = None
        for step in (-1, 1):
            there = self.kept[self._farthest(index, step)]
            base = abs(there.uptime_ms - here.uptime_ms)
            if base >= least_ms and (best is None or base > best[1]):
                rate = _rate(here, there)
                if rate is not None:
                    best = rate, base
        return best

    def rate_now(self, least_ms: int = BASELINE_MS) -> tuple[float, int] | None:
        """(rate, baseline ms) from this run's first whole minute to its newest hello, when long enough."""
        newest = self.newest()
        first = next((a for a in self.kept if newest and a.era == newest.era), None)
        if first is None or newest is None or newest.uptime_ms - first.uptime_ms < least_ms:
            return None
        rate = _rate(first, newest)
        return None if rate is None else (rate, newest.uptime_ms - first.uptime_ms)

    def rough_rate(self) -> float | None:
        """The rate over the longest baseline there is, for where a better one never comes."""
        found = [self.rate_at(place, ROUGH_BASELINE_MS) for place in range(len(self.kept))]
        found.append(self.rate_now(ROUGH_BASELINE_MS))
        return max(filter(None, found), key=itemgetter(1), default=(None, 0))[0]

    def _farthest(self, index: int, step: int) -> int:
        """The farthest anchor, within the longest baseline, to which a rate can be told."""
        here, found = self.kept[index], index
        for other in range(index + step, -1 if step < 0 else len(self.kept), step):
            if abs(self.kept[other].uptime_ms - here.uptime_ms) > BASELINE_MOST_MS:
                break
            if _rate(here, self.kept[other]) is not None:
                found = other
        return found

    def _keep(self, anchor: Anchor) -> None:
        if not self.kept or anchor.uptime_ms > self.kept[-1].uptime_ms:
            self._set([*self.kept[-MOST_ANCHORS + 1 :], anchor])
            self._unsaved.append(anchor)
            self.fresh = True

    def _set(self, kept: list[Anchor]) -> None:
        self.kept = kept
        self.timed = [place for place, anchor in enumerate(kept) if anchor.own_ms is not None]

    def _lateness(self, anchor: Anchor) -> float:
        """How late a hello came, up to a constant, along the rate known so far."""
        known = self.rate_at(len(self.kept) - 1) if self.kept else None
        return anchor.mono_ms - anchor.uptime_ms * (known[0] if known else 1.0)

    def _minute(self, anchor: Anchor) -> int:
        """The minute of this run, counted from its first hello; the first one is short, for an early rate."""
        begun_ms = self._first.mono_ms if self._first else 0
        return (anchor.mono_ms - begun_ms + MINUTE_MS - FIRST_MINUTE_MS) // MINUTE_MS


def _rate(one: Anchor, other: Anchor) -> float | None:
    """Our ms per uptime ms: by the monotonic clock within an era, else by the own clock where both knew it."""
    span = other.uptime_ms - one.uptime_ms
    if one.era == other.era:
        rate = (other.mono_ms - one.mono_ms) / span if span else 1.0
    elif one.own_ms is not None and other.own_ms is not None:
        rate = (other.own_ms - one.own_ms) / span if span else 1.0
    else:
        return None
    return rate if abs(rate - 1) <= RATE_OFF_MOST else None
