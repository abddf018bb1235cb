"""The ledger of the last 24 hours, kept up by counting again only what is new and what waited longest.

To count a day of six sensors takes a Pi seconds. What changes is nearly always in the last two hours; should
an older one change (a record that turned up, a disk that lost some), the page says so some minutes later.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from threading import Lock

from metering.energy import HOUR_MS
from store.entry import Entry
from store.history import History

HOURS = 24
# The running hour and the one before it, in which rows may still get their dates.
FRESH_HOURS = 2
# Older hours that are counted again each time: all of them in eleven turns.
AGAIN_HOURS = 2


@dataclass(frozen=True, slots=True)
class DeviceSum:
    """One device over the day; `estimated` records died in silences, beside those that were produced."""

    source: str
    produced: int
    stored: int
    explained: int
    unexplained: int
    twice: int
    estimated: int


def day_of_hours(now_ms: int) -> tuple[int, int]:
    """[from, to) of the 24 whole UTC hours of which the last one is running."""
    to_ms = (now_ms // HOUR_MS + 1) * HOUR_MS
    return to_ms - HOURS * HOUR_MS, to_ms


class LastDay:
    """One site's last day; safe for threads."""

    def __init__(self) -> None:
        self._held: dict[int, list[Entry]] = {}
        # The hours in the order in which they were counted last.
        self._turns: list[int] = []
        self._lock = Lock()

    def entries(self, history: History, now_ms: int) -> list[Entry]:
        """Every device and hour that is not empty, then what has no date."""
        book = history.ledger()
        with self._lock:
            hours = range(*day_of_hours(now_ms), HOUR_MS)
            self._held = {hour: held for hour, held in self._held.items() if hour in hours}
            for hour_ms in self._due(hours):
                self._held[hour_ms] = book.hours(hour_ms, hour_ms + HOUR_MS)
            found = [entry for hour in hours for entry in self._held[hour]]
        return [*found, *book.dateless()]

    def _due(self, hours: Sequence[int]) -> list[int]:
        known = [hour for hour in self._turns if hour in self._held]
        new = [hour for hour in hours if hour not in self._held]
        fresh = [hour for hour in hours[-FRESH_HOURS:] if hour not in new]
        again = [hour for hour in known if hour not in fresh][:AGAIN_HOURS]
        due = [*new, *fresh, *again]
        self._turns = [hour for hour in known if hour not in due] + due
        return due


def by_device(entries: Sequence[Entry]) -> list[DeviceSum]:
    """The dated hours of each device together, by name."""
    sums: dict[str, DeviceSum] = {}
    for entry in entries:
        if entry.hour_ms is not None:
            known = sums.get(entry.source)
            sums[entry.source] = together([known, _sum(entry)]) if known else _sum(entry)
    return [sums[source] for source in sorted(sums)]


def together(devices: Sequence[DeviceSum]) -> DeviceSum:
    """The sum of some, under the name of the first."""
    columns = zip(*(astuple(device)[1:] for device in devices), strict=True)
    return DeviceSum(devices[0].source, *map(sum, columns))


def _sum(entry: Entry) -> DeviceSum:
    return DeviceSum(
        entry.source,
        entry.produced,
        entry.stored,
        sum(entry.explained.values()),
        entry.unexplained,
        entry.twice,
        entry.estimated,
    )
