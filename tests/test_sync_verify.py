"""Verifying: the twins are compared by content, and a difference is narrowed to rows and mended from the right side."""

import pytest
from comparedtwins import BEGIN_MS, LATER_MS, Twins
from madeparts import HOUR_MS, NOW_MS, row, rows

from metering.reading import Row
from store.backlog import Backlog
from store.comparisons import Compared
from store.confirmed import Confirmed
from store.digest import HeldRow
from store.history import FOREVER_MS
from store.part import Hole, Part
from store.retention import Retention
from sync.difference import difference
from sync.rejection import ClocksApart

pytest_plugins = ("conftest_twins",)


def damage(twins: Twins, side: str, seq: int) -> None:
    """As a worn card does it: the value changes, its check does not."""
    getattr(twins, side).db.execute("UPDATE readings SET power_mw = power_mw + 4096 WHERE seq = ?", (seq,))


def test_equal_twins_are_proven_equal_without_a_row_on_the_wire(both: Twins) -> None:
    both.take(Part("garage", 7, 0, rows([1, 2, 3])), Part("cellar", 9, 0, [row(1, channel=2)]))
    assert both.verify() == [Compared(BEGIN_MS, 4, 4)]
    assert both.asked.asked == ["/api/v1/digests"]


def test_hours_without_rows_are_not_told_and_hours_far_apart_are_all_compared(both: Twins) -> None:
    late = [row(3, NOW_MS + 50 * HOUR_MS)]
    both.take(Part("garage", 7, 0, [*rows([1, 2]), *late]))
    found = both.verify(to_ms=BEGIN_MS + 60 * HOUR_MS)
    assert [(hour.rows, hour.equal) for hour in found] == [(2, 2), (1, 1)]
    assert both.asked.asked.count("/api/v1/digests") == 3


@pytest.mark.parametrize("side", ["edge", "cloud"])
def test_a_damaged_row_is_mended_from_the_other_side(both: Twins, side: str) -> None:
    both.take(Part("garage", 7, 0, rows([1, 2, 3])))
    damage(both, side, 2)
    assert both.verify() == [Compared(BEGIN_MS, 3, 2)]
    both.collect()
    assert both.verify() == [Compared(BEGIN_MS, 3, 3)]
    assert both.rows(both.edge) == both.rows(both.cloud)
    assert both.rows(both.edge)["garage/1"][1] == (7, *rows([2])[0][:1], *rows([2])[0][2:])


@pytest.mark.parametrize("side", ["edge", "cloud"])
def test_a_row_that_is_gone_without_a_trace_comes_back(both: Twins, side: str) -> None:
    both.take(Part("garage", 7, 0, rows([1, 2, 3])))
    getattr(both, side).db.execute("DELETE FROM readings WHERE seq = 2")
    both.verify()
    both.collect()
    assert both.verify() == [Compared(BEGIN_MS, 3, 3)]
    assert both.equal()


def test_both_intact_but_different_is_a_conflict_and_nothing_is_overwritten(both: Twins) -> None:
    both.edge.take(Part("garage", 7, 0, [row(1), row(2, volts=1_000)]))
    both.cloud.take(Part("garage", 7, 0, [row(1), row(2)]))
    before = both.rows(both.edge), both.rows(both.cloud)
    for _ in range(2):
        assert both.verify() == [Compared(BEGIN_MS, 2, 1, 0, 1)]
        both.collect()
    assert (both.rows(both.edge), both.rows(both.cloud)) == before
    (conflict,) = both.comparisons.conflicts()
    assert (conflict.source, conflict.boot, conflict.seq) == ("garage", 7, 2)
    assert "1000," in conflict.here
    assert "225700," in conflict.there


def test_a_conflict_that_is_settled_is_told_no_more(both: Twins) -> None:
    both.edge.take(Part("garage", 7, 0, [row(1), row(2, volts=1_000)]))
    both.cloud.take(Part("garage", 7, 0, [row(1), row(2)]))
    both.verify()
    both.edge.db.execute(
        "UPDATE readings SET voltage_mv = 225700 WHERE seq = 2"
    )  # its check fails: it is fetched
    both.verify()
    both.collect()
    assert both.verify() == [Compared(BEGIN_MS, 2, 2)]
    assert both.comparisons.conflicts() == []


def test_what_another_edge_of_the_site_sends_is_its_own_affair(both: Twins) -> None:
    both.take(Part("garage", 7, 0, rows([1])))
    both.cloud.take(Part("kebun", 9, 0, [row(1, channel=3)]))
    assert both.verify() == [Compared(BEGIN_MS, 1, 1)]
    assert both.parcels.waiting() == 0


def test_hours_in_which_nothing_was_are_kept_as_compared(both: Twins) -> None:
    """Else the next ones would never come round."""
    both.take(Part("garage", 7, 0, rows([1])))
    both.verify(to_ms=BEGIN_MS + 5 * HOUR_MS)
    assert both.comparisons.since(0) == set(range(BEGIN_MS, BEGIN_MS + 5 * HOUR_MS, HOUR_MS))


