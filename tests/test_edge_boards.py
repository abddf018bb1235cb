"""Boards behind one name: exchanged, two with one name, too many; and sets of earlier boots."""

import pytest

from edge.boards import HOLD_MS, MOST_BOARDS, MOST_DEVICES, Board, Boards, Meeting

OLD, NEW = 0x1111_0001, 0x2222_0001


def met(
    boards: Boards, name: str, boot: int, now_ms: int, hello: bool = True
) -> tuple[str | None, str | None]:
    """(source, event) of a meeting."""
    meeting = boards.meet(name, boot, hello, now_ms)
    return meeting.board.source if meeting.board else None, meeting.event


def house(*boots: int) -> Boards:
    return Boards([Board("garage", boot >> 16, "garage", 0, stored=True) for boot in boots])


def test_the_first_board_of_a_name_is_taken_at_once() -> None:
    boards = Boards([])
    assert met(boards, "garage", OLD, 0) == ("garage", "new")
    assert met(boards, "garage", OLD, 1) == ("garage", None)


def test_another_start_of_a_board_is_the_same_board() -> None:
    assert met(house(OLD), "garage", OLD + 0xFFF0, 0) == ("garage", None)


def test_a_new_board_under_a_known_name_is_held() -> None:
    boards = house(OLD)
    assert met(boards, "garage", NEW, 0) == (None, None)
    assert met(boards, "garage", NEW, HOLD_MS - 1) == (None, None)


def test_after_20_silent_seconds_of_the_old_board_it_is_an_exchange_and_goes_on_with_the_same_meters() -> (
    None
):
    boards = house(OLD)
    met(boards, "garage", NEW, 0)
    assert met(boards, "garage", NEW, HOLD_MS) == ("garage", "exchanged")
    assert met(boards, "garage", NEW, HOLD_MS + 1) == ("garage", None)


def test_a_hello_of_the_old_board_meanwhile_shows_two_boards_with_one_name() -> None:
    boards = house(OLD)
    met(boards, "garage", NEW, 0)
    assert met(boards, "garage", OLD, 5_000) == ("garage", "second-board")
    assert met(boards, "garage", NEW, 6_000) == ("garage~2222", None)


def test_another_line_of_the_old_board_shows_nothing_because_it_may_have_been_on_its_way() -> None:
    boards = house(OLD)
    met(boards, "garage", NEW, 0)
    assert met(boards, "garage", OLD, 5_000, hello=False) == ("garage", None)
    assert met(boards, "garage", NEW, HOLD_MS) == ("garage", "exchanged")


def test_the_old_board_said_hello_before_the_new_one_came_and_that_shows_nothing() -> None:
    boards = house(OLD)
    met(boards, "garage", OLD, 0)
    met(boards, "garage", NEW, 1)
    assert met(boards, "garage", NEW, 1 + HOLD_MS) == ("garage", "exchanged")


def test_a_newcomer_that_fell_silent_starts_its_wait_anew() -> None:
    boards = house(OLD)
    met(boards, "garage", NEW, 0)
    assert met(boards, "garage", NEW, 3 * HOLD_MS) == (None, None)
    assert met(boards, "garage", NEW, 4 * HOLD_MS) == ("garage", "exchanged")


def test_a_newcomer_under_another_name_holds_nobody() -> None:
    boards = house(OLD)
    assert met(boards, "cellar", NEW, 0) == ("cellar", "new")
    assert met(boards, "garage", OLD, 1) == ("garage", None)


def test_the_upper_half_of_a_second_board_is_written_with_four_digits() -> None:
    boards = house(OLD)
    met(boards, "garage", 0x000A_0001, 0)
    met(boards, "garage", OLD, 1)
    assert met(boards, "garage", 0x000A_0001, 2) == ("garage~000a", None)


def test_the_bounds_are_those_that_are_written_down() -> None:
    assert (HOLD_MS, MOST_DEVICES) == (20_000, 64)


