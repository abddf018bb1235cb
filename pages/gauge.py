"""A gauge: an arc with the good range on it and a dot where the value is, as coordinates; pure, no HTML.

static/now.js moves the dot by the same rule.
"""

from dataclasses import dataclass
from math import cos, pi, sin

from metering.profile import Limit

# The arc of 100 x 112 units: its middle and radius.
MIDDLE_X, MIDDLE_Y, RADIUS = 100, 104, 88
# How far the arc goes on beyond both limits, as a share of what lies between them.
BEYOND = 0.55


@dataclass(frozen=True, slots=True)
class Gauge:
    """`low` ... `high` are the ends of the arc in small units; `good` is a path, `at` the dot, None without a value."""

    low: int
    high: int
    good: str
    at: tuple[float, float] | None


def gauge(limit: Limit, value: int | None) -> Gauge | None:
    """The gauge of a quantity with two limits; None where one is missing."""
    if limit.low is None or limit.high is None:
        return None
    beyond = round((limit.high - limit.low) * BEYOND)
    low, high = limit.low - beyond, limit.high + beyond
    begin, end = (_point(side, low, high) for side in (limit.low, limit.high))
    good = f"M{begin[0]} {begin[1]}A{RADIUS} {RADIUS} 0 0 1 {end[0]} {end[1]}"
    return Gauge(low, high, good, None if value is None else _point(value, low, high))


def _point(value: int, low: int, high: int) -> tuple[float, float]:
    """Where a value lies on the arc; one beyond its ends lies at the end."""
    part = min(1.0, max(0.0, (value - low) / (high - low)))
    return round(MIDDLE_X - RADIUS * cos(pi * part), 1), round(MIDDLE_Y - RADIUS * sin(pi * part), 1)
