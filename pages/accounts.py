"""The answers of the read API about what is missing: gaps, silences, their energy, and the ledger.

Parameters in, values out: no bottle, no HTTP.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from metering.energy import HOUR_MS
from metering.gap import Gap
from metering.reading import Meter
from pages.health import GAPS_DAYS, JOIN_MS, CauseSum, by_cause
from pages.last_day import day_of_hours
from pages.query import Query, Refused
from pages.series import DAY_MS
from pages.view import View
from store.entry import Entry
from store.history import GapKey, History, gap_key

Shape = dict[str, Any]
# A sensor that is silent for an hour leaves 3 600 gaps; so many are 600 000 bytes.
MOST_GAPS = 5_000
# Two look-ups for each meter of a gap's device: with sixteen of them 3 200, some seconds on a Pi.
MOST_ENERGIES = 100
# A week of six sensors at 1 Hz is 3.6 million rows to count: some ten seconds on a Pi.
MOST_LEDGER_DAYS = 7
_AFTER = re.compile(r"(.+)/([0-9]{1,15})/([0-9]{1,15})/([0-9]{1,15})")


def gaps(view: View, history: History, query: Query) -> Shape:
    now_ms = view.now_ms()
    from_ms, to_ms = query.span(now_ms - GAPS_DAYS * DAY_MS, now_ms)
    most = query.whole("most", 1, MOST_GAPS, MOST_GAPS)
    found = history.gaps(from_ms, to_ms, _after(query), most + 1)
    sums = by_cause(history.gap_sums(from_ms, to_ms, JOIN_MS), from_ms, to_ms)
    last = found[most - 1] if len(found) > most else None
    meters = history.meters()
    energies = [_energies(history, meters, gap) for gap in found[: min(most, MOST_ENERGIES)]]
    energies += [None] * (len(found) - len(energies))
    return {
        "gaps": [_gap(gap, wh) for gap, wh in zip(found[:most], energies, strict=False)],
        "by_cause": cause_shapes(sums),
        "next": last and "/".join(str(part) for part in gap_key(last)),
    }


def _after(query: Query) -> GapKey | None:
    """The `next` of an answer before: source/boot/from_seq/to_seq."""
    text = query.text("after")
    if text is None:
        return None
    found = _AFTER.fullmatch(text)
    if found is None:
        raise Refused(400, "after", f"after={text!r} is not the `next` of an answer before")
    source, boot, from_seq, to_seq = found.groups()
    return source, int(boot), int(from_seq), int(to_seq)


def _energies(history: History, meters: Sequence[Meter], gap: Gap) -> dict[str, int | None] | None:
    """What each meter's counter moved across a gap; None when nobody knows when it was."""
    if gap.from_ms is None or gap.to_ms is None:
        return None
    of_device = [meter for meter in meters if meter.source == gap.source]
    return {meter.key: history.energy_across(meter, gap.from_ms, gap.to_ms) for meter in of_device}


def _gap(gap: Gap, energies: dict[str, int | None] | None) -> Shape:
    names = ("source", "boot", "from_seq", "to_seq", "cause", "from_ms", "to_ms")
    shape: Shape = {name: getattr(gap, name) for name in names}
    return {**shape, "estimated_records": gap.estimated, "energy_wh": energies}


def cause_shapes(sums: Iterable[CauseSum]) -> Shape:
    return {found.cause: {"gaps": found.gaps, "records": found.records, "ms": found.ms} for found in sums}


def ledger(view: View, history: History, query: Query) -> Shape:
    from_ms, to_ms = query.span(*day_of_hours(view.now_ms()))
    from_ms, to_ms = from_ms // HOUR_MS * HOUR_MS, -(-to_ms // HOUR_MS) * HOUR_MS
    if to_ms - from_ms > MOST_LEDGER_DAYS * DAY_MS:
        raise Refused(400, "from", f"the range is longer than {MOST_LEDGER_DAYS} days")
    book = history.ledger()
    entries = [*book.hours(from_ms, to_ms), *book.dateless()]
    explained: Counter[str] = Counter()
    for entry in entries:
        explained.update(entry.explained)
    sums = ("produced", "stored", "unexplained", "twice", "estimated", "silent_ms")
    totals: Shape = {name: sum(getattr(entry, name) for entry in entries) for name in sums}
    return {
        "from_ms": from_ms,
        "to_ms": to_ms,
        "hours": [_entry(entry) for entry in entries],
        "totals": {**totals, "explained": dict(explained)},
    }


def _entry(entry: Entry) -> Shape:
    names = (
        "source", "hour_ms", "produced", "stored", "explained", "unexplained", "twice", "meters", "estimated",
        "silent_ms",
    )  # fmt: skip
    return {name: getattr(entry, name) for name in names}