def test_a_value_that_json_has_no_word_for_is_damage_like_any_other(both: Twins) -> None:
    both.take(Part("garage", 7, 0, rows([1, 2])))
    both.edge.db.execute("UPDATE readings SET power_mw = x'ff00' WHERE seq = 2")
    both.verify()
    both.collect()
    assert both.verify() == [Compared(BEGIN_MS, 2, 2)]


def test_an_hour_that_is_not_over_does_not_count_as_compared(both: Twins) -> None:
    both.take(Part("garage", 7, 0, [row(1, LATER_MS + 1_000)]))
    assert both.verify(LATER_MS, LATER_MS + 2_000) == [Compared(LATER_MS, 1, 1)]
    assert both.comparisons.since(0) == set()


def test_damaged_on_both_sides_stays_and_counts_as_unequal(both: Twins) -> None:
    both.take(Part("garage", 7, 0, rows([1, 2])))
    damage(both, "edge", 2)
    both.cloud.db.execute("UPDATE readings SET voltage_mv = 7 WHERE seq = 2")
    assert both.verify() == [Compared(BEGIN_MS, 2, 1)]
    both.collect()
    assert both.verify() == [Compared(BEGIN_MS, 2, 1)]


def test_of_another_date_the_clouds_stands_also_in_another_hour(both: Twins) -> None:
    both.edge.take(Part("garage", 7, 0, [row(1), row(2, BEGIN_MS + 2 * HOUR_MS), row(3)]))
    both.cloud.take(Part("garage", 7, 0, [row(1), row(2), row(3, NOW_MS + 3_333)]))
    both.verify(to_ms=BEGIN_MS + 3 * HOUR_MS)
    both.collect()
    assert both.verify(to_ms=BEGIN_MS + 3 * HOUR_MS) == [Compared(BEGIN_MS, 3, 3)]
    assert both.equal()
    assert both.rows(both.edge)["garage/1"][2][2] == NOW_MS + 3_333


def test_of_a_further_cloud_no_date_is_taken_across_an_hour_either(both: Twins) -> None:
    both.edge.take(Part("garage", 7, 0, [row(1, BEGIN_MS + HOUR_MS - 1)]))
    both.cloud.take(Part("garage", 7, 0, [row(1, BEGIN_MS + HOUR_MS + 1)]))
    both.verify(to_ms=BEGIN_MS + 2 * HOUR_MS, first=False)
    both.collect()
    assert both.rows(both.edge)["garage/1"][0][2] == BEGIN_MS + HOUR_MS - 1
    assert len(both.comparisons.conflicts()) == 1


def test_other_values_in_another_hour_are_a_conflict_too(both: Twins) -> None:
    both.edge.take(Part("garage", 7, 0, [row(1, BEGIN_MS + HOUR_MS - 1, volts=1)]))
    both.cloud.take(Part("garage", 7, 0, [row(1, BEGIN_MS + HOUR_MS + 1)]))
    both.verify(to_ms=BEGIN_MS + 2 * HOUR_MS)
    both.collect()
    (conflict,) = both.comparisons.conflicts()
    assert (conflict.seq, conflict.there) == (1, "null")


def test_of_a_further_cloud_another_date_is_a_conflict(both: Twins) -> None:
    """Two clouds that took turns in giving their dates would never come to rest."""
    both.edge.take(Part("garage", 7, 0, [row(1)]))
    both.cloud.take(Part("garage", 7, 0, [row(1, NOW_MS + 7)]))
    both.verify(first=False)
    assert both.parcels.waiting() == 0
    assert len(both.comparisons.conflicts()) == 1
    assert both.verify(first=False) == [Compared(BEGIN_MS, 1, 0, 0, 1)]


def test_rows_that_the_cloud_refused_are_left_out_and_counted(both: Twins) -> None:
    both.edge.take(Part("garage", 7, 0, rows([1, 2, 3])))
    both.cloud.take(Part("garage", 7, 0, rows([1, 3]), [Hole(2, 2, "refused")]))
    both.clouds.withhold(both.number, [(1, 2, "no")], NOW_MS)
    assert both.verify() == [Compared(BEGIN_MS, 2, 2, 1)]
    proof = both.comparisons.proof(NOW_MS)
    assert (proof.total, proof.equal, proof.quarantined, proof.days) == (3, 2, 1, 30)


def test_what_the_cloud_finds_impossible_is_withheld_also_when_its_answer_was_lost(both: Twins) -> None:
    both.edge.take(Part("garage", 7, 0, [row(1), row(2, volts=9_000_000)]))
    both.cloud.take(Part("garage", 7, 0, rows([1]), [Hole(2, 2, "refused")]))
    both.verify()
    assert both.verify() == [Compared(BEGIN_MS, 1, 1, 1)]
    assert list(both.clouds.withheld_rows(both.number, 0, FOREVER_MS)) == [("garage", 7, 2)]


