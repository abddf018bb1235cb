"""The pace of commits: rarely, to spare the card, and soon when somebody waits."""

import pytest

from edge.pace import FAILED_PAUSE_MS, HASTE_PAUSE_MS, MOST_WAITING, OLDEST_MS, Pace


@pytest.fixture
def pace() -> Pace:
    """A pace that has just committed, at 0, with something waiting since 100."""
    made = Pace()
    made.committed(0)
    made.dirty(True, 100)
    return made


def test_the_bounds_are_those_that_are_written_down() -> None:
    assert (OLDEST_MS, MOST_WAITING, HASTE_PAUSE_MS) == (10_000, 500, 1_000)


def test_nothing_waiting_is_never_due(pace: Pace) -> None:
    pace.dirty(False, 200)
    pace.hasten()
    assert not pace.due(10**9, MOST_WAITING)


def test_the_oldest_waits_10_seconds(pace: Pace) -> None:
    assert not pace.due(100 + OLDEST_MS - 1, 1)
    assert pace.due(100 + OLDEST_MS, 1)


def test_the_time_counts_from_the_first_that_waits(pace: Pace) -> None:
    pace.dirty(True, 9_000)
    assert pace.due(100 + OLDEST_MS, 1)


def test_500_waiting_are_enough(pace: Pace) -> None:
    assert not pace.due(200, MOST_WAITING - 1)
    assert pace.due(200, MOST_WAITING)


def test_haste_commits_at_once_but_at_most_once_a_second(pace: Pace) -> None:
    pace.hasten()
    assert not pace.due(HASTE_PAUSE_MS - 1, 1)
    assert pace.due(HASTE_PAUSE_MS, 1)


def test_the_first_commit_of_a_run_need_not_wait_for_the_pause() -> None:
    pace = Pace()
    pace.dirty(True, 5)
    pace.hasten()
    assert pace.due(5, 1)


def test_a_commit_ends_the_haste_and_the_waiting(pace: Pace) -> None:
    pace.hasten()
    pace.committed(5_000)
    pace.dirty(True, 5_100)
    assert not pace.due(5_100 + OLDEST_MS - 1, 1)
    assert pace.due(5_100 + OLDEST_MS, 1)


def test_after_a_failure_it_is_tried_again_after_a_pause_however_many_wait(pace: Pace) -> None:
    pace.failed(20_000)
    assert not pace.due(20_000 + FAILED_PAUSE_MS - 1, MOST_WAITING)
    assert pace.due(20_000 + FAILED_PAUSE_MS, 1)
