"""From a device's uptime to UTC: once, when it can be known, and then right."""

from itertools import pairwise

import pytest
from drifting import HOUR_MS, MINUTE_MS, OWN_MS, Device, jitter
from hypothesis import given
from hypothesis import strategies as st

from edge.anchors import ENOUGH_HELLOS, Anchor, Anchors
from edge.clock import Instant
from edge.dating import DEVICE_CLOCK_MS, PRIOR_REACH_MS, UNRATED_REACH_MS, Dating

# The first minutes


def test_before_this_run_s_first_hello_nothing_is_dated() -> None:
    assert Device().dating.date(1_000) is None


def test_a_single_hello_may_be_late_and_dates_nothing_yet() -> None:
    device = Device()
    device.run(1_000 * (ENOUGH_HELLOS - 1))
    assert device.wrong_by() is None
    device.run(1_000)
    assert device.wrong_by() == 2


def test_without_a_rate_only_what_lies_near_a_hello_is_dated() -> None:
    device = Device()
    device.now_ms = 600_000
    device.run(1_000 * ENOUGH_HELLOS)
    newest = device.dating.anchors.newest()
    assert newest is not None
    assert device.dating.date(newest.uptime_ms - UNRATED_REACH_MS) is not None
    assert device.dating.date(newest.uptime_ms - UNRATED_REACH_MS - 1) is None
    assert device.dating.date(newest.uptime_ms + UNRATED_REACH_MS + 1) is None


def test_with_the_rate_of_the_board_s_last_boot_minutes_can_be_dated_at_once() -> None:
    device = Device(error=0.005)
    device.dating = Dating(Anchors(), prior_rate=1 / 1.005)
    device.now_ms = 600_000
    device.run(1_000 * ENOUGH_HELLOS)
    wrong = device.wrong_by(PRIOR_REACH_MS - 10_000)
    assert wrong is not None
    assert wrong < 10
    assert device.wrong_by(PRIOR_REACH_MS + 10_000) is None


def test_the_backlog_of_a_boot_met_late_is_dated_as_soon_as_a_rate_is_known() -> None:
    device = Device(error=-0.004)
    device.now_ms = 200_000
    device.run(20_000)
    assert device.wrong_by(120_000) is None
    device.run(100_000)
    wrong = device.wrong_by(200_000)
    assert wrong is not None
    assert wrong < 20


@pytest.mark.parametrize("error", [-0.005, -0.0004, 0.0, 0.0049])
def test_a_resonator_half_a_percent_off_is_dated_to_a_few_ms(error: float) -> None:
    device = Device(error=error, delay_ms=jitter())
    device.run(10 * MINUTE_MS)
    wrong = [device.wrong_by(ago_ms) for ago_ms in range(0, 8 * MINUTE_MS, 7_001)]
    assert None not in wrong
    assert max(w for w in wrong if w is not None) < 15


def test_of_a_minute_s_hellos_the_least_late_becomes_the_anchor() -> None:
    delays = iter([900.0] * 30 + [3.0] + [900.0] * 200)
    device = Device(delay_ms=lambda: next(delays))
    device.run(3 * MINUTE_MS)
    lateness = [a.mono_ms - a.uptime_ms for a in device.dating.anchors.kept]
    assert 3 in lateness


def test_drift_is_not_taken_for_delay_once_a_rate_is_known() -> None:
    """A device 0.5 % slow gains 300 ms of seeming delay a minute, a fast one loses as much."""
    device = Device(error=-0.005, delay_ms=jitter(3))
    device.run(20 * MINUTE_MS)
    late = [a.mono_ms - a.uptime_ms / (1 + device.error) for a in device.dating.anchors.kept[2:]]
    assert max(late) < 15


def test_a_hello_that_was_overtaken_is_left_out() -> None:
    device = Device()
    device.run(10_000)
    before = device.dating.anchors.newest()
    device.dating.hello(3_000, device.at(1))
    assert device.dating.anchors.newest() == before


