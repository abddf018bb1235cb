"""The newest value of each meter, and what people are told about the run."""

import pytest

from edge.anchors import Anchors
from edge.boots import Boot
from edge.clock import Instant
from edge.dating import Dating
from edge.line import Hello, Reading
from edge.live import DEFAULT_INTERVAL_MS, Live, Value
from edge.stream import DeviceStream
from edge.tally import MOST_NOTICES, Notice, Tally

OWN_MS = 1_795_168_800_000
VALUES = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)


def at(mono_ms: int, known: bool = True) -> Instant:
    return Instant(mono_ms, OWN_MS + mono_ms if known else None, "era")


def boot(number: int = 7, heard: bool = True, known: bool = True) -> Boot:
    made = Boot("garage", DeviceStream("garage", number, 1, 0), Dating(Anchors()))
    for second in range(6 if heard else 0):
        made.dating.hello(1_000 * second, at(1_000 * second, known))
    return made


def reading(seq: int, uptime_ms: int, channel: int = 1) -> Reading:
    return Reading("garage", 7, seq, uptime_ms, channel, VALUES)


@pytest.fixture
def live() -> Live:
    return Live()


def only(live: Live) -> Value:
    [value] = live.values()
    return value


def test_the_newest_reading_of_a_meter_is_shown_with_its_date(live: Live) -> None:
    here = boot()
    live.show(here, reading(1, 4_000), at(5_000))
    live.show(here, reading(2, 5_000), at(5_010))
    value = only(live)
    assert (value.seq, value.taken_ms, value.estimated, value.values) == (2, OWN_MS + 5_000, False, VALUES)


def test_a_backlog_that_is_caught_up_does_not_replace_what_is_newer(live: Live) -> None:
    here = boot()
    live.show(here, reading(9, 5_000), at(5_000))
    live.changed = False
    live.show(here, reading(2, 2_000), at(5_010))
    assert (only(live).seq, live.changed) == (9, False)


def test_each_channel_has_a_value_of_its_own(live: Live) -> None:
    here = boot()
    for channel in (1, 2):
        live.show(here, reading(channel, 4_000, channel), at(4_000))
    assert [value.meter.key for value in live.values()] == ["garage/1", "garage/2"]


def test_an_older_boot_that_is_caught_up_does_not_replace_the_running_one(live: Live) -> None:
    live.show(boot(8), reading(1, 5_000), at(5_000))
    live.show(boot(7), reading(500, 4_000), at(5_000))
    assert only(live).boot == 8


def test_a_new_boot_replaces_the_one_before_though_its_uptime_is_less(live: Live) -> None:
    live.show(boot(7), reading(500, 4_000), at(5_000))
    again = boot(8, heard=False)
    for second in range(6):
        again.dating.hello(1_000 * second, at(100_000 + 1_000 * second))
    live.show(again, reading(1, 1_000), at(106_000))
    assert (only(live).boot, only(live).taken_ms) == (8, OWN_MS + 101_000)


def test_what_waits_for_its_date_is_shown_at_its_estimated_time_and_marked(live: Live) -> None:
    here = boot(heard=False)
    here.dating.hello(1_000, at(1_000))
    live.show(here, reading(1, 2_000), at(2_010))
    assert (only(live).taken_ms, only(live).estimated) == (OWN_MS + 2_000, True)


def test_without_any_clock_there_is_no_time_to_show(live: Live) -> None:
    live.show(boot(known=False), reading(1, 4_000), at(4_000, known=False))
    assert (only(live).taken_ms, only(live).estimated) == (None, True)


def test_the_interval_is_the_device_s_word_or_a_second(live: Live) -> None:
    here = boot()
    live.show(here, reading(1, 4_000), at(4_000))
    assert only(live).interval_ms == DEFAULT_INTERVAL_MS
    here.hello = Hello("garage", 7, 5_000, "1", "power", 1, 1, 1, 333, 0, 0, 160, 0)
    live.show(here, reading(2, 5_000), at(5_000))
    assert only(live).interval_ms == 333


def test_news_are_marked_as_news(live: Live) -> None:
    assert not live.changed
    live.show(boot(), reading(1, 4_000), at(4_000))
    assert live.changed


def test_a_notice_about_one_thing_is_said_once() -> None:
    tally = Tally()
    for mono_ms in (1, 2):
        tally.notice("exchanged", "garage", at(mono_ms))
    tally.notice("exchanged", "cellar", at(3))
    assert list(tally.notices) == [
        Notice("exchanged", "garage", OWN_MS + 1), Notice("exchanged", "cellar", OWN_MS + 3),
    ]  # fmt: skip


def test_only_what_a_person_should_know_is_a_notice() -> None:
    tally = Tally()
    tally.notice("new", "garage", at(1))
    assert not tally.notices


def test_notices_are_bounded_and_the_oldest_go() -> None:
    tally = Tally()
    for i in range(MOST_NOTICES + 5):
        tally.notice("too-many", f"d{i}", at(i))
    assert [n.about for n in tally.notices] == [f"d{i}" for i in range(5, MOST_NOTICES + 5)]


def test_trouble_with_the_disk_is_shown_until_a_commit_succeeds() -> None:
    tally = Tally()
    tally.writes(False, at(1), "disk full")
    assert (tally.disk_trouble, tally.counts["commits-failed"]) == ("disk full", 1)
    tally.writes(True, at(2))
    assert tally.disk_trouble is None
    assert [n.kind for n in tally.notices] == ["disk"]
