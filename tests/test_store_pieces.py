"""Pieces of a range: they cover it once, in order, and only what is true there is read from rollups."""

from hypothesis import given
from hypothesis import strategies as st

from metering.energy import HOUR_MS
from metering.quantity import DAY_MS
from metering.rollup import MINUTE_MS, QUARTER_MS
from store.pieces import Piece, pieces

BEGIN_MS = 1_795_132_800_000 // DAY_MS * DAY_MS


def test_a_range_in_whole_hours_is_read_by_the_hour() -> None:
    assert pieces(BEGIN_MS, BEGIN_MS + 5 * HOUR_MS, HOUR_MS, []) == [
        Piece(BEGIN_MS, BEGIN_MS + 5 * HOUR_MS, HOUR_MS)
    ]


def test_a_stale_hour_and_the_ends_are_read_from_rows() -> None:
    from_ms, to_ms = BEGIN_MS + 10 * MINUTE_MS, BEGIN_MS + 3 * HOUR_MS + 1
    assert pieces(from_ms, to_ms, HOUR_MS, [BEGIN_MS + 2 * HOUR_MS]) == [
        Piece(from_ms, BEGIN_MS + HOUR_MS, None),
        Piece(BEGIN_MS + HOUR_MS, BEGIN_MS + 2 * HOUR_MS, HOUR_MS),
        Piece(BEGIN_MS + 2 * HOUR_MS, to_ms, None),
    ]


def test_whole_days_are_read_by_the_day_and_the_rest_by_the_quarter() -> None:
    days = [(BEGIN_MS, BEGIN_MS + DAY_MS), (BEGIN_MS + DAY_MS, BEGIN_MS + 2 * DAY_MS)]
    from_ms, to_ms = BEGIN_MS - HOUR_MS, BEGIN_MS + 2 * DAY_MS + QUARTER_MS
    assert pieces(from_ms, to_ms, QUARTER_MS, [], days) == [
        Piece(from_ms, BEGIN_MS, QUARTER_MS),
        Piece(BEGIN_MS, BEGIN_MS + 2 * DAY_MS, DAY_MS),
        Piece(BEGIN_MS + 2 * DAY_MS, to_ms, QUARTER_MS),
    ]


def test_a_day_that_the_range_cuts_is_not_read_by_the_day() -> None:
    days = [(BEGIN_MS, BEGIN_MS + DAY_MS)]
    assert pieces(BEGIN_MS + HOUR_MS, BEGIN_MS + DAY_MS, HOUR_MS, [], days) == [
        Piece(BEGIN_MS + HOUR_MS, BEGIN_MS + DAY_MS, HOUR_MS)
    ]


def test_without_rollups_everything_is_rows() -> None:
    assert pieces(5, 10 * HOUR_MS, None, [HOUR_MS]) == [Piece(5, 10 * HOUR_MS, None)]


OFFSETS = st.integers(-30 * 60, 30 * 60).map(lambda minutes: minutes * MINUTE_MS)


@given(
    st.integers(0, 4 * DAY_MS),
    st.integers(0, 3 * DAY_MS),
    st.sampled_from((None, MINUTE_MS, QUARTER_MS, HOUR_MS)),
    st.sets(st.integers(0, 24 * 8)),
    st.sets(st.integers(0, 7)),
    OFFSETS,
)
def test_they_cover_the_range_once(
    into: int, length: int, width_ms: int | None, hours: set[int], dates: set[int], offset_ms: int
) -> None:
    from_ms, to_ms = BEGIN_MS + into, BEGIN_MS + into + length
    stale = sorted(BEGIN_MS + hour * HOUR_MS for hour in hours)
    starts = sorted(BEGIN_MS + date * DAY_MS + offset_ms for date in dates)
    days = [
        (at, at + DAY_MS) for at in starts if not any(at - HOUR_MS < hour < at + DAY_MS for hour in stale)
    ]
    found = pieces(from_ms, to_ms, width_ms, stale, days)
    ends = [from_ms, *(piece.to_ms for piece in found)]
    assert [piece.from_ms for piece in found] == ends[:-1]
    assert ends[-1] == to_ms
    for piece in found:
        if piece.width_ms == DAY_MS:
            assert (piece.to_ms - piece.from_ms) % DAY_MS == 0
        elif piece.width_ms:
            assert piece.from_ms % width_ms == piece.to_ms % width_ms == 0  # type: ignore[operator]
            assert not any(piece.from_ms < hour + HOUR_MS and hour < piece.to_ms for hour in stale)
