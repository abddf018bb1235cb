"""Gaps of a stream, against a dictionary seq -> cause: nothing overlaps, neighbours of one cause are one."""

from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from madeparts import open_fresh

from store.database import Database
from store.gaps import UNEXPLAINED, Gaps
from store.part import Hole

STREAM = 1
CAUSES = ["elsewhere", "device-memory", "sensor"]
seqs = st.integers(1, 60)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(open_fresh(tmp_path / "a.sqlite", "edge")) as db:
        yield db


@pytest.fixture
def gaps(db: Database) -> Gaps:
    return Gaps(db)


def held(gaps: Gaps, stream: int = STREAM) -> list[Hole]:
    return gaps.between(stream, 0, 2**62)


def test_neighbours_of_one_cause_become_one_gap_with_the_outer_times(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(1, 2, "sensor", 100, 200), Hole(3, 5, "sensor", 300, 500)])
    assert held(gaps) == [Hole(1, 5, "sensor", 100, 500)]


def test_a_hole_between_two_gaps_of_its_cause_joins_all_three(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(1, 2, "sensor", 100, 200), Hole(4, 5, "sensor", 400, 500)])
    gaps.add(STREAM, [Hole(3, 3, "sensor", 300, 300)])
    assert held(gaps) == [Hole(1, 5, "sensor", 100, 500)]


def test_neighbours_of_different_causes_stay_apart(gaps: Gaps) -> None:
    both = [Hole(1, 2, "sensor", 100, 200), Hole(3, 5, "refused", 300, 500)]
    gaps.add(STREAM, both)
    assert held(gaps) == both


def test_gaps_with_a_record_between_them_stay_apart(gaps: Gaps) -> None:
    both = [Hole(1, 2, "sensor"), Hole(4, 5, "sensor")]
    gaps.add(STREAM, both)
    assert held(gaps) == both


def test_gaps_of_another_stream_are_not_touched(gaps: Gaps) -> None:
    gaps.add(1, [Hole(1, 2, "sensor")])
    gaps.add(2, [Hole(3, 5, "sensor")])
    gaps.cut(2, 1, 9)
    assert (held(gaps, 1), held(gaps, 2)) == ([Hole(1, 2, "sensor")], [])


def test_a_cut_in_the_middle_leaves_two_gaps_that_end_and_begin_at_its_time(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(1, 9, "link", 100, 900)])
    assert gaps.cut(STREAM, 4, 4, 400) == [Hole(4, 4, "link", 100, 900)]
    assert held(gaps) == [Hole(1, 3, "link", 100, 400), Hole(5, 9, "link", 400, 900)]


def test_a_cut_whose_time_is_not_known_leaves_the_outer_times(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(1, 9, "link", 100, 900)])
    gaps.cut(STREAM, 4, 4)
    assert held(gaps) == [Hole(1, 3, "link", 100, 900), Hole(5, 9, "link", 100, 900)]


@pytest.mark.parametrize(
    ("cut", "left"), [((1, 1), Hole(2, 3, "link", 5, 300)), ((3, 3), Hole(1, 2, "link", 100, 5))]
)
def test_a_cut_at_an_end_leaves_one_gap(gaps: Gaps, cut: tuple[int, int], left: Hole) -> None:
    gaps.add(STREAM, [Hole(1, 3, "link", 100, 300)])
    gaps.cut(STREAM, *cut, 5)
    assert held(gaps) == [left]


def test_a_gap_that_covers_a_seq_is_found_by_any_seq_of_it(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(4, 6, "link")])
    assert [seq for seq in range(1, 10) if gaps.covering(STREAM, seq)] == [4, 5, 6]


def test_between_gives_whole_gaps_that_touch_the_range(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(1, 3, "link"), Hole(5, 7, "link"), Hole(9, 11, "link")])
    assert gaps.between(STREAM, 3, 9) == [Hole(1, 3, "link"), Hole(5, 7, "link"), Hole(9, 11, "link")]
    assert gaps.between(STREAM, 4, 8) == [Hole(5, 7, "link")]


def test_renaming_names_only_what_is_a_gap_inside_the_range(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(1, 4, "elsewhere", 10, 40), Hole(8, 9, "elsewhere", 80, 90)])
    assert gaps.rename(STREAM, Hole(3, 8, "device-memory"))
    assert [(g.from_seq, g.to_seq, g.cause) for g in held(gaps)] == [
        (1, 2, "elsewhere"),
        (3, 4, "device-memory"),
        (8, 8, "device-memory"),
        (9, 9, "elsewhere"),
    ]


def test_renaming_keeps_known_times_unless_it_brings_its_own(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(1, 4, "elsewhere", 10, 40)])
    gaps.rename(STREAM, Hole(1, 4, "device-memory"))
    assert held(gaps) == [Hole(1, 4, "device-memory", 10, 40)]
    gaps.rename(STREAM, Hole(1, 4, "device-memory", 11, None))
    assert held(gaps) == [Hole(1, 4, "device-memory", 11, 40)]


