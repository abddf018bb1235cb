"""Anchors of a boot: one a minute, the least late; and the rates between them."""

import pytest
from drifting import MINUTE_MS, OWN_MS, Device, jitter
from hypothesis import given
from hypothesis import strategies as st

from edge.anchors import BASELINE_MOST_MS, BASELINE_MS, ENOUGH_HELLOS, MOST_ANCHORS, Anchor, Anchors
from edge.dating import Dating, increasing


def test_of_the_last_few_hellos_the_least_late_counts() -> None:
    delays = iter([900.0, 900.0, 3.0, 900.0, 900.0])
    device = Device(delay_ms=lambda: next(delays))
    device.run(5_000)
    assert device.wrong_by() == 3


def test_the_bounds_are_those_that_are_written_down() -> None:
    assert (ENOUGH_HELLOS, BASELINE_MS, MOST_ANCHORS) == (5, 30_000, 7 * 24 * 60)


def test_a_hello_at_the_same_uptime_is_not_taken_for_an_overtaken_one() -> None:
    anchors = Anchors()
    device = Device(dating=Dating(anchors))
    device.run(1_000)
    anchors.sample(device.uptime_ms, device.at(-1))
    newest = anchors.newest(certain=False)
    assert newest is not None
    assert newest.mono_ms == 999


def test_a_rate_nearly_one_percent_off_is_still_a_rate() -> None:
    kept = [Anchor(0, 0, None, "e"), Anchor(100_000, 100_990, None, "e")]
    assert Anchors(kept).rate_at(0) == (1.0099, 100_000)


def test_an_anchor_a_minute_is_kept_and_told_once() -> None:
    device = Device()
    device.run(10 * MINUTE_MS)
    anchors = device.dating.anchors
    assert 10 <= len(anchors.kept) <= 11
    assert [a.uptime_ms for _minute, a in anchors.unsaved()][:-1] == [a.uptime_ms for a in anchors.kept]
    anchors.saved()
    assert [a for _minute, a in anchors.unsaved()] == [anchors._recent[-1]]
    assert not anchors.fresh


def test_the_first_hellos_are_fresh_when_there_are_enough_to_tell() -> None:
    device = Device()
    device.run(1_000 * (ENOUGH_HELLOS - 1))
    assert (device.dating.anchors.fresh, device.dating.anchors.unsaved()) == (False, [])
    device.run(1_000)
    assert device.dating.anchors.fresh
    assert len(device.dating.anchors.unsaved()) == 1


@pytest.mark.parametrize("error", [-0.005, -0.001, 0.001, 0.005])
@pytest.mark.parametrize("heard_ms", [45_000, 71_000, 73_000, 100_000])
def test_what_is_on_disk_tells_the_rate_as_soon_as_ram_does(error: float, heard_ms: int) -> None:
    device = Device(error=error, delay_ms=jitter())
    on_disk: dict[int, Anchor] = {}
    for _ in range(heard_ms // 1_000):
        device.run(1_000)
        on_disk.update(device.dating.anchors.unsaved())
        device.dating.anchors.saved()
    rate = Dating(Anchors(on_disk.values())).rate()
    assert rate is not None
    assert abs(rate * (1 + error) - 1) < 0.0003


def test_what_is_on_disk_has_no_two_anchors_of_one_hello() -> None:
    device = Device(error=-0.003, delay_ms=jitter())
    on_disk: dict[int, Anchor] = {}
    for _ in range(300):
        device.run(1_000)
        on_disk.update(device.dating.anchors.unsaved())
        device.dating.anchors.saved()
        uptimes = [anchor.uptime_ms for anchor in on_disk.values()]
        assert sorted(set(uptimes)) == uptimes


def test_minutes_of_two_runs_in_one_era_are_not_mixed_up() -> None:
    device = Device()
    device.run(10 * MINUTE_MS)
    first = {minute for minute, _anchor in device.dating.anchors.unsaved()}
    device.dating = Dating(Anchors(device.dating.anchors.kept))
    device.run(10 * MINUTE_MS)
    second = {minute for minute, _anchor in device.dating.anchors.unsaved()}
    assert len(first) == 11
    assert len(first & second) <= 1, "one minute at the turn may be shared"


def test_anchors_in_ram_are_bounded_and_the_oldest_go() -> None:
    anchors = Anchors(Anchor(m * MINUTE_MS, m * MINUTE_MS, None, "e") for m in range(MOST_ANCHORS))
    device = Device(now_ms=MOST_ANCHORS * MINUTE_MS, era="e", dating=Dating(anchors))
    device.run(3 * MINUTE_MS)
    assert len(anchors.kept) == MOST_ANCHORS
    assert anchors.kept[0].uptime_ms > 0


def test_a_rate_needs_half_a_minute_between_its_anchors() -> None:
    short = [Anchor(0, 0, None, "e"), Anchor(BASELINE_MS - 1, BASELINE_MS - 1, None, "e")]
    assert Anchors(short).rate_at(0) is None
    long = [Anchor(0, 0, None, "e"), Anchor(BASELINE_MS, BASELINE_MS, None, "e")]
    assert Anchors(long).rate_at(0) == (1.0, BASELINE_MS)


def test_a_rate_looks_back_eleven_minutes_and_not_farther() -> None:
    kept = [Anchor(m * MINUTE_MS, m * MINUTE_MS, None, "e") for m in range(30)]
    assert Anchors(kept).rate_at(29) == (1.0, BASELINE_MOST_MS)


def test_between_eras_only_the_own_clock_gives_a_rate() -> None:
    unknown = [Anchor(0, 500_000, None, "e1"), Anchor(MINUTE_MS, 0, None, "e2")]
    assert Anchors(unknown).rate_at(0) is None
    known = [Anchor(0, 500_000, OWN_MS, "e1"), Anchor(MINUTE_MS, 0, OWN_MS + MINUTE_MS, "e2")]
    assert Anchors(known).rate_at(0) == (1.0, MINUTE_MS)


@given(
    dated=st.lists(st.tuples(st.integers(1, 5), st.integers(-1_000, 1_000)), max_size=20),
    floor=st.integers(-1_000, 1_000),
)
def test_rising_dates_leave_a_ms_for_every_seq_and_never_go_back(
    dated: list[tuple[int, int]], floor: int
) -> None:
    seq, rows = 0, []
    for more, taken_ms in dated:
        seq += more
        rows.append((seq, taken_ms))
    risen = increasing(rows, floor)
    before_seq, before_ms = 0, floor
    for (here, asked_ms), given_ms in zip(rows, risen, strict=True):
        assert given_ms >= max(asked_ms, before_ms + here - before_seq)
        assert given_ms in (asked_ms, before_ms + here - before_seq)
        before_seq, before_ms = here, given_ms
