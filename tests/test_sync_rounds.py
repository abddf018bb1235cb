"""Which hours are compared when: complete ones soon, mended ones again, old ones at night, and none for ever."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from madeparts import HOUR_MS, Twin

from metering.quantity import DAY_MS
from store.comparisons import Compared, Comparisons
from sync.rounds import MOST_AGAIN, MOST_HOURS, NIGHT_HOURS, SETTLE_MS, Rounds

ZONE = ZoneInfo("Asia/Jakarta")
# Noon in Jakarta.
NOON_MS = int(datetime(2026, 11, 20, 5, tzinfo=UTC).timestamp()) * 1000
NIGHT_MS = NOON_MS + 16 * HOUR_MS + 59 * 60_000


@pytest.fixture
def comparisons(tmp_path: Path) -> Iterator[Comparisons]:
    edge = Twin(tmp_path, "edge")
    with closing(edge.db):
        yield Comparisons(edge.db, 1)


def rounds(comparisons: Comparisons) -> Rounds:
    return Rounds(comparisons, ZONE, Random(1))


def compared(comparisons: Comparisons, from_ms: int, to_ms: int, at_ms: int = 1) -> None:
    comparisons.note([Compared(hour_ms, 10, 10) for hour_ms in range(from_ms, to_ms, HOUR_MS)], at_ms)


def test_an_hour_is_due_once_it_is_complete_and_all_of_it_arrived(comparisons: Comparisons) -> None:
    compared(comparisons, NOON_MS - HOUR_MS, NOON_MS)
    span = (NOON_MS - HOUR_MS, NOON_MS + HOUR_MS + SETTLE_MS)
    assert rounds(comparisons).due(NOON_MS + HOUR_MS + SETTLE_MS - 1, span) == []
    assert rounds(comparisons).due(NOON_MS + HOUR_MS + SETTLE_MS, span) == [(NOON_MS, NOON_MS + HOUR_MS)]


def test_a_long_past_is_taken_a_day_at_a_time_and_no_farther_back_than_a_month(
    comparisons: Comparisons,
) -> None:
    now_ms, seen = NOON_MS + SETTLE_MS, 0
    made = rounds(comparisons)
    while due := made.due(now_ms, (NOON_MS - 400 * DAY_MS, NOON_MS)):
        ((from_ms, to_ms),) = due
        assert 0 < to_ms - from_ms <= MOST_HOURS * HOUR_MS
        compared(comparisons, from_ms, to_ms)
        seen += (to_ms - from_ms) // HOUR_MS
    assert seen == 30 * 24


def test_hours_in_which_nothing_was_do_not_hold_up_the_next_ones(comparisons: Comparisons) -> None:
    compared(comparisons, NOON_MS - 3 * DAY_MS, NOON_MS - 2 * DAY_MS)
    made, ends = rounds(comparisons), []
    for _ in range(2):
        ((from_ms, to_ms),) = made.due(NOON_MS + SETTLE_MS, (NOON_MS - 3 * DAY_MS, NOON_MS))
        ends.append(to_ms)
        comparisons.note([Compared(hour_ms, 0, 0) for hour_ms in range(from_ms, to_ms, HOUR_MS)], 1)
    assert ends == [NOON_MS - DAY_MS, NOON_MS]


def test_a_clock_that_runs_ahead_makes_no_hours_without_end(comparisons: Comparisons) -> None:
    compared(comparisons, NOON_MS - HOUR_MS, NOON_MS)
    assert rounds(comparisons).due(NOON_MS + 400 * DAY_MS, (NOON_MS - HOUR_MS, NOON_MS - 1)) == []


def test_without_a_row_nothing_is_due(comparisons: Comparisons) -> None:
    assert rounds(comparisons).due(NOON_MS, None) == []


def test_what_was_mended_is_compared_once_more(comparisons: Comparisons) -> None:
    compared(comparisons, NOON_MS - 10 * HOUR_MS, NOON_MS)
    made = rounds(comparisons)
    made.mended([NOON_MS - 3 * HOUR_MS, NOON_MS - 2 * HOUR_MS, NOON_MS - 8 * HOUR_MS])
    span = (NOON_MS - 10 * HOUR_MS, NOON_MS - 1)
    assert made.due(NOON_MS, span) == [
        (NOON_MS - 8 * HOUR_MS, NOON_MS - 7 * HOUR_MS), (NOON_MS - 3 * HOUR_MS, NOON_MS - HOUR_MS),
    ]  # fmt: skip
    assert made.due(NOON_MS, span) == []


def test_what_mending_does_not_help_is_left_for_the_night(comparisons: Comparisons) -> None:
    compared(comparisons, NOON_MS - 2 * HOUR_MS, NOON_MS)
    made, span, times = rounds(comparisons), (NOON_MS - 2 * HOUR_MS, NOON_MS - 1), 0
    made.mended([NOON_MS - HOUR_MS])
    while made.due(NOON_MS, span):
        times += 1
        made.mended([NOON_MS - HOUR_MS])
    assert times == MOST_AGAIN


def test_at_night_those_compared_longest_ago_once_a_night(comparisons: Comparisons) -> None:
    begin_ms = NIGHT_MS - NIGHT_MS % HOUR_MS - 20 * DAY_MS
    compared(comparisons, begin_ms, NIGHT_MS - NIGHT_MS % HOUR_MS, at_ms=5)
    oldest = begin_ms + 3 * DAY_MS, begin_ms + 5 * DAY_MS
    compared(comparisons, *oldest, at_ms=2)
    span, made = (begin_ms, NIGHT_MS - HOUR_MS), rounds(comparisons)
    assert made.due(NIGHT_MS - 12 * HOUR_MS, span) == []
    assert made.due(NIGHT_MS, span) == [oldest]
    assert (oldest[1] - oldest[0]) // HOUR_MS == NIGHT_HOURS
    assert made.due(NIGHT_MS, span) == []
    assert made.due(NIGHT_MS + DAY_MS, (begin_ms, NIGHT_MS - HOUR_MS)) != []
