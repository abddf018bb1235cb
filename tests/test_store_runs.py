"""Growing numbers are told as runs: none is added, none is left out, and what is left out ends a run."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from store.runs import runs


@given(st.sets(st.integers(-50, 50)))
def test_runs_hold_exactly_the_numbers(numbers: set[int]) -> None:
    found = list(runs(sorted(numbers)))
    assert [number for low, high in found for number in range(low, high + 1)] == sorted(numbers)
    assert all(high + 1 < low for (_low, high), (low, _high) in pairwise(found))


def test_numbers_beside_each_other_are_one_run() -> None:
    assert list(runs([3, 4, 5, 9])) == [(3, 5), (9, 9)]
    assert list(runs([])) == []
