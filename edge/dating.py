"""Dating: from a device's uptime to UTC, once, when it can be known.

1. Between two anchors with known time: straight between them.
2. Beyond the anchors: along the measured rate, but no farther than a rate of that baseline deserves.
3. Before a rate is known: by the newest hello, and only near it, unless hellos stay away.
4. Before this run's first hello nothing beyond the last anchor is dated; it waits.
No clock here: everything comes in by `hello` and `learn`.
"""

from bisect import bisect_right
from collections.abc import Iterable

from edge.anchors import RATE_OFF_MOST, Anchor, Anchors
from edge.clock import Instant

# Without a rate 0.5 % of this is 40 ms; what lies farther from a hello waits half a minute for a rate.
UNRATED_REACH_MS = 8_000
# Two anchors that are 6 ms off against each other put the end of 6 baselines 36 ms off, within the 50 promised.
REACH_BASELINES = 6
# The rate of the same board in its last boot: the same resonator, another temperature, 100 ppm at most.
PRIOR_REACH_MS = 300_000
# A device that kept running through the Pi's reboot is believed as a clock for an hour: 1 s at 280 ppm.
DEVICE_CLOCK_MS = 3_600_000
# The end of the year 9999: an uptime of 64 bits must not make a date that no database takes.
LAST_MS = 253_402_300_799_999
# A device says hello every second. When ten stay away, nothing better than the last ones will come soon.
QUIET_MS = 10_000
# One that did say hello again may only have lost its power; its next boot shows the rate within four minutes.
GONE_MS = 240_000

# Order alone may move a date: after the own clock went back, a boot's next dates wait for it to catch up. What is
# moved farther than a late hello is late is an estimate.
HELD_MOST_MS = 2_000


