"""The receiver's rules, on both layouts: in order, once, a row beats a gap, all or nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from madeparts import HOUR_MS, NOW_MS, Twin, row, rows

from metering.reading import Meter
from store.part import CHANGES, Applied, Hole, Part, Uncovered

pytest_plugins = ("conftest_twins",)

CHANGE = (1, "timezone", "", 1, '"Asia/Jakarta"')


def receive(twin: Twin, part: Part) -> Applied:
    with twin.db.write():
        return twin.receiver.receive(part)


def test_a_part_that_follows_the_cursor_is_stored_and_moves_it(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1, 2])))
    assert receive(twin, Part("garage", 7, 2, rows([3]))) == Applied(3, applied=True)
    assert twin.seqs() == [1, 2, 3]


@pytest.mark.parametrize("prev_seq", [0, 1, 3, 9])
def test_a_part_from_another_place_changes_nothing_and_is_told_the_cursor(twin: Twin, prev_seq: int) -> None:
    twin.take(Part("garage", 7, 0, rows([1, 2])))
    before = twin.dump()
    stale = Part("garage", 7, prev_seq, rows([prev_seq + 1]), fills=[row(1, volts=1)])
    assert receive(twin, stale) == Applied(2, applied=False)
    assert twin.dump() == before


def test_an_unknown_stream_is_told_to_begin_at_its_beginning(twin: Twin) -> None:
    before = twin.dump()
    assert receive(twin, Part("garage", 7, 40, rows([41]))) == Applied(0, applied=False)
    assert twin.dump() == before


def test_a_stream_that_starts_late_has_no_gap_before_its_first_record(twin: Twin) -> None:
    twin.take(Part("garage", 7, 40, rows([41, 42]), first=41))
    assert twin.gaps() == []
    assert twin.history.gaps(None, None) == []
    assert twin.receiver.streams.cursor("garage", 7) == 42


def test_the_cursor_of_a_known_stream_counts_and_not_the_first_of_the_part(twin: Twin) -> None:
    twin.take(Part("garage", 7, 40, rows([41, 42]), first=41))
    assert not receive(twin, Part("garage", 7, 40, rows([41]), first=41)).applied


def test_holes_are_kept_as_gaps(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1, 4]), [Hole(2, 3, "sensor", NOW_MS, NOW_MS + 5)]))
    assert twin.gaps() == [Hole(2, 3, "sensor", NOW_MS, NOW_MS + 5)]


def test_a_part_that_leaves_a_seq_out_is_refused_and_changes_nothing(twin: Twin) -> None:
    before = twin.dump()
    with pytest.raises(Uncovered, match="seq 2 "):
        receive(twin, Part("garage", 7, 0, rows([1, 3])))
    assert twin.dump() == before


def test_a_failure_between_the_rows_and_the_cursor_leaves_neither(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1])))
    before = twin.dump()
    twin.db.execute(
        "CREATE TEMP TRIGGER full BEFORE UPDATE OF cursor ON streams"
        " BEGIN SELECT RAISE(FAIL, 'disk full'); END"
    )
    part = Part("garage", 7, 1, rows([2]), [Hole(3, 4, "link")])
    with pytest.raises(sqlite3.Error, match="disk full"):
        receive(twin, part)
    assert twin.dump() == before
    twin.db.execute("DROP TRIGGER full")
    assert receive(twin, part).cursor == 4


def test_a_meter_whose_first_transaction_failed_gets_a_number_of_its_own(twin: Twin) -> None:
    first = [Part("garage", 7, 0, rows([1])), Part("garage", 8, 0, rows([1]))]
    with pytest.raises(AssertionError, match="prev_seq=9"):
        twin.take(*first, Part("garage", 8, 9))
    twin.take(Part("cellar", 7, 0, [row(1, wh=5)]))
    twin.take(*first)
    assert [m.key for m in twin.history.meters()] == ["cellar/1", "garage/1"]
    assert [r[0] for r in twin.history.rows(Meter("garage", 1), None, None)] == [7, 8]
    assert [r[6] for r in twin.history.rows(Meter("cellar", 1), None, None)] == [5]


def test_a_fill_is_stored_inside_a_gap_and_cuts_it_there(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(1), row(5)], [Hole(2, 4, "elsewhere", NOW_MS, NOW_MS + 5000)]))
    assert receive(twin, Part("garage", 7, 5, fills=[row(3)])).filled == [3]
    assert twin.seqs() == [1, 3, 5]
    assert twin.gaps() == [
        Hole(2, 2, "elsewhere", NOW_MS, NOW_MS + 3000),
        Hole(4, 4, "elsewhere", NOW_MS + 3000, NOW_MS + 5000),
    ]


def test_a_fill_where_a_row_is_stored_changes_nothing(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1, 2])))
    before = twin.dump()
    assert receive(twin, Part("garage", 7, 2, fills=[row(2, volts=1)])).filled == []
    assert twin.dump() == before


def test_the_same_fill_twice_is_stored_once(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(1)], [Hole(2, 2, "elsewhere")]))
    assert receive(twin, Part("garage", 7, 2, fills=[row(2), row(2)])).filled == [2]
    assert receive(twin, Part("garage", 7, 2, fills=[row(2)])).filled == []
    assert twin.seqs() == [1, 2]


def test_a_fill_beyond_the_cursor_is_not_taken_even_into_a_hole_of_the_same_part(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1])))
    part = Part("garage", 7, 1, (), [Hole(2, 4, "link")], fills=[row(3)])
    assert receive(twin, part).filled == []
    assert twin.gaps() == [Hole(2, 4, "link")]


def test_a_cause_that_became_known_renames_the_gap_and_removes_no_row(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(1), row(3)], [Hole(2, 2, "elsewhere"), Hole(4, 4, "elsewhere")]))
    receive(twin, Part("garage", 7, 4, fill_holes=[Hole(1, 4, "device-memory")]))
    assert twin.gaps() == [Hole(2, 2, "device-memory"), Hole(4, 4, "device-memory")]
    assert twin.seqs() == [1, 3]


def test_once_uncertain_a_stream_stays_uncertain(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1]), uncertain=True), Part("garage", 7, 1, rows([2])))
    stream = twin.receiver.streams.find("garage", 7)
    assert stream is not None
    assert stream.uncertain


def test_a_stream_is_certain_unless_a_part_says_otherwise(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1])))
    stream = twin.receiver.streams.find("garage", 7)
    assert stream is not None
    assert not stream.uncertain


def test_a_cursor_never_moves_back(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, rows([1, 2])))
    stream = twin.receiver.streams.find("garage", 7)
    assert stream is not None
    with twin.db.write():
        twin.receiver.streams.move(stream.id, 1)
    assert twin.receiver.streams.cursor("garage", 7) == 2


def test_changes_travel_by_the_same_rules(twin: Twin) -> None:
    part = Part("~rumah", 1, 0, [CHANGE], kind=CHANGES)
    twin.take(part)
    assert not receive(twin, part).applied
    assert twin.history.timezone() == "Asia/Jakarta"


def test_a_stream_of_changes_takes_no_readings(twin: Twin) -> None:
    twin.take(Part("~rumah", 1, 0, [CHANGE], kind=CHANGES))
    before = twin.dump()
    with pytest.raises(ValueError, match="is a stream of changes, not readings"):
        receive(twin, Part("~rumah", 1, 1, rows([2])))
    assert twin.dump() == before


def test_a_change_can_fill_a_gap(twin: Twin) -> None:
    twin.take(Part("~rumah", 1, 0, (), [Hole(1, 1, "elsewhere")], kind=CHANGES))
    assert receive(twin, Part("~rumah", 1, 1, fills=[CHANGE], kind=CHANGES)).filled == [1]
    assert twin.history.timezone() == "Asia/Jakarta"


def test_streams_of_two_sites_with_one_name_have_nothing_to_do_with_each_other(tmp_path: Path) -> None:
    one, other = Twin(tmp_path, "cloud"), Twin(tmp_path, "cloud", site=2)
    with closing(one.db), closing(other.db):
        one.take(Part("garage", 7, 0, rows([1, 2])))
        other.take(Part("garage", 7, 0, [row(1, wh=9)]))
        assert one.receiver.streams.cursor("garage", 7) == 2
        assert [r[6] for r in other.history.rows(Meter("garage", 1), None, None)] == [9]


def test_the_span_of_a_stream_widens_with_fills(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(2)], [Hole(1, 1, "elsewhere")]))
    receive(twin, Part("garage", 7, 2, fills=[row(1, NOW_MS - HOUR_MS)]))
    assert twin.history.span_ms(Meter("garage", 1)) == (NOW_MS - HOUR_MS, NOW_MS + 2000)
    first = twin.db.execute("SELECT first_ms, last_ms FROM streams").fetchone()
    assert first == (NOW_MS - HOUR_MS, NOW_MS + 2000)
