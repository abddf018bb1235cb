"""Empty intervals are found, cut to their gaps, named, and never bridged."""

from pathlib import Path

import pytest
from filled_house import NOW_MS, STEP_MS, empty_house, fill

from metering.gap import GapSum
from metering.reading import Meter
from pages.series import Blank, Point, Series, blanks, nice_ms, pace_ms, read, together
from store.part import Part

METER = Meter("garage", 1)
ONE = Point(6, 600, 90, 110)
MINUTE = 60_000


def series(pattern: str) -> Series:
    """One bucket of a minute per letter: x has readings, . has none."""
    points = tuple(ONE if letter == "x" else None for letter in pattern)
    return Series(0, len(pattern) * MINUTE, MINUTE, points)


def gap(from_ms: int, to_ms: int, cause: str = "device-off") -> GapSum:
    return GapSum("garage", cause, 1, 5, from_ms, to_ms)


def test_an_empty_interval_without_a_gap_has_no_cause() -> None:
    assert blanks(series("xx..xx"), (0, 6 * MINUTE), []) == [Blank(2 * MINUTE, 4 * MINUTE, None)]


def test_a_gaps_own_edges_are_finer_than_the_buckets() -> None:
    found = blanks(series("xx..xx"), (0, 6 * MINUTE), [gap(110_000, 245_000)])
    assert found == [Blank(110_000, 245_000, "device-off")]


def test_two_causes_in_one_silence_are_two_blanks() -> None:
    gaps = [gap(2 * MINUTE, 4 * MINUTE, "link"), gap(4 * MINUTE, 6 * MINUTE, "edge-off")]
    assert blanks(series("xx....xx"), (0, 8 * MINUTE), gaps) == [
        Blank(2 * MINUTE, 4 * MINUTE, "link"),
        Blank(4 * MINUTE, 6 * MINUTE, "edge-off"),
    ]


def test_what_no_gap_covers_stays_unexplained() -> None:
    found = blanks(series("xx......xx"), (0, 10 * MINUTE), [gap(4 * MINUTE, 5 * MINUTE)])
    assert [blank.cause for blank in found] == [None, "device-off", None]
    assert found[0].from_ms == 2 * MINUTE
    assert found[-1].to_ms == 8 * MINUTE


def test_a_gap_of_another_channel_is_no_blank_where_readings_are() -> None:
    assert blanks(series("xxxxxx"), (0, 6 * MINUTE), [gap(MINUTE, 3 * MINUTE, "sensor")]) == []


def test_before_the_first_and_after_the_last_reading_nothing_is_missing() -> None:
    assert blanks(series("..xx.."), (2 * MINUTE, 4 * MINUTE), []) == []


def test_a_gap_whose_cause_is_no_known_word_explains_nothing() -> None:
    found = blanks(series("x..x"), (0, 4 * MINUTE), [gap(MINUTE, 3 * MINUTE, "gremlins")])
    assert [blank.cause for blank in found] == [None]


def test_joined_buckets_hold_the_same_readings() -> None:
    joined = series("xx.x").joined(2)
    assert joined.points == (Point(12, 1200, 90, 110), ONE)
    assert together(joined.points) == together(series("xx.x").points)


@pytest.mark.parametrize(
    ("least", "width"), [(1, 1000), (144_000, 300_000), (86_400_001, 172_800_000), (300_000, 300_000)]
)
def test_bucket_widths_are_round(least: int, width: int) -> None:
    assert nice_ms(least) == width


def test_a_meters_pace_is_measured(tmp_path: Path) -> None:
    house = empty_house(tmp_path)
    times = range(NOW_MS - 100 * STEP_MS, NOW_MS, STEP_MS)
    rows = [(seq, 1, at, 220_000, 0, 1000, 5, 50_000, 1000, 0) for seq, at in enumerate(times, 1)]
    fill(house, [Part("garage", 1, 0, rows)])
    with house.history() as history:
        assert pace_ms(history, METER) == STEP_MS
        found = read(history, METER, "power_mw", NOW_MS - 120_000, NOW_MS, 60_000)
    assert found.points == (Point(6, 6000, 1000, 1000), Point(6, 6000, 1000, 1000))