# Steps and eras


def test_a_step_of_the_own_clock_is_dated_by_the_corrected_time() -> None:
    device = Device(step_ms=-5 * MINUTE_MS)
    device.run(3 * MINUTE_MS)
    device.step_ms = 0
    device.run(3 * MINUTE_MS)
    wrong = device.wrong_by(100_000)
    assert wrong is not None
    assert wrong < 10


@pytest.mark.parametrize("step_ms", [-HOUR_MS, HOUR_MS])
def test_a_step_of_the_own_clock_makes_no_rate(step_ms: int) -> None:
    device = Device()
    device.run(5 * MINUTE_MS)
    device.step_ms = step_ms
    device.run(5 * MINUTE_MS)
    rate = device.dating.rate()
    assert rate == pytest.approx(1.0, abs=1e-4)


@given(error=st.floats(-0.2, 0.2))
def test_no_rate_is_ever_more_than_one_percent_off(error: float) -> None:
    kept = [Anchor(m * MINUTE_MS, round(m * MINUTE_MS * (1 + error)), None, "e") for m in range(5)]
    rate = Dating(Anchors(kept)).rate()
    assert (rate is not None) == (abs(error) < 0.01) or 0.0099 < abs(error) < 0.0101
    assert rate is None or abs(rate - 1) <= 0.01


def test_a_clock_that_becomes_known_dates_what_its_era_heard_before() -> None:
    device = Device(error=0.003, known=False)
    device.run(10 * MINUTE_MS)
    assert device.wrong_by(4 * MINUTE_MS) is None
    assert device.dating.anchors.learn("era-1", OWN_MS)
    wrong = [device.wrong_by(ago_ms) for ago_ms in range(0, 9 * MINUTE_MS, 10_001)]
    assert None not in wrong
    assert max(w for w in wrong if w is not None) < 10


def test_learning_about_another_era_changes_nothing() -> None:
    device = Device(known=False)
    device.run(3 * MINUTE_MS)
    assert not device.dating.anchors.learn("era-0", OWN_MS)
    assert device.wrong_by(MINUTE_MS) is None


def test_a_time_once_known_is_not_learnt_again() -> None:
    device = Device()
    device.run(3 * MINUTE_MS)
    assert not device.dating.anchors.learn("era-1", OWN_MS + 999)
    wrong = device.wrong_by(MINUTE_MS)
    assert wrong is not None
    assert wrong < 10


# The Pi was away


def test_after_a_reboot_of_the_pi_nothing_beyond_the_last_anchor_is_dated_before_a_hello() -> None:
    device = Device()
    device.run(10 * MINUTE_MS)
    device.reboot_of_the_pi(known=True)
    assert device.wrong_by() is None
    assert device.wrong_by(5 * MINUTE_MS) is not None


def test_what_was_measured_while_the_pi_was_away_is_dated_between_before_and_after() -> None:
    device = Device(error=0.004)
    device.run(10 * MINUTE_MS)
    device.run(3 * HOUR_MS, hellos=False)
    device.reboot_of_the_pi(known=True)
    device.run(1_000 * ENOUGH_HELLOS)
    wrong = [device.wrong_by(ago_ms) for ago_ms in range(0, 3 * HOUR_MS, 600_000)]
    assert None not in wrong
    assert max(w for w in wrong if w is not None) < 10


def test_a_device_that_kept_running_is_the_clock_for_an_hour_and_not_longer() -> None:
    device = Device(error=0.004)
    device.run(30 * MINUTE_MS)
    device.reboot_of_the_pi(known=False)
    last = device.dating.anchors.kept[-1]
    device.run(70 * MINUTE_MS)
    wrong = device.dating.date(last.uptime_ms + DEVICE_CLOCK_MS)
    assert wrong is not None
    assert abs(wrong - OWN_MS - (last.uptime_ms + DEVICE_CLOCK_MS) / 1.004) < 1_000
    assert device.dating.date(last.uptime_ms + DEVICE_CLOCK_MS + 1) is None


