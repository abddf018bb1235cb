"""How fast a backlog is worked off, and how long it will take."""

from sync.progress import LEAST_WINDOW_S, MOST_LANDED, UNDER_WAY_ROWS, WINDOW_S, Speed


def landed(speed: Speed, seconds: int, rows: int, backlog: int, begun_s: int = 0) -> tuple[int, int | None]:
    """One batch of `rows` a second, the backlog shrinking by as many."""
    told: tuple[int, int | None] = (0, None)
    for second in range(seconds + 1):
        told = speed.landed(float(begun_s + second), rows, backlog - rows * second)
    return told


def test_speed_and_time_left_follow_the_batches() -> None:
    assert landed(Speed(), 10, 2_000, 100_000) == (2_000, 40)


def test_a_single_batch_tells_nothing_yet() -> None:
    speed = Speed()
    assert speed.landed(0.0, 2_000, 100_000) == (0, None)
    assert speed.landed(LEAST_WINDOW_S / 2, 2_000, 98_000) == (0, None)
    assert speed.landed(LEAST_WINDOW_S, 2_000, 96_000) == (4_000, 24)


def test_one_slow_batch_does_not_turn_the_estimate_over() -> None:
    speed = Speed()
    landed(speed, 30, 2_000, 200_000)
    rate, left_s = speed.landed(34.0, 2_000, 138_000)
    assert 1_700 < rate < 2_000
    assert left_s is not None
    assert 69 <= left_s <= 80


def test_what_was_long_ago_is_forgotten() -> None:
    speed = Speed()
    landed(speed, 10, 8_000, 1_000_000)
    later_s = 10 + round(WINDOW_S) + 1
    assert landed(speed, 20, 100, 920_000, later_s) == (100, 9_180)


def test_what_is_added_meanwhile_makes_it_take_longer() -> None:
    speed = Speed()
    for second in range(11):
        told = speed.landed(float(second), 100, 10_000 - 20 * second)
    assert told == (100, 490)


def test_a_backlog_that_does_not_shrink_has_no_end() -> None:
    speed = Speed()
    for second in range(11):
        told = speed.landed(float(second), 100, 10_000 + second)
    assert told == (100, None)


def test_what_is_only_under_way_takes_no_time() -> None:
    assert landed(Speed(), 10, 10, UNDER_WAY_ROWS + 100) == (10, None)


def test_a_cloud_that_went_back_begins_anew() -> None:
    speed = Speed()
    landed(speed, 30, 1_000, 40_000)
    assert speed.landed(31.0, 1_000, 500_000) == (0, None)
    assert landed(speed, 10, 1_000, 499_000, 32)[0] == 1_000


def test_many_small_batches_take_little_memory() -> None:
    speed = Speed()
    for n in range(10 * MOST_LANDED):
        speed.landed(n / 1000, 1, 1_000_000 - n)
    assert len(speed._landed) == MOST_LANDED
