"""Which readings of a part are impossible, and why; looked at column by column.

A row is looked at by itself only when its column holds something impossible: 20 000 rows cost ten minima and
maxima. Nothing is corrected here.
"""

from collections.abc import Callable, Iterator, Sequence

from metering.quantity import DAY_MS, QUANTITIES, TAKEN_MS_LEAST, taken_complaint
from metering.reading import FIRST_VALUE, TAKEN_MS
from sync.columns import Column

# A meter's channel is a wire or a bus address; 65 535 leaves room for every bus that numbers in 16 bits.
MOST_CHANNEL = 65_535

Complaint = Callable[[int | None], str | None]


def impossible(columns: Sequence[Column], now_ms: int) -> dict[int, str]:
    """Row number -> what is wrong with it, for columns in ROW_FIELDS order with at least one row."""
    found: dict[int, list[str]] = {}
    for place, least, most, complaint in _checks(now_ms):
        values = columns[place]
        if _within(values, least, most, place == TAKEN_MS):
            continue
        for row, value in enumerate(values):
            if said := complaint(value):
                found.setdefault(row, []).append(said)
    return {row: "; ".join(said) for row, said in found.items()}


def _checks(now_ms: int) -> Iterator[tuple[int, int, int, Complaint]]:
    """(column, least, most, complaint about one value)"""
    yield 1, 1, MOST_CHANNEL, _channel_complaint
    yield TAKEN_MS, TAKEN_MS_LEAST, now_ms + DAY_MS, lambda ms: _taken_complaint(ms, now_ms)
    for place, quantity in enumerate(QUANTITIES, FIRST_VALUE):
        yield place, quantity.least, quantity.most, _missing_is_fine(quantity.complaint)


def _within(values: Column, least: int, most: int, needed: bool) -> bool:
    if None in values:
        if needed:
            return False
        values = [value for value in values if value is not None]
        if not values:
            return True
    return least <= min(values) and max(values) <= most  # type: ignore[type-var, operator]


def _missing_is_fine(complaint: Callable[[int], str | None]) -> Complaint:
    return lambda value: None if value is None else complaint(value)


def _taken_complaint(taken_ms: int | None, now_ms: int) -> str | None:
    return "taken_ms is missing" if taken_ms is None else taken_complaint(taken_ms, now_ms)


def _channel_complaint(channel: int | None) -> str | None:
    if channel is not None and 1 <= channel <= MOST_CHANNEL:
        return None
    return f"channel={channel} outside [1, {MOST_CHANNEL}]"
