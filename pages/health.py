"""Is every second accounted for: gaps by cause, silences that nothing explains, the share recorded.

Gaps come from the last 30 days. The last 24 hours are looked through minute by minute, so that a hole nobody
wrote down is found too, and every number of theirs must be stored or explained (store/ledger.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from metering.energy import HOUR_MS
from metering.gap import CAUSES, GapSum
from metering.reading import Meter
from pages.last_day import DeviceSum, LastDay, by_device
from pages.series import DAY_MS, Blank, blanks, pace_ms, read, watch_ms
from store.entry import Entry
from store.history import History

GAPS_DAYS = 30
# Gaps of one cause that follow each other this closely are one pause.
JOIN_MS = 60_000

Emptiness = tuple[str, Blank]  # of which source


@dataclass(frozen=True, slots=True)
class CauseSum:
    """All gaps of one cause: how many, as how many pauses, their records, their time, when the last began.

    `estimated` records are those of silences, of which nobody knows the number.
    """

    cause: str
    gaps: int
    pauses: int
    records: int
    ms: int
    last_ms: int | None
    estimated: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """`unexplained`: gaps without a known cause, empty intervals without a gap, and hours of a device in which its
    numbers do not add up and nothing else tells why; shares in watched ms; `devices` over the last day.
    """

    from_ms: int
    to_ms: int
    causes: tuple[CauseSum, ...]
    unexplained: int
    unexplained_ms: int
    recorded_ms: int
    watched_ms: int
    devices: tuple[DeviceSum, ...] = ()

    @property
    def pauses(self) -> int:
        return sum(cause.pauses for cause in self.causes)

    @property
    def pauses_ms(self) -> int:
        return sum(cause.ms for cause in self.causes)


def account(history: History, now_ms: int, last_day: LastDay | None = None) -> Account:
    """`last_day`: what a caller keeps of the ledger from one time to the next."""
    from_ms = now_ms - GAPS_DAYS * DAY_MS
    gaps = history.gap_sums(from_ms, now_ms, JOIN_MS)
    unknown = [gap for gap in gaps if not gap.explained]
    empty, watched_ms = _last_day(history, gaps, now_ms)
    silent = [blank for _source, blank in empty if blank.cause is None]
    entries = (last_day or LastDay()).entries(history, now_ms)
    return Account(
        from_ms,
        now_ms,
        tuple(by_cause(gaps, from_ms, now_ms)),
        sum(gap.gaps for gap in unknown) + len(silent) + _faults(entries, empty),
        sum(blank.ms for blank in silent) + sum(_ms(gap, from_ms, now_ms) for gap in unknown),
        watched_ms - sum(blank.ms for _source, blank in empty),
        watched_ms,
        tuple(by_device(entries)),
    )


def _faults(entries: Sequence[Entry], empty: Sequence[Emptiness]) -> int:
    """Hours of a device that do not add up, but for those in which an empty interval is counted already."""
    silent = {
        (source, hour_ms)
        for source, blank in empty
        if blank.cause is None
        for hour_ms in range(blank.from_ms // HOUR_MS * HOUR_MS, blank.to_ms, HOUR_MS)
    }
    return sum(not entry.adds_up and (entry.source, entry.hour_ms) not in silent for entry in entries)


def by_cause(gaps: Sequence[GapSum], from_ms: int, to_ms: int) -> list[CauseSum]:
    """Sums of the causes that occur, in their fixed order, unknown words last; times cut at the range."""
    words = sorted({gap.cause for gap in gaps}, key=lambda word: (_order(word), word))
    return [_cause_sum(word, [gap for gap in gaps if gap.cause == word], from_ms, to_ms) for word in words]


def _cause_sum(cause: str, gaps: Sequence[GapSum], from_ms: int, to_ms: int) -> CauseSum:
    begun = [gap.from_ms for gap in gaps if gap.from_ms is not None]
    timed = pauses(gaps, from_ms, to_ms)
    unknown = sum(gap.from_ms is None or gap.to_ms is None for gap in gaps)
    return CauseSum(
        cause,
        sum(gap.gaps for gap in gaps),
        len(timed) + unknown,
        sum(gap.records for gap in gaps),
        sum(high - low for low, high in timed),
        max(begun, default=None),
        sum(gap.estimated for gap in gaps),
    )


def pauses(gaps: Sequence[GapSum], from_ms: int, to_ms: int) -> list[tuple[int, int]]:
    """Gaps as people count them, cut at the range: those of one source that follow close are one pause.

    A sensor that is silent for half an hour leaves a gap between any two records of its neighbours.
    """
    found: list[tuple[int, int]] = []
    for _source, group in groupby(sorted(_timed(gaps, from_ms, to_ms)), key=lambda gap: gap[0]):
        joined: list[tuple[int, int]] = []
        for _, begin, end in group:
            if joined and begin - joined[-1][1] <= JOIN_MS:
                begin, end = joined[-1][0], max(joined.pop()[1], end)
            joined.append((begin, end))
        found += joined
    return found


def _timed(gaps: Sequence[GapSum], from_ms: int, to_ms: int) -> Iterator[tuple[str, int, int]]:
    for gap in gaps:
        if gap.from_ms is not None and gap.to_ms is not None and gap.from_ms <= gap.to_ms:
            yield gap.source, max(gap.from_ms, from_ms), min(gap.to_ms, to_ms)


def _order(cause: str) -> int:
    return CAUSES.index(cause) if cause in CAUSES else len(CAUSES)


def _ms(gap: GapSum, from_ms: int, to_ms: int) -> int:
    """The part of a gap inside the range; a gap whose times are not known has none."""
    if gap.from_ms is None or gap.to_ms is None:
        return 0
    return max(0, min(gap.to_ms, to_ms) - max(gap.from_ms, from_ms))


def _last_day(history: History, gaps: Sequence[GapSum], now_ms: int) -> tuple[list[Emptiness], int]:
    """Empty intervals of all meters in the last 24 hours, and the time looked through."""
    empty: list[Emptiness] = []
    watched_ms = 0
    for meter in history.meters():
        span = history.span_ms(meter)
        known = (max(span[0], now_ms - DAY_MS), min(span[1], now_ms)) if span else (0, 0)
        if known[0] < known[1]:
            watched_ms += known[1] - known[0]
            empty += [(meter.source, blank) for blank in _empty(history, meter, gaps, known)]
    return empty, watched_ms


def _empty(history: History, meter: Meter, gaps: Sequence[GapSum], known: tuple[int, int]) -> list[Blank]:
    width = watch_ms(pace_ms(history, meter))
    series = read(history, meter, "power_mw", known[0], known[1], width)
    of_source = [gap for gap in gaps if gap.source == meter.source and (gap.to_ms or known[0]) >= known[0]]
    return [blank for blank in blanks(series, known, of_source) if _really_empty(history, meter, blank)]


def _really_empty(history: History, meter: Meter, blank: Blank) -> bool:
    """False where rows exist that only lack the power value."""
    if blank.cause is not None:
        return True
    return next(iter(history.rows(meter, blank.from_ms + 1, blank.to_ms)), None) is None
