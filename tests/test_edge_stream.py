"""Order between the wire and the disk: nothing is passed but on the device's word, nothing is kept twice."""

import pytest

from edge.line import NoReading, Reading, Refused
from edge.stream import MOST_WAITING, DeviceStream, Place
from store.part import Hole

VALUES = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)


def reading(seq: int, wh: int = 38) -> Reading:
    return Reading("garage", 7, seq, 1000 * seq, 1, (*VALUES[:3], wh, *VALUES[4:]))


def stream(cursor: int = 0, first: int = 1) -> DeviceStream:
    return DeviceStream("garage", 7, first, cursor)


def taken(stream: DeviceStream, *seqs: int) -> list[Place]:
    return [stream.take(reading(seq)) for seq in seqs]


def state(stream: DeviceStream) -> tuple[int, list[int], list[tuple[int, int, str]]]:
    """Head, what is pending, and the holes."""
    return stream.head, sorted(stream.pending), [(h.from_seq, h.to_seq, h.cause) for h in stream.holes]


def test_records_in_order_are_taken() -> None:
    here = stream()
    assert taken(here, 1, 2, 3) == [Place.TAKEN] * 3
    assert state(here) == (3, [1, 2, 3], [])


def test_a_record_at_or_below_the_cursor_is_not_taken_again() -> None:
    here = stream(cursor=5)
    assert taken(here, 5, 4, 1) == [Place.ON_DISK] * 3
    assert state(here) == (5, [], [])


def test_a_repeat_of_what_waits_for_the_commit_keeps_the_first() -> None:
    here = stream()
    here.take(reading(1, wh=1))
    assert here.take(reading(1, wh=2)) is Place.PENDING
    assert here.pending[1] == reading(1, wh=1)


def test_a_record_beyond_a_hole_waits_until_the_hole_closes() -> None:
    here = stream()
    assert taken(here, 3, 2) == [Place.AHEAD] * 2
    assert state(here) == (0, [], [])
    assert here.take(reading(1)) is Place.TAKEN
    assert state(here) == (3, [1, 2, 3], [])


def test_a_repeat_of_what_waits_for_its_turn_keeps_the_first() -> None:
    here = stream()
    here.take(reading(2, wh=1))
    here.take(reading(2, wh=2))
    here.take(reading(1))
    assert here.pending[2] == reading(2, wh=1)


def test_what_is_held_is_found_wherever_it_waits() -> None:
    here = stream()
    taken(here, 1, 3)
    assert [here.held(seq) for seq in (1, 2, 3)] == [reading(1), None, reading(3)]


def test_the_head_passes_no_hole_by_itself() -> None:
    here = stream()
    taken(here, *range(2, 200))
    assert here.head == 0


def test_at_most_256_wait_and_the_highest_goes() -> None:
    here = stream()
    assert taken(here, *range(2, MOST_WAITING + 2)) == [Place.AHEAD] * MOST_WAITING
    assert taken(here, MOST_WAITING + 2) == [Place.FULL]
    here.take(reading(1))
    assert here.head == MOST_WAITING + 1


def test_when_it_is_full_a_lower_record_takes_the_place_of_the_highest() -> None:
    here = stream()
    taken(here, *range(3, MOST_WAITING + 3))
    assert taken(here, 2) == [Place.AHEAD]
    taken(here, 1)
    assert here.head == MOST_WAITING + 1


def test_lost_names_what_was_not_received_and_takes_what_was() -> None:
    here = stream()
    taken(here, 1, 4)
    here.lost(2, 6)
    assert state(here) == (6, [1, 4], [(2, 3, "device-memory"), (5, 6, "device-memory")])


def test_lost_lets_what_waits_behind_it_follow() -> None:
    here = stream()
    taken(here, 5, 6)
    here.lost(1, 4)
    assert state(here) == (6, [5, 6], [(1, 4, "device-memory")])


def test_lost_that_lies_beyond_a_hole_waits_for_the_hole() -> None:
    here = stream()
    taken(here, 1)
    here.lost(3, 5)
    assert here.head == 1
    taken(here, 2)
    assert state(here) == (5, [1, 2], [(3, 5, "device-memory")])


def test_lost_that_waits_is_not_taken_one_record_too_early() -> None:
    here = stream()
    taken(here, 1)
    here.lost(4, 5)
    taken(here, 2)
    assert state(here) == (2, [1, 2], [])
    taken(here, 3)
    assert state(here) == (5, [1, 2, 3], [(4, 5, "device-memory")])


def test_lost_that_waits_names_nothing_when_it_lies_wholly_below() -> None:
    here = stream(cursor=5)
    here.lost(6, 6)
    assert (here.renames, here.head) == ([], 6)


def test_lost_that_grows_while_it_waits_counts_as_it_was_said_last() -> None:
    here = stream()
    here.lost(3, 5)
    here.lost(3, 9)
    taken(here, 1, 2)
    assert state(here) == (9, [1, 2], [(3, 9, "device-memory")])


