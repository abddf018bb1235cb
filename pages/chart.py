"""What static/charts.js draws, as plain values: series in base units, ticks in the site's zone, named blanks.

The times are the server's, so a browser in another zone draws the same day.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pages.figures import HOUR_MS, Figures
from pages.series import Blank, Series
from pages.usage import Bucket
from pages.words import Words

Shape = dict[str, Any]
TICK_HOURS = 3
LATE_TICK_HOURS = 6


def ticks(from_ms: int, to_ms: int, figures: Figures, every_hours: int = TICK_HOURS) -> list[tuple[int, str]]:
    """Full local hours in [from_ms, to_ms] with their clock text; a midnight that ends the range is 24.00."""
    found = []
    at = datetime.fromtimestamp(-(-from_ms // HOUR_MS) * HOUR_MS / 1000, UTC)
    # Quarter hours, because zones are whole quarters from UTC; clock changes stay right this way too.
    while (at_ms := int(at.timestamp() * 1000)) <= to_ms:
        local = figures.local(at_ms)
        if local.minute == 0 and local.hour % every_hours == 0:
            ends = at_ms == to_ms and local.hour == 0
            found.append((at_ms, f"24{figures.words('number.clock')}00" if ends else figures.clock(at_ms)))
        at += timedelta(minutes=15)
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
