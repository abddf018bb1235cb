"""The table of quantities: a limit is what a register can hold, never what seems plausible."""

import pytest

from metering.quantity import (
    BY_COLUMN,
    BY_NAME,
    COLUMNS,
    DAY_MS,
    MOST_EXACT,
    QUANTITIES,
    TAKEN_MS_LEAST,
    complaints,
    taken_complaint,
)

REAL = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)
LIMITS = {
    "voltage_mv": (0, 6_553_500),
    "current_ma": (-4_294_967_295, 4_294_967_295),
    "power_mw": (-429_496_729_500, 429_496_729_500),
    "energy_wh": (0, 2**53 - 1),
    "frequency_mhz": (0, 6_553_500),
    "power_factor_milli": (-1000, 1000),
    "alarm": (0, 1),
}
NOW_MS = 1_795_159_930_000


def changed(column: str, value: int | None) -> list[int | None]:
    values: list[int | None] = list(REAL)
    values[COLUMNS.index(column)] = value
    return values


def test_a_real_reading_has_nothing_to_complain_about() -> None:
    assert list(complaints(REAL)) == []


def test_power_without_current_is_accepted_because_sensors_show_it() -> None:
    assert list(complaints([244_500, 0, 1_100, 1204, 50_000, 1_000, 0])) == []


def test_a_power_factor_of_1_01_is_refused() -> None:
    assert list(complaints(changed("power_factor_milli", 1_010))) == [
        "power_factor_milli=1010 outside [-1000, 1000]"
    ]


def test_a_reading_in_which_everything_is_missing_is_accepted() -> None:
    assert list(complaints([None] * len(QUANTITIES))) == []


def test_every_impossible_value_of_a_row_is_told() -> None:
    values = changed("alarm", 2)
    values[0] = -1
    assert [said.split("=")[0] for said in complaints(values)] == ["voltage_mv", "alarm"]


def test_a_row_with_too_few_values_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="shorter"):
        list(complaints(REAL[:-1]))


def test_the_limits_are_those_of_the_registers() -> None:
    assert {q.column: (q.least, q.most) for q in QUANTITIES} == LIMITS


@pytest.mark.parametrize("column", COLUMNS)
def test_the_ends_of_a_range_are_inside_it(column: str) -> None:
    quantity = BY_COLUMN[column]
    assert quantity.complaint(quantity.least) is None
    assert quantity.complaint(quantity.most) is None


@pytest.mark.parametrize("column", COLUMNS)
def test_one_beyond_a_range_is_outside_it(column: str) -> None:
    quantity = BY_COLUMN[column]
    assert quantity.complaint(quantity.least - 1) is not None
    assert quantity.complaint(quantity.most + 1) is not None


def test_columns_keep_their_order_because_rows_are_tuples() -> None:
    assert tuple(LIMITS) == COLUMNS


def test_quantities_are_found_by_the_name_people_use() -> None:
    assert {name: q.column for name, q in BY_NAME.items()}["power"] == "power_mw"
    assert len(BY_NAME) == len(QUANTITIES)


def test_every_limit_is_exact_in_json() -> None:
    assert max(max(-q.least, q.most) for q in QUANTITIES) <= MOST_EXACT


@pytest.mark.parametrize("at_ms", [TAKEN_MS_LEAST, NOW_MS, NOW_MS + DAY_MS])
def test_a_date_from_2020_to_tomorrow_is_accepted(at_ms: int) -> None:
    assert taken_complaint(at_ms, NOW_MS) is None


@pytest.mark.parametrize("at_ms", [0, TAKEN_MS_LEAST - 1, NOW_MS + DAY_MS + 1])
def test_a_date_outside_2020_to_tomorrow_is_refused(at_ms: int) -> None:
    assert f"taken_ms={at_ms} outside" in (taken_complaint(at_ms, NOW_MS) or "")


def test_2020_begins_where_it_does() -> None:
    assert TAKEN_MS_LEAST == 1_577_836_800_000