class Dating:
    """Dates the records of one boot."""

    def __init__(self, anchors: Anchors, prior_rate: float | None = None) -> None:
        self.anchors = anchors
        self.prior_rate = prior_rate  # of the same board in an earlier boot
        # A date was given by hellos that may all be late, farther than the rate reaches, or moved by order alone.
        self.guessed = False
        self.final = False  # the boot is over: what cannot be dated well now never can
        self._quiet = False  # hellos stay away: what can be known now is all there will be for a while
        self._now_uptime_ms: float | None = None
        self._latest_ms: int | None = LAST_MS  # our own time, None while it is not known

    def hello(self, uptime_ms: int, at: Instant) -> None:
        self.anchors.sample(uptime_ms, at)

    @property
    def anchored(self) -> bool:
        """Whether anything of this boot ever met a known clock."""
        return bool(self.anchors.timed) or self._provisional(certain=False) is not None

    def start_ms(self) -> int | None:
        """When this boot began (UTC), as well as it is known; never waits."""
        if self.anchors.timed:
            first = self.anchors.timed[0]
            return _along(self.anchors.kept[first], self._rate(first)[0], 0)
        newest = self._provisional(certain=False)
        return _along(newest, self._borrowed_rate(0)[0], 0) if newest else None

    def date(self, uptime_ms: int) -> int | None:
        """UTC ms of an uptime, or None while it cannot be known well enough; never later than now."""
        if self.final and self._latest_ms is None:
            return None
        taken_ms = self._date(uptime_ms)
        if taken_ms is None:
            return None
        return taken_ms if self._latest_ms is None else min(taken_ms, self._latest_ms)

    def _date(self, uptime_ms: int) -> int | None:
        kept, timed = self.anchors.kept, self.anchors.timed
        if self._now_uptime_ms is not None:
            # A record is measured before it is said: an uptime yet to come is a mistake, and it was at most now.
            uptime_ms = min(uptime_ms, round(self._now_uptime_ms))
        place = bisect_right(timed, uptime_ms, key=lambda i: kept[i].uptime_ms)
        if 0 < place < len(timed):
            return self._between(kept[timed[place - 1]], kept[timed[place]], timed[place], uptime_ms)
        newest = self._provisional(certain=not (self.final or self._quiet))
        if place == len(timed) and newest and not self._reached(uptime_ms):
            self.guessed = self.guessed or self.anchors.newest() is None
            return self._near(kept[timed[-1]] if timed else None, newest, uptime_ms)
        if not timed:
            return None
        return self._beyond(timed[0] if place == 0 else timed[-1], uptime_ms)

    def estimate(self, uptime_ms: int, at: Instant) -> int | None:
        """UTC ms for the eye while the record waits: by the newest hello if our own clock shows anything."""
        newest = self.anchors.newest(certain=False)
        if newest is None or at.own_ms is None:
            return None
        return uptime_ms - newest.uptime_ms + newest.mono_ms + at.own_ms - at.mono_ms

    def pass_time(self, at: Instant) -> None:
        """Tell it what time it is; call it before a commit dates records."""
        self._now_uptime_ms, self._latest_ms = None, at.own_ms
        patience_ms = QUIET_MS if self.anchors.heard_once else GONE_MS
        self._quiet = self.anchors.silent_ms(at) >= patience_ms
        newest = self.anchors.newest()  # a late hello would say that what was measured since is yet to come
        if newest is not None and newest.era == at.era:
            self._now_uptime_ms = newest.uptime_ms + (at.mono_ms - newest.mono_ms)

    def _provisional(self, certain: bool) -> Anchor | None:
        """The newest hello in place of an anchor, until this run has one of its own."""
        newest = self.anchors.newest(certain)
        return newest if newest and newest.own_ms is not None and not self.anchors.era_begun() else None

    def _reached(self, uptime_ms: int) -> bool:
        """Whether the last anchor dates it within the 50 ms, and the few hellos since may all be seconds late."""
        if not self.anchors.timed or self.anchors.newest():
            return False
        last = self.anchors.timed[-1]
        return uptime_ms - self.anchors.kept[last].uptime_ms <= self._rate(last)[1]

    def _near(self, low: Anchor | None, newest: Anchor, uptime_ms: int) -> int | None:
        """By the newest hello: between it and the last anchor, or near it."""
        if low and uptime_ms < newest.uptime_ms:
            return self._between(low, newest, None, uptime_ms)
        rate, reach_ms = self._borrowed_rate(len(self.anchors.kept))
        if abs(uptime_ms - newest.uptime_ms) > reach_ms:
            if not (self.final or self._quiet):
                return None
            self.guessed = True
        return _along(newest, rate, uptime_ms)

    def _between(self, low: Anchor, high: Anchor, place: int | None, uptime_ms: int) -> int:
        assert low.own_ms is not None
        assert high.own_ms is not None
        rate = (high.own_ms - low.own_ms) / (high.uptime_ms - low.uptime_ms)
        if abs(rate - 1) > RATE_OFF_MOST:
            # The own clock stepped in between. The later time is the corrected one.
            return _along(high, 1.0 if place is None else self._rate(place)[0], uptime_ms)
        return _along(low, rate, uptime_ms)

    def _beyond(self, nearest: int, uptime_ms: int) -> int | None:
        anchor = self.anchors.kept[nearest]
        rate, reach_ms = self._rate(nearest)
        if uptime_ms > anchor.uptime_ms and not self.final:
            if not self.anchors.heard:
                return None
            if not self._own_known():
                reach_ms = min(reach_ms, DEVICE_CLOCK_MS)
        if abs(uptime_ms - anchor.uptime_ms) > reach_ms:
            if not self.final:
                return None
            self.guessed = True
        return _along(anchor, rate, uptime_ms)

    def _own_known(self) -> bool:
        newest = self.anchors.newest(certain=False)
        return newest is not None and newest.own_ms is not None

    def _rate(self, place: int) -> tuple[float, int]:
        """(rate, how far it may be trusted in ms) at an anchor."""
        found = self.anchors.rate_at(place)
        if found:
            return found[0], REACH_BASELINES * found[1]
        return self._borrowed_rate(place)

    def _borrowed_rate(self, place: int) -> tuple[float, int]:
        """The nearest rate of this boot, of this run so far, of the board's last boot, or a rough one."""
        kept = range(len(self.anchors.kept))
        for other in sorted(kept, key=lambda other: abs(other - place)):
            if found := self.anchors.rate_at(other):
                return found[0], PRIOR_REACH_MS
        if found := self.anchors.rate_now():
            return found[0], REACH_BASELINES * found[1]
        if self.prior_rate:
            return self.prior_rate, PRIOR_REACH_MS
        return self.anchors.rough_rate() or 1.0, UNRATED_REACH_MS

    def rate(self) -> float | None:
        """The newest rate of this boot, for the next boot of the same board."""
        for place in range(len(self.anchors.kept) - 1, -1, -1):
            if found := self.anchors.rate_at(place):
                return found[0]
        now = self.anchors.rate_now()
        return now[0] if now else None


def _along(anchor: Anchor, rate: float, uptime_ms: int) -> int:
    assert anchor.own_ms is not None
    return min(round(anchor.own_ms + (uptime_ms - anchor.uptime_ms) * rate), LAST_MS)


def increasing(dated: Iterable[tuple[int, int]], floor_ms: int) -> list[int]:
    """The times of (seq, ms) in order, each at least 1 ms per seq after the one before it.

    floor_ms: the date before them minus its seq. A seq that is missing keeps its millisecond, so that a record
    which turns up later has room.
    """
    risen = []
    for seq, taken_ms in dated:
        risen.append(max(taken_ms, floor_ms + seq))
        floor_ms = risen[-1] - seq
    return risen
