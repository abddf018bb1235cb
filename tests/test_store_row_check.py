"""The check of a stored row: it goes with the row through every writing, and tells every change of a value."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from madeparts import NOW_MS, Twin, row, rows, undated

from metering.quantity import COLUMNS, QUANTITIES
from store.part import Part
from store.row_check import row_check_sql

pytest_plugins = ("conftest_twins",)

GREATEST = (9_007_199_254_740_991, 65_535, NOW_MS, *(quantity.most for quantity in QUANTITIES))


def intact(twin: Twin) -> dict[int, int]:
    return dict(twin.db.execute(f"SELECT seq, {twin.layout.intact} FROM readings").fetchall())


def test_rows_as_they_were_stored_are_intact(twin: Twin) -> None:
    missing = (3, 2, NOW_MS, *[None] * len(COLUMNS))
    twin.take(Part("garage", 7, 0, [*rows([1, 2]), missing]))
    assert intact(twin) == {1: 1, 2: 1, 3: 1}


@pytest.mark.parametrize("column", ["taken_ms", *COLUMNS])
@pytest.mark.parametrize("change", ["{} + 1", "{} - 1", "{} + 65536", "NULL", "-{}"])
def test_a_changed_value_is_told(twin: Twin, column: str, change: str) -> None:
    if (column, change) == ("taken_ms", "NULL") and twin.site:
        return  # that column of the cloud's key cannot be empty
    twin.take(Part("garage", 7, 0, [row(1), (2, *row(2)[1:9], 1)]))
    twin.db.execute(f"UPDATE readings SET {column} = {change.format(column)} WHERE seq = 2")
    assert intact(twin) == {1: 1, 2: 0}


def test_a_value_that_turns_from_missing_into_zero_is_told(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [(1, 1, NOW_MS, *[None] * len(COLUMNS))]))
    for column in COLUMNS:
        twin.db.execute(f"UPDATE readings SET {column} = 0")
        assert intact(twin) == {1: 0}, column
        twin.db.execute(f"UPDATE readings SET {column} = NULL")


def test_a_row_that_gets_its_date_gets_its_check_with_it(tmp_path: Path) -> None:
    edge = Twin(tmp_path, "edge")
    with closing(edge.db):
        edge.take(Part("garage", 7, 0, [undated(1)]))
        with edge.db.write():
            edge.layout.date(1, [(NOW_MS, 1)])  # type: ignore[union-attr]
        assert intact(edge) == {1: 1}
        assert edge.db.execute("SELECT taken_ms FROM readings").fetchall() == [(NOW_MS,)]


def test_a_row_from_before_the_check_counts_as_intact(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(1)]))
    twin.db.execute("UPDATE readings SET row_check = NULL")
    assert intact(twin) == {1: 1}


@pytest.mark.parametrize("missing", [set(), set(range(3, len(GREATEST)))])
def test_the_sum_never_leaves_64_bits(missing: set[int]) -> None:
    """Beyond 63 bits SQLite goes on in floating point, and two different rows would look the same."""
    values = [None if place in missing else value for place, value in enumerate(GREATEST)]
    marks = [f"?{number + 1}" for number in range(len(values))]
    with closing(sqlite3.connect(":memory:")) as conn:
        sums = row_check_sql(marks[1], marks[0], marks[2], marks[3:]).rpartition(" % ")[0]
        assert conn.execute(f"SELECT typeof({sums})", values).fetchone() == ("integer",)