def test_renaming_joins_with_a_neighbour_of_the_new_cause(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(1, 4, "elsewhere", 10, 40), Hole(5, 6, "device-memory", 50, 60)])
    gaps.rename(STREAM, Hole(1, 6, "device-memory"))
    assert held(gaps) == [Hole(1, 6, "device-memory", 10, 60)]


def test_what_is_explained_keeps_its_cause(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(1, 4, "elsewhere"), Hole(5, 6, "sensor", 500, 600)])
    gaps.rename(STREAM, Hole(1, 2, "device-memory"))
    gaps.rename(STREAM, Hole(1, 6, "elsewhere", 100, 900))
    assert [(gap.from_seq, gap.to_seq, gap.cause) for gap in held(gaps)] == [
        (1, 2, "device-memory"), (3, 4, "elsewhere"), (5, 6, "sensor"),
    ]  # fmt: skip


def test_a_gap_that_a_row_has_split_since_keeps_its_inner_times(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(3, 8, "elsewhere", 300, 800)])
    gaps.cut(STREAM, 5, 5, 500)
    gaps.rename(STREAM, Hole(3, 8, "elsewhere", 300, 800))
    gaps.rename(STREAM, Hole(3, 8, "device-memory", 310, 810))
    assert held(gaps) == [Hole(3, 4, "device-memory", 310, 500), Hole(6, 8, "device-memory", 500, 810)]


def test_renaming_says_whether_anything_changed(gaps: Gaps) -> None:
    gaps.add(STREAM, [Hole(1, 4, "elsewhere", 10, 40)])
    assert not gaps.rename(STREAM, Hole(5, 9, "device-memory"))
    assert not gaps.rename(STREAM, Hole(1, 4, "elsewhere", 10, 40))
    assert gaps.rename(STREAM, Hole(1, 4, "elsewhere", 10, 41))
    assert not gaps.rename(STREAM, Hole(1, 4, "elsewhere"))


class AgainstADictionary(RuleBasedStateMachine):
    """Whatever is added, cut and renamed, the table says of every seq what a dictionary says."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.cause: dict[int, str] = {}

    @initialize()
    def open(self) -> None:
        self.db = open_fresh(Path(self.folder.name) / "a.sqlite", "edge")
        self.gaps = Gaps(self.db)

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()
        self.folder.cleanup()

    @rule(at=seqs, count=st.integers(1, 8), cause=st.sampled_from(CAUSES))
    def add(self, at: int, count: int, cause: str) -> None:
        free = [seq for seq in range(at, at + count) if seq not in self.cause]
        run = free[: next((i for i, seq in enumerate(free) if seq != free[0] + i), len(free))]
        if run:
            self.gaps.add(STREAM, [Hole(run[0], run[-1], cause)])
            self.cause |= dict.fromkeys(run, cause)

    @rule(at=seqs, count=st.integers(1, 8))
    def cut(self, at: int, count: int) -> None:
        pieces = self.gaps.cut(STREAM, at, at + count - 1)
        taken = {seq: p.cause for p in pieces for seq in range(p.from_seq, p.to_seq + 1)}
        expected = {seq: cause for seq, cause in self.cause.items() if at <= seq < at + count}
        assert taken == expected
        self.cause = {seq: cause for seq, cause in self.cause.items() if seq not in taken}

    @precondition(lambda self: self.cause)
    @rule(at=seqs, count=st.integers(1, 20), cause=st.sampled_from(CAUSES))
    def rename(self, at: int, count: int, cause: str) -> None:
        inside = [seq for seq in self.cause if at <= seq < at + count]
        named = [seq for seq in inside if self.cause[seq] != cause and self.cause[seq] in UNEXPLAINED]
        assert self.gaps.rename(STREAM, Hole(at, at + count - 1, cause)) == bool(named)
        self.cause |= dict.fromkeys(named, cause)

    @invariant()
    def the_table_says_what_the_dictionary_says(self) -> None:
        if not hasattr(self, "db"):
            return
        found = held(self.gaps)
        assert {s: g.cause for g in found for s in range(g.from_seq, g.to_seq + 1)} == self.cause
        assert sum(gap.records for gap in found) == len(self.cause), "gaps overlap"

    @invariant()
    def neighbours_of_one_cause_are_one_gap(self) -> None:
        found = held(self.gaps) if hasattr(self, "db") else []
        for one, other in pairwise(found):
            assert one.to_seq + 1 < other.from_seq or one.cause != other.cause


TestAgainstADictionary = AgainstADictionary.TestCase
TestAgainstADictionary.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
