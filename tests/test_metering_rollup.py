"""Rollups: of minutes, and of longer stretches made of shorter ones, are what a plain look at all readings gives."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.energy import RATED_POWER_W, WRAP_WH, differences
from metering.quantity import COLUMNS
from metering.rollup import MINUTE_MS, QUARTER_MS, Rollup, Sum, Way, between, by, by_minute, together

HOUR_MS = 60 * MINUTE_MS
BEGIN_MS = 1_795_168_800_000
Row = tuple[Any, ...]


def reading(at_ms: int, power_mw: int | None = 24_400, wh: int | None = 38, boot: int = 7) -> Row:
    return (boot, at_ms - BEGIN_MS + 1, at_ms, 225_700, 108, power_mw, wh, 50_000, 1_000, 0)


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Readings in order of time, some values missing, of a counter that also turns."""
    at_ms, wh, rows = BEGIN_MS, draw(st.sampled_from((0, 38, WRAP_WH - 3))), []
    for _ in range(draw(st.integers(1, 60))):
        at_ms += draw(st.sampled_from((0, 1, 999, 1_000, 59_000, 400_000, 4_000_000)))
        wh = draw(st.sampled_from((wh, wh + 1, wh + 20, 0, 5, (wh + 4) % WRAP_WH, wh + 9_000_000)))
        rows.append(
            reading(
                at_ms,
                draw(st.one_of(st.none(), st.integers(-5_000, 3_000_000))),
                draw(st.sampled_from((wh, wh, None))),
                draw(st.sampled_from((7, 8))),
            )
        )
    return rows


def plainly(start_ms: int, rows: Sequence[Row]) -> Rollup:
    """The same by looking at every reading, without any rollup in between."""
    sums = []
    for place in range(len(COLUMNS)):
        values = [row[3 + place] for row in rows if row[3 + place] is not None]
        sums.append(Sum(len(values), sum(values), min(values), max(values)) if values else None)
    counters = [(row[2], row[6]) for row in rows if row[6] is not None]
    steps = list(differences(counters))
    way = None
    if counters:
        turns = len([step for step in steps if step.event])
        way = Way(*counters[0], *counters[-1], sum(step.wh for step in steps), turns)
    return Rollup(start_ms, len({row[2] // MINUTE_MS for row in rows}), tuple(sums), way)


@given(histories())
@pytest.mark.parametrize("width_ms", [QUARTER_MS, HOUR_MS, 24 * HOUR_MS])
def test_made_of_shorter_ones_is_made_of_all_readings(width_ms: int, rows: list[Row]) -> None:
    steps = [QUARTER_MS, HOUR_MS, 24 * HOUR_MS]
    found = list(by_minute(rows))
    for step in steps[: steps.index(width_ms) + 1]:
        found = list(by(step, found))
    starts = sorted({row[2] // width_ms * width_ms for row in rows})
    assert found == [
        plainly(start, [row for row in rows if row[2] // width_ms * width_ms == start]) for start in starts
    ]


@given(histories())
def test_minutes_are_those_that_have_readings(rows: list[Row]) -> None:
    minutes = list(by_minute(rows))
    assert [each.start_ms for each in minutes] == sorted({row[2] // MINUTE_MS * MINUTE_MS for row in rows})
    assert together(BEGIN_MS, minutes) == plainly(BEGIN_MS, rows)


def test_what_was_used_between_two_stretches_is_in_the_difference() -> None:
    rows = [reading(BEGIN_MS + 59_000, wh=100), reading(BEGIN_MS + 61_000, wh=101)]
    first, second = by_minute(rows)
    assert first.way is not None
    assert second.way is not None
    assert (first.way.used_wh, second.way.used_wh) == (0, 0)
    assert between(first.way, second.way).wh == 1
    way = together(BEGIN_MS, [first, second]).way
    assert way is not None
    assert (way.used_wh, way.turns) == (1, 0)


def test_a_turn_on_the_border_of_two_stretches_is_counted_once() -> None:
    most_wh = RATED_POWER_W * 2 // 3_600
    rows = [reading(BEGIN_MS + 59_000, wh=most_wh * 1_000), reading(BEGIN_MS + 61_000, wh=2)]
    joined = together(BEGIN_MS, list(by_minute(rows))).way
    assert joined is not None
    assert (joined.used_wh, joined.turns) == (2, 1)


def test_what_is_missing_everywhere_stays_missing() -> None:
    [only] = by_minute([reading(BEGIN_MS, power_mw=None, wh=None)])
    assert only.sums[COLUMNS.index("power_mw")] is None
    assert only.way is None
    assert together(BEGIN_MS, [only, only]).sums[COLUMNS.index("energy_wh")] is None
