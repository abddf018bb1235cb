"""Runs: growing numbers as the first and the last of each stretch in which none is left out."""

from collections.abc import Iterable, Iterator
from itertools import groupby


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """(first, last) of each run, in order; `numbers` must grow."""
    for _offset, group in groupby(enumerate(numbers), key=lambda each: each[1] - each[0]):
        run = [number for _place, number in group]
        yield run[0], run[-1]
