"""The time axis of a chart: round local times with their texts, as many as fit, for an hour up to decades."""

from collections.abc import Iterator

from metering.calendar import midnight_ms
from metering.energy import HOUR_MS
from metering.quantity import DAY_MS
from pages.figures import MINUTE_MS, Figures

Tick = tuple[int, str]
# On a laptop; a phone leaves out every other one.
MOST_TICKS = 10
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
_DAYS = (1, 2, 5, 10)
_MONTHS = (1, 2, 3, 6)
_YEARS = (1, 2, 5, 10)
# Zones are whole quarter hours from UTC; finer steps are taken as they are.
_QUARTER_MINUTES = 15


def ticks(from_ms: int, to_ms: int, figures: Figures, every_minutes: int | None = None) -> list[Tick]:
    """Round local times in [from_ms, to_ms] with their texts; `every_minutes`: a day's clock at that pace."""
    span_ms = to_ms - from_ms
    if every_minutes is None and span_ms > 3 * DAY_MS:
        return _calendar(from_ms, to_ms, figures)
    fitting = (minutes for minutes in _MINUTES if span_ms / minutes / MINUTE_MS <= MOST_TICKS)
    return list(_clock(from_ms, to_ms, figures, every_minutes or next(fitting, _MINUTES[-1])))


def _clock(from_ms: int, to_ms: int, figures: Figures, every_minutes: int) -> Iterator[Tick]:
    """A midnight in between is its date; one at the end is 24.00."""
    step_ms = min(every_minutes, _QUARTER_MINUTES) * MINUTE_MS
    longer = to_ms - from_ms > DAY_MS + HOUR_MS
    for at_ms in range(-(-from_ms // step_ms) * step_ms, to_ms + 1, step_ms):
        local = figures.local(at_ms)
        if (60 * local.hour + local.minute) % every_minutes:
            continue
        midnight = local.hour == local.minute == 0
        if midnight and longer:
            yield at_ms, figures.short_date(at_ms)
        elif midnight and at_ms == to_ms:
            yield at_ms, f"24{figures.words('number.clock')}00"
        else:
            yield at_ms, figures.clock(at_ms)


def _calendar(from_ms: int, to_ms: int, figures: Figures) -> list[Tick]:
    """Days, months or years."""
    days = (to_ms - from_ms) / DAY_MS
    for step in _DAYS:
        if days / step <= MOST_TICKS + 3:
            return list(_days(from_ms, to_ms, figures, step))
    for step in _MONTHS:
        if days / 30.4 / step <= MOST_TICKS + 3:
            return list(_months(from_ms, to_ms, figures, step))
    step = next((step for step in _YEARS if days / 365.2 / step <= MOST_TICKS + 3), _YEARS[-1])
    return list(_months(from_ms, to_ms, figures, 12 * step))


def _days(from_ms: int, to_ms: int, figures: Figures, step: int) -> Iterator[Tick]:
    """With steps of more than a day those that a month begins with: 1, 6, 11 ... or 1, 11, 21."""
    day = figures.local(from_ms).date()
    while (at_ms := midnight_ms(day, figures.zone)) <= to_ms:
        if at_ms >= from_ms and ((day.day - 1) % step == 0 and (step == 1 or day.day <= 31 - step // 2)):
            yield at_ms, figures.short_date(at_ms)
        day = type(day).fromordinal(day.toordinal() + 1)


def _months(from_ms: int, to_ms: int, figures: Figures, step: int) -> Iterator[Tick]:
    """January is its year."""
    local = figures.local(from_ms)
    first = local.date().replace(month=1, day=1)
    month = 0
    while True:
        at = first.replace(year=first.year + month // 12, month=month % 12 + 1)
        at_ms = midnight_ms(at, figures.zone)
        if at_ms > to_ms:
            return
        if at_ms >= from_ms:
            name = figures.words.names("calendar.months")[at.month - 1]
            yield at_ms, str(at.year) if at.month == 1 else name
        month += step
