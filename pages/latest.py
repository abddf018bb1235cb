"""The newest value of every meter: live or stored, how old, stale or not, and its energy today.

A value is stale after three missed intervals; then it is the last one known, never the current one.
"""

from dataclasses import dataclass

from metering.quantity import COLUMNS
from metering.reading import Meter
from pages.series import USUAL_INTERVAL_MS, pace_ms
from pages.site import LiveValue, Site
from pages.today import Today
from store.history import History

MISSED_INTERVALS = 3
# What a value may take from the device to the page before it counts as missed: on the LAN the pause between
# two looks, on the cloud also the way there (<= 2 s while somebody watches).
TRAVEL_MS = {"edge": 1000, "cloud": 4000}
# How often the usual interval of a meter without a live value is measured again.
PACE_KEPT_MS = 300_000
# Pages ask once a second: of several that ask at once one looks at what is on disk.
STORED_LASTS_MS = 1_000
# A commit's pause on the edge: later than that something on disk may be newer, whatever a live value says of its pace.
LIVE_LASTS_MS = 10_000
_ENERGY = COLUMNS.index("energy_wh")


@dataclass(frozen=True, slots=True)
class Newest:
    """A meter's newest value; values in QUANTITIES order, small units."""

    meter: Meter
    boot: int
    seq: int
    taken_ms: int | None
    values: tuple[int | None, ...]
    interval_ms: int
    estimated: bool
    age_ms: int | None
    stale: bool
    today_wh: int | None

    def value(self, column: str) -> int | None:
        return self.values[COLUMNS.index(column)]


class Latest:
    """The newest values of one site; remembers what is on disk, today's sums and each meter's pace.

    Threads may share it: two that look at once do the same work twice, and the later one is kept.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self.today = Today(site.zone)
        self._paces: dict[Meter, tuple[int, int]] = {}
        self._kept: dict[Meter, tuple[int, LiveValue | None]] = {}

    def of(self, history: History, now_ms: int) -> list[Newest]:
        """Every meter of the site in order of its key, also those that only live values know yet."""
        live = {value.meter: value for value in self._site.live()}
        stored = set(history.meters())
        return [
            self._newest(history, meter, live.get(meter), meter in stored, now_ms)
            for meter in sorted(stored | set(live))
        ]

    def _newest(
        self, history: History, meter: Meter, live: LiveValue | None, is_stored: bool, now_ms: int
    ) -> Newest:
        # While live values come nothing on disk is newer than they are.
        looks = is_stored and (live is None or self._is_missed(live, now_ms))
        kept = self._stored(history, meter, now_ms) if looks else None
        value = _later(live, kept)
        if value is None:
            return _never_dated(meter)
        age_ms = now_ms - value.taken_ms
        energy = value.values[_ENERGY]
        beyond = None if energy is None or value is kept else (value.taken_ms, energy)
        return Newest(
            meter,
            value.boot,
            value.seq,
            value.taken_ms,
            value.values,
            value.interval_ms,
            value.estimated,
            max(0, age_ms),
            self._is_stale(value, now_ms),
            self.today.wh(history, meter, now_ms, beyond),
        )

    def _is_missed(self, live: LiveValue, now_ms: int) -> bool:
        """Whether what is stored may be later; of its pace a live value knows only what it was then."""
        interval_ms = min(live.interval_ms, LIVE_LASTS_MS)
        return now_ms - live.taken_ms > interval_ms + TRAVEL_MS[self._site.twin]

    def _is_stale(self, value: LiveValue, now_ms: int) -> bool:
        late_ms = MISSED_INTERVALS * value.interval_ms + TRAVEL_MS[self._site.twin]
        return now_ms - value.taken_ms > late_ms

    def _stored(self, history: History, meter: Meter, now_ms: int) -> LiveValue | None:
        """The newest value on disk, as it was at most STORED_LASTS_MS ago."""
        held = self._kept.get(meter)
        if held is not None and 0 <= now_ms - held[0] < STORED_LASTS_MS:
            return held[1]
        kept, value = history.newest(meter), None
        if kept is not None and kept.taken_ms is not None:
            pace = self.pace(history, meter, now_ms)
            value = LiveValue(meter, kept.boot, kept.seq, kept.taken_ms, kept.values, pace)
        self._kept[meter] = (now_ms, value)
        return value

    def pace(self, history: History, meter: Meter, now_ms: int) -> int:
        """The usual time between two of its readings, as it was at most PACE_KEPT_MS ago."""
        held = self._paces.get(meter)
        if held and 0 <= now_ms - held[0] < PACE_KEPT_MS:
            return held[1]
        pace = pace_ms(history, meter)
        self._paces[meter] = (now_ms, pace)
        return pace


def _later(live: LiveValue | None, kept: LiveValue | None) -> LiveValue | None:
    """The newer of the two by date; a live value wins a tie because it knows its interval."""
    found = [value for value in (kept, live) if value is not None]
    return max(found, key=lambda value: (value.taken_ms, value is live), default=None)


def _never_dated(meter: Meter) -> Newest:
    """A meter whose readings all wait for their date, as after a start without a clock."""
    nothing = (None,) * len(COLUMNS)
    return Newest(meter, 0, 0, None, nothing, USUAL_INTERVAL_MS, False, None, True, None)