def test_a_cloud_whose_clock_is_wrong_has_nothing_withheld_from_it(both: Twins) -> None:
    both.edge.take(Part("garage", 7, 0, rows([1, 2])))
    both.cloud.take(Part("garage", 7, 0, rows([1]), [Hole(2, 2, "elsewhere")]))
    both.asked.now_ms = NOW_MS - 400 * 24 * HOUR_MS
    with pytest.raises(ClocksApart):
        both.verify()
    assert both.clouds.withheld_rows(both.number, 0, FOREVER_MS) == {}


def test_what_is_still_on_its_way_is_not_sent_by_the_back_door(both: Twins) -> None:
    both.edge.take(Part("garage", 7, 0, rows([1, 2])))
    both.cloud.take(Part("garage", 7, 0, rows([1])))
    assert both.verify() == [Compared(BEGIN_MS, 1, 1)], "nor does it count as unequal"
    assert len(both.rows(both.cloud)["garage/1"]) == 1


def test_a_fill_that_a_restored_cloud_lacks_reaches_it(both: Twins) -> None:
    """Its cursor does not show that it lacks one."""
    hole = Hole(2, 2, "elsewhere")
    both.take(Part("garage", 7, 0, rows([1, 3]), [hole]))
    both.edge.take(Part("garage", 7, 3, fills=rows([2])))
    both.verify()
    assert both.verify() == [Compared(BEGIN_MS, 3, 3)]
    assert both.cloud.gaps() == []


def test_an_hour_of_more_rows_than_an_answer_holds_is_narrowed_piece_by_piece(
    both: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud.comparing.MOST_ROWS", 10)
    both.take(Part("garage", 7, 0, rows(range(1, 101))))
    damage(both, "cloud", 77)
    both.verify()
    assert both.verify() == [Compared(BEGIN_MS, 100, 100)]
    assert both.asked.asked.count("/api/v1/digests/rows") >= 10


def test_the_cloud_learns_how_the_twins_compared(both: Twins) -> None:
    both.take(Part("garage", 7, 0, rows([1, 2])))
    both.verify()
    both.verify()
    assert both.cloud.db.execute("SELECT days, rows, equal FROM proofs").fetchall() == [(30, 2, 2)]


def held(*made: Row) -> dict[tuple[int, int], HeldRow]:
    return {(7, each[0] or 0): HeldRow(each[1] or 0, each[2] or 0, each[3:]) for each in made}


def test_a_difference_names_each_record_once() -> None:
    found = difference(
        held(row(1), row(2), row(3), row(4, volts=1)), held(row(1), row(3, NOW_MS), row(4), row(5))
    )
    assert (found.equal, found.rows) == (1, 5)
    kinds = (found.only_here, found.other_dates, found.conflicts, found.only_there)
    assert [list(kind) for kind in kinds] == [[(7, 2)], [(7, 3)], [(7, 4)], [(7, 5)]]


# Hours that the edge pruned


def prune(both: Twins) -> None:
    retention, nobody = Retention(both.edge.db), Confirmed(both.edge.db, ())
    for hour in retention.hours(10**6, 10):
        retention.prune(hour, nobody)


def test_an_hour_that_the_edge_pruned_is_still_proven_equal_and_does_not_come_back(both: Twins) -> None:
    both.take(Part("garage", 7, 0, [row(seq, BEGIN_MS + seq) for seq in range(1, 6)]))
    prune(both)
    (hour,) = both.verify()
    assert (hour.rows, hour.equal) == (5, 5)
    assert both.collect() == 0
    assert both.edge.seqs() == []
    assert len(both.cloud.seqs()) == 5


def test_a_pruned_hour_of_which_the_cloud_has_other_rows_is_not_equal_but_nothing_comes_back(
    both: Twins,
) -> None:
    both.take(Part("garage", 7, 0, [row(seq, BEGIN_MS + seq) for seq in range(1, 6)]))
    both.cloud.take(Part("garage", 8, 0, [row(1, BEGIN_MS + 9)]))
    prune(both)
    (hour,) = both.verify()
    assert (hour.rows, hour.equal) == (6, 0)
    assert both.collect() == 0
    assert both.edge.seqs() == []
    assert both.edge.gaps() == [Hole(1, 5, "policy", BEGIN_MS + 1, BEGIN_MS + 5)]


def test_two_twins_that_both_have_only_the_seal_are_equal(both: Twins) -> None:
    both.edge.take(Part("garage", 7, 0, [row(seq, BEGIN_MS + seq) for seq in range(1, 6)]))
    prune(both)
    part = Backlog(both.edge.db, both.number).part(both.edge.receiver.streams.all()[0], 0, 100)
    assert part is not None
    both.cloud.take(part)
    (hour,) = both.verify()
    assert (hour.rows, hour.equal) == (5, 5)
