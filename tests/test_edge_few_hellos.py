"""Dates where few hellos came: all may be seconds late, so they date what nothing better can, and it is marked."""

from pathlib import Path

import pytest
from collecting import Edge, hello, lost, reading
from drifting import MINUTE_MS, Device, jitter

from edge.anchors import ENOUGH_HELLOS, Anchors
from edge.clock import Instant
from edge.dating import GONE_MS, QUIET_MS, UNRATED_REACH_MS, Dating

LATE_MS = 2_500


def cut_short(error: float = 0.002) -> Device:
    """The Pi lost its power before a rate was known; then the device said hello, seconds late, and restarted."""
    device = Device(error=error)
    device.run(20_000)
    device.reboot_of_the_pi(known=True)
    device.run(60_000, hellos=False)
    device.dating.hello(device.uptime_ms, device.at(LATE_MS))
    return device


def test_one_hello_dates_everything_when_no_other_comes() -> None:
    device = Device()
    device.run(1_000)
    hello_ms = device.uptime_ms
    device.run(QUIET_MS + 1_000, hellos=False)
    device.dating.pass_time(device.at())
    first, last = device.dating.date(0), device.dating.date(hello_ms)
    assert first is not None
    assert last is not None
    assert last - first == hello_ms


def test_while_hellos_come_a_record_far_from_them_waits() -> None:
    device = Device()
    device.run(19_000, hellos=False)
    device.run(6_000)
    device.dating.pass_time(device.at())
    assert device.dating.date(0) is None


def test_one_hello_after_a_restart_of_the_pi_does_not_end_the_patience() -> None:
    """There is an anchor, so its device says hello again and again; its next boot will show the rate."""
    device = cut_short()
    said_ms = device.uptime_ms
    device.run(GONE_MS, hellos=False)
    device.dating.pass_time(device.at())
    assert device.dating.date(said_ms) is None
    device.run(LATE_MS + 1_000, hellos=False)
    device.dating.pass_time(device.at())
    assert device.dating.date(said_ms) is not None


@pytest.mark.parametrize("error", [-0.005, 0.002, 0.005])
def test_what_the_last_anchor_reaches_is_not_dated_by_one_late_hello(error: float) -> None:
    device = cut_short(error)
    device.dating.prior_rate = 1 / (1 + error)
    device.dating.final = True
    wrong = [device.wrong_by(ago_ms) for ago_ms in range(0, 60_000, 5_000)]
    assert None not in wrong
    assert max(w for w in wrong if w is not None) < 50


def test_what_no_anchor_reaches_is_dated_by_the_few_hellos_there_are() -> None:
    device = cut_short()
    device.run(1_000)
    device.dating.final = True
    assert device.wrong_by() == 2


def test_hellos_that_are_enough_to_tell_date_better_than_the_last_anchor() -> None:
    device = Device()
    device.run(3 * MINUTE_MS)
    device.reboot_of_the_pi(known=True)
    device.step_ms = 3
    device.run(1_000 * ENOUGH_HELLOS)
    assert device.wrong_by() == 5


@pytest.mark.parametrize("error", [-0.005, -0.001, 0.005])
@pytest.mark.parametrize("restart", [False, True])
def test_a_boot_that_ended_before_its_rate_was_known_is_dated_by_a_rough_one(
    error: float, restart: bool
) -> None:
    """A new board was heard for half a minute, with a backlog of two, and was exchanged."""
    device = Device(error=error, delay_ms=jitter(5))
    device.now_ms = 120_000
    device.run(27_000)
    if restart:
        anchors = [anchor for _minute, anchor in device.dating.anchors.unsaved()]
        device.dating = Dating(Anchors(anchors))
    assert device.wrong_by(140_000) is None
    device.dating.final = True
    wrong = device.wrong_by(140_000)
    assert wrong is not None
    assert wrong < 150
    assert device.dating.guessed


def test_one_late_hello_does_not_say_that_a_record_is_yet_to_come() -> None:
    """With the Pi comes a hello of 2.5 s ago, and a record of 1 s ago."""
    device = Device(error=0.002)
    device.run(3 * MINUTE_MS)
    device.reboot_of_the_pi(known=True)
    device.run(20_000, hellos=False)
    device.dating.hello(device.uptime_ms - LATE_MS, device.at())
    device.dating.pass_time(device.at())
    wrong = device.wrong_by(1_000)
    assert wrong is not None
    assert wrong < 5


# The mark


@pytest.mark.parametrize(("ago_ms", "guessed"), [(UNRATED_REACH_MS, False), (UNRATED_REACH_MS + 1_000, True)])
def test_a_date_farther_away_than_its_rate_reaches_is_a_guess(ago_ms: int, guessed: bool) -> None:
    device = Device()
    device.now_ms = 120_000
    device.run(ENOUGH_HELLOS * 1_000)
    first_ms = 120_000 + 1_000
    device.dating.final = True
    assert device.wrong_by(round(device.now_ms) - first_ms + ago_ms) is not None
    assert device.dating.guessed is guessed


def test_what_waits_is_no_guess() -> None:
    device = Device()
    device.now_ms = 120_000
    device.run(ENOUGH_HELLOS * 1_000)
    assert device.wrong_by(60_000) is None
    device.dating.pass_time(Instant(130_000, None, device.era))
    device.dating.final = True
    assert device.wrong_by(60_000) is None
    assert not device.dating.guessed


def marked(edge: Edge) -> bool:
    return bool(edge.db.execute("SELECT uncertain FROM streams").fetchone()[0])


@pytest.mark.parametrize("hellos", [1, ENOUGH_HELLOS])
@pytest.mark.parametrize("later", [False, True])
def test_a_stream_dated_by_fewer_hellos_than_are_enough_is_uncertain(
    tmp_path: Path, hellos: int, later: bool
) -> None:
    edge = Edge(tmp_path)
    edge.live_through(hellos, uptime_ms=0)
    if later:
        edge.run(QUIET_MS)
    edge.hear(reading(1, 1_000))
    edge.commit()
    assert edge.rows()[1] is not None
    assert marked(edge) is (hellos < ENOUGH_HELLOS)
    edge.db.close()


def test_a_fill_dated_by_one_hello_makes_its_stream_uncertain(tmp_path: Path) -> None:
    edge = Edge(tmp_path)
    edge.hear(hello(9_000), lost(3, 3))
    edge.commit()
    assert not marked(edge)
    edge.run(QUIET_MS)
    edge.hear(reading(2, 2_000))
    edge.commit()
    assert edge.rows()[2] is not None
    assert marked(edge)
    edge.db.close()
