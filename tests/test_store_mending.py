"""Mending: a row that the other twin holds intact is stored, replaces a damaged one, or is told as a contradiction."""

from contextlib import closing
from pathlib import Path

import pytest
from madeparts import HOUR_MS, NOW_MS, Twin, row, rows, undated

from metering.reading import Meter, Row
from store.by_stream import RowsByStream
from store.digest import Content
from store.mending import Mended, Mender
from store.part import Hole, Part

pytest_plugins = ("conftest_twins",)


def mend(twin: Twin, mending: list[Row], boot: int = 7, redate: bool = False) -> Mended:
    enter = twin.layout.redate if redate and isinstance(twin.layout, RowsByStream) else None
    with twin.db.write():
        return Mender(twin.receiver, twin.layout, enter).mend("garage", boot, mending)


def content(twin: Twin) -> list[tuple[int | None, ...]]:
    """Every row with its channel, in the order of their numbers."""
    return sorted(
        (r[1], meter.channel, *r[2:])
        for meter in twin.history.meters()
        for r in twin.history.rows(meter, None, None)
    )


def test_a_row_that_lies_in_a_gap_here_is_stored_and_shrinks_it(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1, 5]), [Hole(2, 4, "elsewhere", NOW_MS + 1000, NOW_MS + 5000)]))
    done = mend(twin, rows([3, 4]))
    assert (done.stored, done.changed) == (2, 2)
    assert content(twin) == rows([1, 3, 4, 5])
    assert twin.gaps() == [Hole(2, 2, "elsewhere", NOW_MS + 1000, NOW_MS + 3000)]


def test_a_row_that_vanished_without_a_gap_is_stored_once(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1, 2, 3])))
    twin.db.execute("DELETE FROM readings WHERE seq = 2")
    assert mend(twin, rows([2])).stored == 1
    assert mend(twin, rows([2])).kept == 1
    assert content(twin) == rows([1, 2, 3])


@pytest.mark.parametrize("column", ["voltage_mv", "energy_wh", "taken_ms", "row_check"])
def test_a_damaged_row_is_replaced(twin: Twin, column: str) -> None:
    twin.take(Part("garage", 7, 0, rows([1, 2, 3])))
    twin.db.execute(f"UPDATE readings SET {column} = {column} + 1 WHERE seq = 2")
    assert mend(twin, rows([2])).replaced == 1
    assert content(twin) == rows([1, 2, 3])
    assert Content(twin.layout).held("garage", 0, 2**62).damaged == 0


def test_a_row_whose_date_was_damaged_by_years_is_found_and_replaced(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1, 2, 3])))
    twin.db.execute("UPDATE readings SET taken_ms = taken_ms - 99999999999 WHERE seq = 2")
    assert mend(twin, rows([2])).replaced == 1
    assert content(twin) == rows([1, 2, 3])


def test_an_intact_row_with_another_value_stays_and_is_told(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1, 2])))
    done = mend(twin, [row(2, volts=1_000), row(1)])
    assert (done.conflicts, done.kept, done.changed) == ([2], 1, 0)
    assert content(twin) == rows([1, 2])


def test_another_date_is_told_where_no_dates_are_taken(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1])))
    done = mend(twin, [row(1, NOW_MS + 1_007)])
    assert (done.other_dates, done.changed) == ([(1, NOW_MS + 1_000)], 0)
    assert content(twin) == rows([1])


def test_what_is_beyond_the_cursor_is_still_on_its_way(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1])))
    assert mend(twin, rows([1, 2])).beyond == 1
    assert mend(twin, rows([1]), boot=8).beyond == 1
    assert content(twin) == rows([1])


def test_a_row_below_the_first_begins_the_stream_earlier(twin: Twin) -> None:
    twin.take(Part("garage", 7, 9, rows([10]), first=10))
    assert mend(twin, rows([5, 6])).stored == 2
    assert twin.gaps() == [Hole(7, 9, "elsewhere", NOW_MS + 6000, None)]


def test_the_clouds_date_stands_on_the_edge(tmp_path: Path) -> None:
    edge = Twin(tmp_path, "edge")
    with closing(edge.db):
        edge.take(Part("garage", 7, 0, rows([1, 2])))
        assert mend(edge, [row(2, NOW_MS + HOUR_MS)], redate=True).redated == 1
        assert content(edge) == [row(1), row(2, NOW_MS + HOUR_MS)]


def test_a_row_that_waits_for_its_date_keeps_waiting(tmp_path: Path) -> None:
    """It gets its date from this house's clock and then travels; only then dates can be compared."""
    edge = Twin(tmp_path, "edge")
    with closing(edge.db):
        edge.take(Part("garage", 7, 0, [undated(1)]))
        assert mend(edge, [row(1)], redate=True).kept == 1
        assert edge.db.execute("SELECT taken_ms FROM readings").fetchall() == [(None,)]


def test_both_layouts_give_the_same_digest_and_every_change_gives_another(tmp_path: Path) -> None:
    twins = [Twin(tmp_path, name) for name in ("edge", "cloud")]
    hour_ms = NOW_MS - NOW_MS % HOUR_MS
    with closing(twins[0].db), closing(twins[1].db):
        for twin in twins:
            twin.take(Part("garage", 7, 0, rows([1, 2, 3])), Part("garage", 8, 0, [row(1, NOW_MS + 500)]))
        edge, cloud = (Content(twin.layout).digest(Meter("garage", 1), hour_ms) for twin in twins)
        assert edge == cloud
        assert edge is not None
        assert edge.rows == 4
        for change in ("voltage_mv + 1", "NULL"):
            twins[0].db.execute(f"UPDATE readings SET voltage_mv = {change} WHERE seq = 3")
            other = Content(twins[0].layout).digest(Meter("garage", 1), hour_ms)
            assert other is not None
            assert other.digest != edge.digest
        less = Content(twins[1].layout).digest(Meter("garage", 1), hour_ms, {(7, 3), (8, 1)})
        assert less is not None
        assert less.rows == 2
