"""The answers of the read API as plain JSON-able values, one function per route.

Parameters in, values out: no bottle, no HTTP.
"""

from dataclasses import asdict

from metering.calendar import PERIODS, period_span
from metering.energy import HOUR_MS
from metering.quantity import BY_COLUMN, BY_NAME, QUANTITIES, Quantity
from metering.rollup import MINUTE_MS
from pages.accounts import Shape, cause_shapes
from pages.export import base_values
from pages.faces import Face
from pages.judged import judged
from pages.latest import Newest
from pages.query import Query, Refused
from pages.series import DAY_MS, Point, Series, blanks_of, grid_ms, nice_ms, read
from pages.usage import TooMany, usage
from pages.view import View
from store.history import History

USUAL_POINTS = 600
# 1 500 points are at most 60 000 bytes, which any phone draws at once.
MOST_POINTS = 1_500
# Of a longer range minutes are the finest: below, every row of it is read.
FINEST_MOST_MS = 4 * HOUR_MS
_BASES = [quantity.base for quantity in QUANTITIES]


def meters(view: View, history: History, _query: Query) -> Shape:
    shapes, faces = [], view.faces(history)
    for meter in history.meters():
        first_ms, last_ms = history.span_ms(meter) or (None, None)
        shapes.append(
            {
                "meter": meter.key,
                "source": meter.source,
                "channel": meter.channel,
                "first_ms": first_ms,
                "last_ms": last_ms,
                **_face(faces.of(meter)),
            }
        )
    return {"meters": shapes}


def _face(face: Face) -> Shape:
    limits = {
        BY_COLUMN[column].base: [
            _base_or_null(side, BY_COLUMN[column].scale) for side in (limit.low, limit.high)
        ]
        for column, limit in face.profile.limits.items()
    }
    said = {"name": face.name, "room": face.room or None, "phase": face.phase or None}
    return {**said, "colour": face.colour, "limits": limits}


def latest(view: View, history: History, _query: Query) -> Shape:
    now_ms = view.now_ms()
    line, faces = view.sync_line(view.site.condition(), now_ms), view.faces(history)
    return {
        "now_ms": now_ms,
        "timezone": view.site.zone.key,
        "meters": [_newest(one, faces.of(one.meter)) for one in view.latest.of(history, now_ms)],
        "sync": line.shape(),
    }


def _newest(newest: Newest, face: Face) -> Shape:
    names = ("boot", "seq", "taken_ms", "age_ms", "stale", "estimated", "interval_ms", "today_wh")
    shape: Shape = {"meter": newest.meter.key, **{name: getattr(newest, name) for name in names}}
    shape["values"] = dict(zip(_BASES, base_values(newest.values), strict=True))
    shape["judged"] = {
        name: {"verdict": one.verdict, "limit": _base(one.limit, BY_NAME[name].scale)}
        for name, one in judged(newest, face.profile).items()
    }
    return shape


def series(view: View, history: History, query: Query) -> Shape:
    now_ms = view.now_ms()
    meter = query.meter(history.meters())
    quantity = BY_NAME[query.word("quantity", tuple(BY_NAME), "power")]
    from_ms, to_ms = query.span(now_ms - DAY_MS, now_ms)
    points = query.whole("points", 1, MOST_POINTS, USUAL_POINTS)
    # A bucket narrower than the pace would be empty between two readings and look like a gap.
    least_ms = max(-(-(to_ms - from_ms) // points), view.latest.pace(history, meter, now_ms))
    width = nice_ms(max(least_ms, MINUTE_MS) if to_ms - from_ms > FINEST_MOST_MS else least_ms)
    begin_ms = grid_ms(from_ms, width, view.site.zone)
    found = read(history, meter, quantity.column, from_ms, to_ms, width, begin_ms)
    span = history.span_ms(meter) or (to_ms, to_ms)
    empty = blanks_of(history, meter, found, (max(from_ms, span[0]), min(to_ms, span[1])))
    return {
        "meter": meter.key,
        "quantity": quantity.name,
        "unit": quantity.unit,
        **series_shape(found, quantity),
        "gaps": [asdict(blank) for blank in empty],
    }


def series_shape(found: Series, quantity: Quantity) -> Shape:
    """Times and base-unit means, lowest and highest; null where a bucket is empty."""
    scale = quantity.scale
    return {
        "from_ms": found.from_ms,
        "to_ms": found.to_ms,
        "bucket_ms": found.bucket_ms,
        "t": [found.start_ms(place) for place in range(len(found.points))],
        "mean": [_mean(point, scale) for point in found.points],
        "min": [point and _base(point.least, scale) for point in found.points],
        "max": [point and _base(point.most, scale) for point in found.points],
    }


def _mean(point: Point | None, scale: int) -> float | None:
    return None if point is None else round(point.total / point.n / scale, 3)


def _base(value: int, scale: int) -> float | int:
    return value if scale == 1 else value / scale


def _base_or_null(value: int | None, scale: int) -> float | int | None:
    return None if value is None else _base(value, scale)


def energy(view: View, history: History, query: Query) -> Shape:
    zone = view.site.zone
    meter = query.meter(history.meters())
    period = query.word("period", PERIODS, "hour")
    from_ms, to_ms = query.span(*period_span(period, view.now_ms(), zone))
    try:
        used = usage(history, meter, period, from_ms, to_ms, zone)
    except TooMany as error:
        raise Refused(400, "from", str(error)) from error
    return {
        "meter": meter.key,
        "period": period,
        "timezone": zone.key,
        "buckets": [asdict(bucket) for bucket in used.buckets],
        "events": [
            {"at_ms": step.at_ms, "kind": step.event, "before_wh": step.before_wh, "after_wh": step.after_wh}
            for step in used.events
        ],
    }


def health(view: View, history: History, _query: Query) -> Shape:
    now_ms = view.now_ms()
    condition = view.site.condition()
    held = view.account(history, now_ms)
    sides = asdict(condition)
    del sides["pairing"]  # a code is for people who look at the page, not for programs
    return {
        "now_ms": now_ms,
        "twin": view.site.twin,
        "timezone": view.site.zone.key,
        **sides,
        "sync": view.sync_line(condition, now_ms).shape(),
        "gaps": {
            "from_ms": held.from_ms,
            "to_ms": held.to_ms,
            "by_cause": cause_shapes(held.causes),
            "unexplained": held.unexplained,
            "unexplained_ms": held.unexplained_ms,
            "recorded_ms": held.recorded_ms,
            "watched_ms": held.watched_ms,
        },
        "ledger": [asdict(device) for device in held.devices],
    }
