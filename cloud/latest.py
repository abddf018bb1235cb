"""The newest value of each meter as an edge posts it while somebody looks; replaced, never history."""

from collections.abc import Iterator
from typing import Any

import orjson

from metering.quantity import QUANTITIES, complaints, taken_complaint
from metering.reading import Meter
from pages.site import LiveValue
from store.database import Database, Question, Result
from sync.limits import MOST_CHANNEL
from sync.rejection import BadShape
from sync.shape import flag, listed, name, natural, spoken, table

MOST_METERS = 256
# The longest pace that a device can be set to; more would never look stale.
MOST_INTERVAL_MS = 3_600_000


def read_latest(fields: Any, now_ms: int) -> list[LiveValue]:
    """The values of a body; impossible ones are left out, their readings are refused with their batch."""
    spoken(table(fields, "latest").get("v"), "latest")
    meters = listed(fields.get("meters"), "meters")
    if len(meters) > MOST_METERS:
        raise BadShape(f"{len(meters)} meters; at most {MOST_METERS}")
    return list(_possible([_value(table(each, "meter")) for each in meters], now_ms))


def keep(db: Database, site: int, values: list[LiveValue]) -> None:
    """Replace what is known of these meters (inside a write transaction)."""
    db.executemany(
        "INSERT INTO latest (site, source, channel, boot, seq, taken_ms, interval_ms, vals)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, source, channel) DO UPDATE SET"
        " boot = excluded.boot, seq = excluded.seq, taken_ms = excluded.taken_ms,"
        " interval_ms = excluded.interval_ms, vals = excluded.vals",
        [
            (site, v.meter.source, v.meter.channel, v.boot, v.seq, v.taken_ms, v.interval_ms, _text(v))
            for v in values
        ],
    )


def newest(site: int) -> Question[list[LiveValue]]:
    return Question(
        "SELECT source, channel, boot, seq, taken_ms, interval_ms, vals FROM latest WHERE site = ?",
        (site,),
        _live,
    )


def _live(rows: Result) -> list[LiveValue]:
    found = []
    for source, channel, boot, seq, taken_ms, interval_ms, text in rows:
        fields = orjson.loads(text)
        values, estimated = tuple(fields["values"]), fields["estimated"]
        found.append(LiveValue(Meter(source, channel), boot, seq, taken_ms, values, interval_ms, estimated))
    return found


def _text(value: LiveValue) -> str:
    return orjson.dumps({"values": value.values, "estimated": value.estimated}).decode()


def _value(fields: dict[str, Any]) -> LiveValue:
    values = listed(fields.get("values"), "values")
    if len(values) != len(QUANTITIES) or not all(v is None or type(v) is int for v in values):
        raise BadShape(f"values: {len(QUANTITIES)} integers or null expected")
    return LiveValue(
        Meter(name(fields.get("source"), "source"), natural(fields.get("channel"), "channel", least=1)),
        natural(fields.get("boot"), "boot"),
        natural(fields.get("seq"), "seq", least=1),
        natural(fields.get("taken_ms"), "taken_ms"),
        tuple(values),
        natural(fields.get("interval_ms"), "interval_ms"),
        flag(fields.get("estimated", False), "estimated"),
    )


def _possible(values: list[LiveValue], now_ms: int) -> Iterator[LiveValue]:
    for value in values:
        wrong = list(complaints(value.values)) or taken_complaint(value.taken_ms, now_ms)
        paced = 1 <= value.interval_ms <= MOST_INTERVAL_MS
        if not wrong and value.meter.channel <= MOST_CHANNEL and paced:
            yield value
