"""A part accounts for every seq after prev_seq exactly once, or it is refused with the seq's number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from madeparts import row, rows

from store.part import Hole, Part, Uncovered

Spans = list[tuple[int, int, bool]]


@st.composite
def partitions(draw: st.DrawFn) -> tuple[int, Spans]:
    """prev_seq, and (from, to, is a hole) spans that cover what follows it, in any order."""
    prev = draw(st.integers(0, 1000))
    cuts = sorted(draw(st.sets(st.integers(prev + 1, prev + 40), min_size=1)))
    spans = [(low + 1, high, draw(st.booleans())) for low, high in zip([prev, *cuts], cuts, strict=False)]
    return prev, draw(st.permutations(spans))


def part_of(prev: int, spans: Spans) -> Part:
    made = [row(seq) for low, high, hole in spans if not hole for seq in range(low, high + 1)]
    holes = [Hole(low, high, "link") for low, high, hole in spans if hole]
    return Part("garage", 7, prev, made, holes)


@given(partitions())
def test_rows_and_holes_that_cover_a_range_are_accepted(made: tuple[int, Spans]) -> None:
    part_of(*made).check_cover()


@given(partitions(), st.data())
def test_a_seq_that_is_left_out_is_named(made: tuple[int, Spans], data: st.DataObject) -> None:
    prev, spans = made
    last = max(high for _low, high, _hole in spans)
    if last == prev + 1:
        return  # nothing lies before the last one, and what follows the last one nobody can miss
    gone = data.draw(st.integers(prev + 1, last - 1))
    torn = [
        piece
        for low, high, hole in spans
        for piece in ([(low, min(high, gone - 1), hole), (max(low, gone + 1), high, hole)])
        if piece[0] <= piece[1]
    ]
    with pytest.raises(Uncovered, match=f"garage boot 7: seq {gone} is neither"):
        part_of(prev, torn).check_cover()


@given(partitions(), st.booleans(), st.data())
def test_a_seq_that_is_there_twice_is_named(made: tuple[int, Spans], hole: bool, data: st.DataObject) -> None:
    prev, spans = made
    twice = data.draw(st.integers(prev + 1, max(high for _low, high, _hole in spans)))
    with pytest.raises(Uncovered, match=f"seq {twice} is there twice"):
        part_of(prev, [*spans, (twice, twice, hole)]).check_cover()


def test_a_record_at_or_below_prev_seq_is_there_twice() -> None:
    with pytest.raises(Uncovered, match="seq 4 is there twice"):
        Part("garage", 7, 4, rows([4, 5])).check_cover()


def test_a_part_that_begins_too_late_names_the_first_missing_seq() -> None:
    with pytest.raises(Uncovered, match="seq 5 is neither"):
        Part("garage", 7, 4, rows([6, 7])).check_cover()


def test_rows_alone_with_one_twice_and_one_missing_are_refused() -> None:
    with pytest.raises(Uncovered, match="seq 2 is there twice"):
        Part("garage", 7, 0, rows([1, 2, 2, 4])).check_cover()


def test_a_hole_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Uncovered, match="seq 1 is neither"):
        Part("garage", 7, 0, (), [Hole(1, 0, "link")]).check_cover()


def test_an_empty_part_covers_nothing_and_is_accepted() -> None:
    part = Part("garage", 7, 4)
    part.check_cover()
    assert part.last_seq == 4


def test_the_last_seq_is_the_highest_of_rows_and_holes() -> None:
    assert Part("garage", 7, 0, rows([3, 1, 2])).last_seq == 3
    assert Part("garage", 7, 0, rows([1]), [Hole(2, 9, "link")]).last_seq == 9
    assert Part("garage", 7, 0, rows([1, 4]), [Hole(2, 3, "link"), Hole(5, 6, "link")]).last_seq == 6


def test_a_hole_counts_its_records_with_both_ends() -> None:
    assert Hole(5, 9, "link").records == 5