def test_at_most_64_devices_are_known() -> None:
    boards = Boards([Board(f"d{i}", 1, f"d{i}", 0, stored=True) for i in range(MOST_DEVICES)])
    assert boards.meet("one-more", OLD, True, 0) == Meeting(None, "too-many")
    assert met(boards, "d0", 1 << 16, 1) == ("d0", None)


def test_a_device_that_never_had_a_record_stored_makes_room_the_longest_silent_first() -> None:
    known = [Board(f"d{i}", 1, f"d{i}", i, stored=i > 1) for i in range(MOST_DEVICES)]
    boards = Boards(known)
    assert met(boards, "one-more", OLD, 1_000) == ("one-more", "new")
    left = {board.source for board in boards.all()}
    assert "d0" not in left
    assert {"d1", "one-more"} <= left


def test_a_device_with_a_stored_board_makes_no_room_though_its_newest_board_has_none() -> None:
    known = [Board(f"d{i}", 1, f"d{i}", 0, stored=True) for i in range(MOST_DEVICES)]
    boards = Boards([*known, Board("d0", 2, "d0", 5)])
    assert boards.meet("one-more", OLD, True, 1_000).event == "too-many"
    assert met(boards, "d0", 2 << 16, 1_001) == ("d0", None)


def test_a_device_whose_eeprom_is_worn_out_is_collected_for_ever() -> None:
    """It draws a new upper half at every start, so each start looks like an exchanged board."""
    boards = Boards([])
    for start in range(300):
        at_ms = start * 3_600_000
        met(boards, "garage", (start + 1) << 16, at_ms)
        assert met(boards, "garage", (start + 1) << 16, at_ms + HOLD_MS)[0] == "garage"
        for board in boards.all():
            board.stored = True
    assert len(boards.all()) == MOST_BOARDS


@pytest.mark.parametrize("count", [MOST_BOARDS, MOST_BOARDS + 1])
def test_the_boards_of_a_device_are_bounded_and_the_longest_silent_is_forgotten(count: int) -> None:
    boards = house(*(upper << 16 for upper in range(1, count)))
    for board in boards.all():
        board.heard_ms = board.upper
    met(boards, "garage", 999 << 16, 0)
    met(boards, "garage", 999 << 16, HOLD_MS)
    left = {board.upper for board in boards.all()}
    assert (999 in left, 1 in left, len(left)) == (True, count < MOST_BOARDS + 1, MOST_BOARDS)


def test_a_flood_of_new_boards_under_a_known_name_is_held_within_bounds() -> None:
    boards = house(OLD)
    for upper in range(1, 5_000):
        met(boards, "garage", upper << 16 | 1, upper % 7)
    assert len(boards._held) <= MOST_DEVICES + 1
    assert met(boards, "garage", OLD, 10)[0] == "garage"


def test_of_many_boards_on_disk_the_newest_are_known() -> None:
    boards = house(*(upper << 16 for upper in range(1, 301)))
    assert [board.upper for board in boards.all()] == list(range(301 - MOST_BOARDS, 301))


def test_a_device_makes_room_with_all_its_boards_and_by_the_newest_of_them() -> None:
    known = [Board(f"d{i}", 1, f"d{i}", 10, stored=i > 1) for i in range(MOST_DEVICES)]
    boards = Boards([*known, Board("d0", 2, "d0", 99)])
    met(boards, "one-more", OLD, 1_000)
    assert {board.source for board in boards.all()} & {"d0", "d1"} == {"d0"}
    met(boards, "two-more", OLD, 1_001)
    assert {board.source for board in boards.all()} & {"d0", "d1"} == set()


def test_a_device_of_which_a_record_waits_for_the_disk_makes_no_room() -> None:
    gone: list[str] = []
    known = [Board(f"d{i}", 1, f"d{i}", i, stored=i > 1) for i in range(MOST_DEVICES)]
    boards = Boards(known, in_use=lambda source: source == "d0", forgotten=gone.append)
    assert met(boards, "one-more", OLD, 1_000) == ("one-more", "new")
    assert gone == ["d1"]
    assert boards.meet("and-another", OLD, True, 1_001).board is not None
    assert gone == ["d1", "one-more"]
