"""What static/charts.js draws, as plain values: series in base units, ticks in the site's zone, named blanks.

The times are the server's, so a browser in another zone draws the same day.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pages.figures import MINUTE_MS, Figures
from pages.series import Blank, Series
from pages.usage import Bucket
from pages.words import Words

Shape = dict[str, Any]
TICK_MINUTES = 180
QUARTER_MINUTES = 15


def ticks(
    from_ms: int, to_ms: int, figures: Figures, every_minutes: int = TICK_MINUTES
) -> list[tuple[int, str]]:
    """Round local times in [from_ms, to_ms] with their clock text; a midnight at the end is 24.00."""
    # Zones are whole quarter hours from UTC; finer steps are taken as they are.
    step_ms = min(every_minutes, QUARTER_MINUTES) * MINUTE_MS
    found = []
    for at_ms in range(-(-from_ms // step_ms) * step_ms, to_ms + 1, step_ms):
        local = figures.local(at_ms)
        if (60 * local.hour + local.minute) % every_minutes == 0:
            ends = at_ms == to_ms and local.hour == local.minute == 0
            found.append((at_ms, f"24{figures.words('number.clock')}00" if ends else figures.clock(at_ms)))
    return found


def lines(series: Series, scale: int, name: str, colour: int) -> Shape:
    """One series: mean, lowest and highest per bucket; null where nothing is."""
    return {
        "name": name,
        "colour": colour,
        "from": series.from_ms,
        "step": series.bucket_ms,
        "n": [point.n if point else 0 for point in series.points],
        "mean": [point and round(point.total / point.n / scale, 2) for point in series.points],
        "min": [point and round(point.least / scale, 2) for point in series.points],
        "max": [point and round(point.most / scale, 2) for point in series.points],
    }


def bars(buckets: Sequence[Bucket]) -> Shape:
    """Energy of each hour in kWh at the hour's middle."""
    known = [bucket.energy_wh for bucket in buckets]
    return {
        "t": [(bucket.from_ms + bucket.to_ms) // 2 for bucket in buckets],
        "kwh": [None if wh is None else wh / 1000 for wh in known],
    }


def named(blanks: Iterable[Blank], words: Words, figures: Figures) -> list[Shape]:
    """Blanks with what a person reads when pointing at them."""
    return [
        {
            "from": blank.from_ms,
            "to": blank.to_ms,
            "title": f"{cause_name(blank.cause, words)}, {figures.duration(blank.ms)}",
            "text": f"{figures.clock(blank.from_ms)}–{figures.clock(blank.to_ms)}",
        }
        for blank in blanks
    ]


def cause_name(cause: str | None, words: Words) -> str:
    """A cause in words; a word from a newer device stays as it is."""
    if cause is None:
        return words("chart.unexplained")
    return words(f"cause.{cause}") if words.has(f"cause.{cause}") else cause
