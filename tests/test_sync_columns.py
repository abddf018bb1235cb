"""Columns: whatever integers and gaps a part holds comes back as it was, and nothing else is read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.quantity import DAY_MS, MOST_EXACT, QUANTITIES, TAKEN_MS_LEAST
from metering.reading import ROW_FIELDS
from sync.columns import BadColumns, decode_column, decode_columns, encode_column, encode_rows
from sync.limits import impossible

NOW_MS = 1_795_168_800_000
PLAIN = (41, 1, NOW_MS, 225_700, 108, 24_400, 38, 50_000, 1_000, 0)

integers = st.integers(-MOST_EXACT, MOST_EXACT)
rows = st.lists(
    st.tuples(
        st.integers(1, MOST_EXACT), st.integers(1, 16), *[st.none() | integers for _ in ROW_FIELDS[2:]]
    ),
    min_size=1,
    max_size=40,
)


@given(rows)
def test_rows_come_back_as_they_were(rows: list[tuple[int | None, ...]]) -> None:
    assert list(zip(*decode_columns(encode_rows(rows)), strict=True)) == rows


@given(st.lists(st.integers(-(2**32), 2**32), min_size=2, max_size=50), st.integers(1, 10_000))
def test_steps_of_a_coarse_register_travel_as_small_numbers(steps: list[int], step: int) -> None:
    column = encode_column([each * step for each in steps])
    assert all(value % step == 0 for value in [(column[0] or 0) * (d or 0) for d in column[2:]])
    assert list(decode_column("power_mw", column, len(steps))) == [each * step for each in steps]


def test_a_column_says_its_step_then_differences() -> None:
    assert encode_column([225_700, 225_500, 225_600, None, 226_000]) == [100, 225_700, -2, 1, None, 4]


def test_a_column_without_any_value_is_left_out() -> None:
    assert set(encode_rows([(1, 1, None, 5, *[None] * 6)])) == {"seq", "channel", "voltage_mv"}


@pytest.mark.parametrize(
    "change",
    [
        {"reactive_mvar": [1, 5]},
        {"seq": None},
        {"seq": []},
        {"seq": [1]},
        {"channel": "1"},
        {"channel": [1, 1, 0]},
        {"channel": [1, None]},
        {"voltage_mv": [0, 5]},
        {"voltage_mv": [-1, 5]},
        {"voltage_mv": [None, 5]},
        {"voltage_mv": [1, 5.0]},
        {"voltage_mv": [1, True]},
        {"voltage_mv": [True, 1]},
        {"voltage_mv": [1, "5"]},
        {"voltage_mv": [1, [5]]},
        {"voltage_mv": {"0": 1}},
    ],
    ids=str,
)
def test_anything_else_is_refused_in_words(change: dict[str, Any]) -> None:
    columns = {**encode_rows([PLAIN]), **change}
    with pytest.raises(BadColumns, match="columns"):
        decode_columns({name: column for name, column in columns.items() if column is not None})


def columns_of(*rows: tuple[int | None, ...]) -> list[Any]:
    return [list(column) for column in zip(*rows, strict=True)]


def test_possible_rows_have_no_complaint_even_with_values_missing() -> None:
    assert impossible(columns_of(PLAIN, (42, 1, NOW_MS, *[None] * 7)), NOW_MS) == {}


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda q: q.column)
def test_the_ends_of_a_register_are_possible_and_what_lies_beyond_is_not(quantity: Any) -> None:
    place = ROW_FIELDS.index(quantity.column)
    values = [quantity.least, quantity.most, quantity.least - 1, quantity.most + 1, None]
    found = impossible(columns_of(*[(*PLAIN[:place], v, *PLAIN[place + 1 :]) for v in values]), NOW_MS)
    assert set(found) == {2, 3}
    assert all(quantity.column in why for why in found.values())


@pytest.mark.parametrize(
    ("taken_ms", "is_possible"),
    [
        (TAKEN_MS_LEAST, True),
        (NOW_MS + DAY_MS, True),
        (TAKEN_MS_LEAST - 1, False),
        (NOW_MS + DAY_MS + 1, False),
        (None, False),
    ],
)
def test_a_date_lies_between_2020_and_tomorrow(taken_ms: int | None, is_possible: bool) -> None:
    found = impossible(columns_of(PLAIN, (42, 1, taken_ms, *PLAIN[3:])), NOW_MS)
    assert (1 not in found) == is_possible


def test_every_complaint_about_a_row_is_told() -> None:
    (why,) = impossible(columns_of((1, 0, 5, -1, *PLAIN[4:])), NOW_MS).values()
    assert all(column in why for column in ("channel", "taken_ms", "voltage_mv"))
