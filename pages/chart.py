"""What static/charts.js draws, as plain values: series in base units, ticks in the site's zone, named blanks.

The times are the server's, so a browser in another zone draws the same day.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pages.figures import Figures
from pages.series import Blank, Series
from pages.usage import Bucket
from pages.words import Words

Shape = dict[str, Any]


def lines(series: Series, scale: int, name: str, colour: int, band: bool = True) -> Shape:
    """One series: mean, and with a band lowest and highest, per bucket; null where nothing is."""
    points = series.points
    shape: Shape = {
        "name": name,
        "colour": colour,
        "from": series.from_ms,
        "step": series.bucket_ms,
        "mean": [point and round(point.total / point.n / scale, 3) for point in points],
    }
    if band:
        shape["n"] = [point.n if point else 0 for point in points]
        shape["min"] = [point and round(point.least / scale, 3) for point in points]
        shape["max"] = [point and round(point.most / scale, 3) for point in points]
    return shape


def bars(buckets: Sequence[Bucket], name: str, colour: int) -> Shape:
    """Energy in kWh at the middle of each hour, day or month."""
    known = [bucket.energy_wh for bucket in buckets]
    return {
        "name": name,
        "colour": colour,
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
            "text": _from_to(blank, figures),
        }
        for blank in blanks
    ]


def _from_to(blank: Blank, figures: Figures) -> str:
    """15.38–16.31, with the dates where it is not one day."""
    one_day = figures.local(blank.from_ms).date() == figures.local(blank.to_ms).date()
    at = figures.clock if one_day else figures.moment
    return f"{at(blank.from_ms)}–{at(blank.to_ms)}"


def cause_name(cause: str | None, words: Words) -> str:
    """A cause in words; a word from a newer device stays as it is."""
    if cause is None:
        return words("chart.unexplained")
    return words(f"cause.{cause}") if words.has(f"cause.{cause}") else cause