def test_lost_that_grows_after_it_was_passed_passes_the_rest() -> None:
    here = stream()
    here.lost(1, 3)
    here.lost(1, 5)
    assert here.head == 5
    assert sum(hole.records for hole in here.holes) == 5


def test_lost_below_the_cursor_names_the_gaps_that_are_on_disk() -> None:
    here = stream(cursor=10)
    here.lost(4, 12)
    assert here.renames == [Hole(4, 10, "device-memory")]
    assert state(here) == (12, [], [(11, 12, "device-memory")])
    assert here.dirty


def test_lost_that_is_repeated_while_the_disk_refuses_is_kept_once() -> None:
    here = stream(cursor=10)
    for _ in range(50):
        here.lost(4, 9)
    assert here.renames == [Hole(4, 9, "device-memory")]


def test_lost_names_a_hole_that_was_passed_for_another_reason() -> None:
    here = stream()
    here.oldest(6)
    here.lost(2, 3)
    assert state(here)[2] == [(1, 1, "elsewhere"), (2, 3, "device-memory"), (4, 5, "elsewhere")]


def test_lost_begins_no_earlier_than_the_stream() -> None:
    here = stream(cursor=9, first=10)
    here.lost(1, 12)
    assert state(here) == (12, [], [(10, 12, "device-memory")])
    assert here.renames == []


def test_lost_that_lies_before_the_stream_says_nothing() -> None:
    here = stream(cursor=12, first=10)
    here.lost(1, 5)
    assert (here.renames, here.dirty) == ([], False)


def test_what_the_device_no_longer_holds_is_elsewhere() -> None:
    here = stream()
    taken(here, 1, 4)
    here.oldest(7)
    assert state(here) == (6, [1, 4], [(2, 3, "elsewhere"), (5, 6, "elsewhere")])


def test_what_the_device_dropped_since_it_was_heard_last_is_its_memory() -> None:
    here = stream()
    here.oldest(7, dropped=2)
    assert state(here) == (6, [], [(1, 4, "elsewhere"), (5, 6, "device-memory")])


def test_an_oldest_that_is_known_changes_nothing() -> None:
    here = stream(cursor=5)
    here.oldest(6)
    here.oldest(2)
    here.oldest(3, dropped=9)
    assert (state(here), here.dirty) == ((5, [], []), False)


def test_the_oldest_itself_is_still_awaited() -> None:
    here = stream()
    here.oldest(3)
    assert here.take(reading(3)) is Place.TAKEN


def test_the_end_takes_what_waits_and_the_holes_are_device_off() -> None:
    here = stream()
    taken(here, 1, 3, 5)
    here.end()
    assert state(here) == (5, [1, 3, 5], [(2, 2, "device-off"), (4, 4, "device-off")])


def test_the_end_of_a_stream_without_waiting_records_adds_nothing() -> None:
    here = stream()
    taken(here, 1)
    here.end()
    assert state(here) == (1, [1], [])


def test_the_end_keeps_the_cause_of_what_was_lost_behind_a_hole() -> None:
    here = stream()
    taken(here, 1, 8)
    here.lost(3, 5)
    here.end()
    assert state(here) == (
        8, [1, 8], [(2, 2, "device-off"), (3, 5, "device-memory"), (6, 7, "device-off")],
    )  # fmt: skip


def test_the_end_accounts_for_records_that_the_device_announced_and_never_sent() -> None:
    here = stream()
    taken(here, 1)
    here.end(newest=4)
    assert state(here) == (4, [1], [(2, 4, "device-off")])


def test_a_record_that_turns_up_inside_a_hole_before_the_commit_takes_its_place() -> None:
    here = stream()
    here.oldest(6)
    assert here.take(reading(3)) is Place.PENDING
    assert state(here) == (5, [3], [(1, 2, "elsewhere"), (4, 5, "elsewhere")])


def test_a_commit_moves_the_cursor_and_forgets_what_is_on_disk() -> None:
    here = stream()
    here.oldest(3)
    taken(here, 3, 5)
    here.lost(1, 1)
    here.committed(here.head)
    assert (here.cursor, here.pending, here.holes, here.renames, here.dirty) == (3, {}, [], [], False)
    taken(here, 4)
    assert here.head == 5


def test_only_what_is_not_on_disk_makes_a_stream_dirty() -> None:
    here = stream()
    assert not here.dirty
    taken(here, 2)
    assert not here.dirty
    taken(here, 1)
    assert here.dirty


@pytest.mark.parametrize(
    "record",
    [NoReading("garage", 7, 1, 1000, 1, "timeout", 1), Refused("garage", 7, 1, b"R7,garage,7,1", "unknown")],
)
def test_every_kind_of_record_takes_its_place(record: NoReading | Refused) -> None:
    here = stream()
    assert here.take(record) is Place.TAKEN
    assert here.pending == {1: record}