def test_what_waited_beyond_that_hour_is_dated_between_the_instants_that_are_known() -> None:
    device = Device(error=0.004)
    device.run(30 * MINUTE_MS)
    device.reboot_of_the_pi(known=False)
    device.run(3 * HOUR_MS)
    assert device.wrong_by(HOUR_MS) is None
    device.known = True
    device.dating.anchors.learn("era-2", OWN_MS + round(device.era_began_ms))
    wrong = device.wrong_by(HOUR_MS)
    assert wrong is not None
    assert wrong < 20


def test_a_boot_that_ended_is_dated_as_well_as_it_ever_will_be() -> None:
    device = Device(error=0.002)
    device.run(3_000)
    assert device.wrong_by(2_000) is None
    device.dating.final = True
    wrong = device.wrong_by(2_000)
    assert wrong is not None
    assert wrong < 20


def test_a_boot_that_ended_without_any_known_clock_is_not_dated() -> None:
    device = Device(known=False)
    device.run(3 * MINUTE_MS)
    device.dating.final = True
    assert device.wrong_by() is None
    assert not device.dating.anchored


def test_a_boot_is_anchored_with_its_first_hello_to_a_known_clock() -> None:
    device = Device()
    assert not device.dating.anchored
    device.run(1_000)
    assert device.dating.anchored


def test_the_start_of_a_boot_is_known_from_its_first_hello() -> None:
    device = Device(error=0.001)
    device.now_ms = 100_000
    assert device.dating.start_ms() is None
    device.run(1_000)
    start = device.dating.start_ms()
    assert start is not None
    assert abs(start - OWN_MS) < 150
    device.run(5 * MINUTE_MS)
    start = device.dating.start_ms()
    assert start is not None
    assert abs(start - OWN_MS) < 10


def test_an_estimate_for_the_eye_needs_one_hello_and_some_clock() -> None:
    device = Device()
    assert device.dating.estimate(500, device.at()) is None
    device.run(1_000)
    assert device.dating.estimate(500, device.at()) == OWN_MS + 500 + 2
    device.known = False
    assert device.dating.estimate(500, device.at()) is None


def test_dates_grow_along_a_boot_whatever_the_network_did() -> None:
    device = Device(error=0.005, delay_ms=jitter(7))
    device.run(30 * MINUTE_MS)
    dates = [device.dating.date(uptime_ms) for uptime_ms in range(60_000, 25 * MINUTE_MS, 333)]
    known = [taken_ms for taken_ms in dates if taken_ms is not None]
    assert len(known) == len(dates)
    assert all(earlier < later for earlier, later in pairwise(known))


def test_an_uptime_that_is_yet_to_come_is_dated_now() -> None:
    device = Device()
    device.run(5_000)
    device.dating.pass_time(device.at())
    assert device.dating.date(device.uptime_ms + 60_000) == device.dating.date(device.uptime_ms)


def test_no_date_is_later_than_what_the_own_clock_shows_now() -> None:
    """The clock was set back: what the anchors say about now is yet to come by it."""
    device = Device()
    device.run(5 * MINUTE_MS)
    now = device.at()
    assert now.own_ms is not None
    device.dating.pass_time(Instant(now.mono_ms, now.own_ms - HOUR_MS, now.era))
    assert device.dating.date(device.uptime_ms) == now.own_ms - HOUR_MS


def test_an_uptime_is_not_judged_by_a_hello_of_another_era() -> None:
    device = Device()
    device.run(5 * MINUTE_MS)
    device.dating.pass_time(Instant(5, OWN_MS + HOUR_MS, "era-2"))
    ahead = device.dating.date(device.uptime_ms + 10_000)
    now = device.dating.date(device.uptime_ms)
    assert ahead is not None
    assert now is not None
    assert ahead - now == pytest.approx(10_000, abs=100)
