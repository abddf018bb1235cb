"""The backlog of a cloud: what may travel, cut so that every part accounts for every seq once."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from madeparts import NOW_MS, Twin, row, rows, undated

from store.backlog import MOST_AMENDS, MOST_HOLES, Backlog
from store.clouds import Clouds
from store.part import CHANGES, Hole, Part
from store.streams import Stream

CHANGE_ROWS = [(seq, "timezone", "", seq, '"Asia/Jakarta"') for seq in range(1, 6)]


class Sender:
    """An edge with one cloud."""

    def __init__(self, folder: Path) -> None:
        self.edge = Twin(folder, "edge")
        self.clouds = Clouds(self.edge.db)
        self.cloud = self.clouds.number("https://cloud.example")
        self.backlog = Backlog(self.edge.db, self.cloud)

    def stream(self, boot: int = 7, source: str = "garage") -> Stream:
        found = self.backlog.streams.find(source, boot)
        assert found is not None
        return found

    def part(self, after_seq: int = 0, most_rows: int = 100) -> Part | None:
        return self.backlog.part(self.stream(), after_seq, most_rows)

    def amend(self, low: int, high: int, stream: int = 1) -> None:
        self.edge.db.execute(
            "INSERT INTO amends (stream, from_seq, to_seq) VALUES (?, ?, ?)", (stream, low, high)
        )


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    made = Sender(tmp_path)
    with closing(made.edge.db):
        yield made


def seqs(part: Part | None) -> list[int]:
    assert part is not None
    return [r[0] for r in part.rows]


def test_a_part_goes_on_after_what_the_cloud_has(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, rows(range(1, 6))))
    part = sender.part(2)
    assert part is not None
    assert (part.prev_seq, seqs(part), part.last_seq) == (2, [3, 4, 5], 5)


def test_nothing_is_sent_to_a_cloud_that_has_everything(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, rows([1, 2])))
    assert sender.part(2) is None
    assert sender.part(3) is None


def test_a_part_has_no_more_rows_than_asked_for_and_ends_with_a_row(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, [*rows([1, 2, 5, 6])], [Hole(3, 4, "link")]))
    part = sender.part(0, 2)
    assert part is not None
    assert (seqs(part), part.last_seq) == ([1, 2], 2)
    part = sender.part(2, 1)
    assert part is not None
    assert (seqs(part), part.holes, part.last_seq) == ([5], [Hole(3, 4, "link")], 5)


def test_holes_after_the_last_row_travel_too(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, rows([1]), [Hole(2, 9, "link")]))
    part = sender.part(0, 5)
    assert part is not None
    assert part.last_seq == 9


def test_a_hole_that_began_before_the_part_is_cut_at_its_beginning(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, rows([9]), [Hole(1, 8, "link", 5, 6)]))
    part = sender.part(4)
    assert part is not None
    assert part.holes == [Hole(5, 8, "link", 5, 6)]


def test_rows_are_ordered_by_channel_then_seq(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, [row(seq, channel=1 + seq % 2) for seq in range(1, 6)]))
    assert seqs(sender.part()) == [2, 4, 1, 3, 5]


def test_a_stream_travels_up_to_its_first_undated_record(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, [row(1), row(2), undated(3), row(4)]))
    sender.edge.db.execute("INSERT INTO undated VALUES (1, 3, 500)")
    assert seqs(sender.part()) == [1, 2]
    assert sender.part(2) is None


def test_undated_records_of_one_stream_hold_no_other_back(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, [undated(1)]), Part("garage", 8, 0, rows([1])))
    sender.edge.db.execute("INSERT INTO undated VALUES (1, 1, 500)")
    assert sender.part() is None
    assert seqs(sender.backlog.part(sender.stream(8), 0, 9)) == [1]


def test_a_stream_that_starts_late_says_where_it_starts(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 40, rows([41]), first=41))
    part = sender.part()
    assert part is not None
    assert (part.prev_seq, part.first, list(part.holes)) == (40, 41, [])


def test_what_this_edge_never_had_but_the_cloud_began_to_take_is_elsewhere(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 40, rows([41]), first=41))
    part = sender.part(30)
    assert part is not None
    assert (part.holes, seqs(part)) == ([Hole(31, 40, "elsewhere")], [41])


def test_a_row_that_this_cloud_refused_travels_as_a_hole(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, rows([1, 2, 3])))
    sender.clouds.withhold(sender.cloud, [(1, 2, "impossible")], NOW_MS)
    part = sender.part()
    assert part is not None
    assert (seqs(part), part.holes) == ([1, 3], [Hole(2, 2, "refused")])


def test_what_one_cloud_refused_another_one_gets(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, rows([1, 2, 3])))
    sender.clouds.withhold(sender.cloud, [(1, 2, "impossible")], NOW_MS)
    other = Backlog(sender.edge.db, sender.clouds.number("https://other.example"))
    assert seqs(other.part(sender.stream(), 0, 9)) == [1, 2, 3]


def test_a_part_says_when_its_dates_were_estimated(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, rows([1]), uncertain=True))
    part = sender.part()
    assert part is not None
    assert part.uncertain


def test_changes_travel_in_parts_of_their_own(sender: Sender) -> None:
    sender.edge.take(Part("~rumah", 1, 0, CHANGE_ROWS, kind=CHANGES))
    stream = sender.stream(1, "~rumah")
    part = sender.backlog.part(stream, 1, 2)
    assert part is not None
    assert (part.kind, part.prev_seq, part.rows) == (CHANGES, 1, CHANGE_ROWS[1:3])


def test_a_part_names_a_bounded_number_of_holes(sender: Sender) -> None:
    count = MOST_HOLES + 5
    holes = [Hole(2 * i, 2 * i, "sensor") for i in range(1, count + 1)]
    sender.edge.take(Part("garage", 7, 0, rows(range(1, 2 * count + 2, 2)), holes))
    part = sender.part(0, 10 * count)
    assert part is not None
    assert (len(part.holes), part.last_seq) == (MOST_HOLES, 2 * MOST_HOLES)
    part.check_cover()


def test_a_fill_that_the_cloud_has_passed_travels_as_a_fill(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, rows([1, 3]), [Hole(2, 2, "elsewhere")]))
    sender.edge.take(Part("garage", 7, 3, fills=[row(2)]))
    sender.amend(2, 2)
    [amended], upto = sender.backlog.amended(0, {1: 3})
    assert (amended.part.prev_seq, amended.part.fills, amended.upto, upto) == (3, [row(2)], 1, 1)


def test_a_cause_that_became_known_travels_as_a_named_hole(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, rows([1]), [Hole(2, 5, "device-memory")]))
    sender.amend(2, 5)
    [amended], _upto = sender.backlog.amended(0, {1: 4})
    assert (amended.part.fills, amended.part.fill_holes) == ([], [Hole(2, 4, "device-memory")])


def test_an_amend_of_what_is_still_to_come_needs_no_fill(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, rows([1, 2, 3])))
    sender.amend(3, 3)
    assert sender.backlog.amended(0, {1: 2}) == ([], 1)
    assert sender.backlog.amended(0, {}) == ([], 1)


def test_an_amend_with_an_undated_row_waits_and_what_follows_waits_with_it(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, [row(1), undated(2), row(3)]))
    for seq in (1, 2, 3):
        sender.amend(seq, seq)
    found, upto = sender.backlog.amended(0, {1: 3})
    assert ([amended.upto for amended in found], upto) == ([1], 1)


def test_amends_go_on_where_they_stopped_and_are_bounded(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 0, rows([1])))
    for _ in range(MOST_AMENDS + 2):
        sender.amend(1, 1)
    first, upto = sender.backlog.amended(0, {1: 1})
    assert (len(first), upto) == (MOST_AMENDS, MOST_AMENDS)
    rest, upto = sender.backlog.amended(upto, {1: 1})
    assert (len(rest), upto) == (2, MOST_AMENDS + 2)


def test_waiting_rows_are_what_no_cloud_cursor_covers(sender: Sender) -> None:
    sender.edge.take(Part("garage", 7, 40, rows([41, 42]), first=41), Part("garage", 8, 0, rows([1])))
    assert sender.backlog.waiting_rows({}) == 3
    assert sender.backlog.waiting_rows({1: 41}) == 2
    assert sender.backlog.waiting_rows({1: 42, 2: 1}) == 0
    assert sender.backlog.waiting_rows({1: 99}) == 1


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(["row", "gap", "other gap", "withheld"]), min_size=1, max_size=30),
    most_rows=st.integers(1, 7),
    begin=st.integers(0, 5),
)
def test_parts_one_after_another_carry_every_seq_once(kinds: list[str], most_rows: int, begin: int) -> None:
    with TemporaryDirectory() as folder:
        sender = Sender(Path(folder))
        with closing(sender.edge.db):
            at = dict(enumerate(kinds, begin + 1))
            made = rows(seq for seq, kind in at.items() if kind in ("row", "withheld"))
            holes = [Hole(s, s, "link" if k == "gap" else "sensor") for s, k in at.items() if "gap" in k]
            sender.edge.take(Part("garage", 7, begin, made, holes, first=begin + 1))
            refused = [(1, seq, "why") for seq, kind in at.items() if kind == "withheld"]
            sender.clouds.withhold(sender.cloud, refused, NOW_MS)
            cursor, sent = 0, set()
            for _ in range(len(kinds) + 1):
                part = sender.part(cursor, most_rows)
                if part is None:
                    break
                part.check_cover()
                assert len(part.rows) <= most_rows
                sent |= {r[0] for r in part.rows}
                cursor = part.last_seq
            assert sender.part(cursor, most_rows) is None
            assert sent == {seq for seq, kind in at.items() if kind == "row"}
            assert cursor == begin + len(kinds)
