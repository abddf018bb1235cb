"""Boots of a device in order, however their 16-bit count of starts wraps and whichever board they are of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.anchors import Anchor, Anchors
from edge.boots import FINAL_AFTER_MS, MOST_IN_RAM, RESTART_MS, WIRE_BITS, Boot, Boots, precedes
from edge.dating import Dating
from edge.line import Hello
from edge.stream import DeviceStream

UPPER = 0x1111_0000


def boot(number: int, source: str = "garage", heard_ms: int = 0) -> Boot:
    made = Boot(source, DeviceStream(source, number, 1, 0), Dating(Anchors()))
    made.heard_mono_ms = heard_ms
    return made


def rated(number: int, rate: float) -> Boot:
    made = boot(number)
    made.dating = Dating(Anchors([Anchor(0, 0, None, "e"), Anchor(60_000, round(60_000 * rate), None, "e")]))
    return made


def hello(uptime_ms: int) -> Hello:
    return Hello("garage", 7, uptime_ms, "1.0.0", "power", 5_000, 3, 1, 1_000, 0, 0, 160, 0)


@given(start=st.integers(0, 0xFFFF), later=st.integers(1, 0x7FFF))
def test_starts_of_one_board_are_ordered_over_the_wrap_of_their_count(start: int, later: int) -> None:
    one, other = boot(UPPER | start), boot(UPPER | (start + later) & 0xFFFF)
    assert precedes(one, other)
    assert not precedes(other, one)


def test_a_boot_does_not_precede_itself() -> None:
    one = boot(UPPER)
    assert not precedes(one, one)


def test_a_restart_under_a_used_number_comes_after_the_first_use_of_it() -> None:
    first, again = boot(UPPER | 5), boot((UPPER | 5) + 2**WIRE_BITS)
    assert precedes(first, again)
    assert not precedes(again, first)
    assert again.wire_boot == first.wire_boot


def test_boots_of_different_boards_are_ordered_by_when_they_were_heard() -> None:
    old, new = boot(0x9999_0005, heard_ms=10), boot(0x1111_0001, heard_ms=20)
    assert precedes(old, new)
    assert not precedes(new, old)


def test_older_boots_are_those_of_the_same_source_that_come_before() -> None:
    boots = Boots([boot(UPPER | 1), boot(UPPER | 2), boot(UPPER | 3), boot(UPPER, "cellar")])
    newest = boots.find("garage", UPPER | 2)
    assert newest is not None
    assert [b.stream.boot for b in boots.older(newest)] == [UPPER | 1]


@pytest.mark.parametrize(
    ("uptime_ms", "again"), [(60_000 - RESTART_MS - 1, True), (60_000 - RESTART_MS, False)]
)
def test_an_uptime_more_than_10_s_below_the_last_is_a_restart(uptime_ms: int, again: bool) -> None:
    here = boot(7)
    here.uptime_ms = 60_000
    assert here.restarted(hello(uptime_ms)) is again


def test_a_boot_that_took_over_a_number_is_found_and_the_one_before_is_kept_until_it_is_on_disk() -> None:
    first, again = boot(UPPER | 5), boot((UPPER | 5) + 2**WIRE_BITS)
    boots = Boots([first])
    first.fills[1] = None  # type: ignore[assignment]  # not all of it is on disk
    boots.add(again)
    assert boots.find("garage", UPPER | 5) is again
    assert first in boots.all()
    first.fills.clear()
    first.ended = True
    boots.add(boot(UPPER | 6))
    assert first not in boots.all()


def test_boots_that_are_over_are_forgotten_beyond_a_dozen_and_others_are_not() -> None:
    boots = Boots([])
    for number in range(40):
        here = boot(UPPER | number)
        here.ended = number >= 5
        boots.add(here)
    left = [b.stream.boot & 0xFFFF for b in boots.all()]
    assert left[:5] == [0, 1, 2, 3, 4]
    assert len(left) == MOST_IN_RAM
    assert left[-1] == 39


def test_a_boot_with_rows_that_wait_for_their_date_is_not_forgotten() -> None:
    boots = Boots([])
    for number in range(40):
        here = boot(UPPER | number)
        here.ended = here.undated = True
        boots.add(here)
    assert len(boots.all()) == 40


def test_a_boot_is_over_when_everything_its_s1_announced_is_on_disk() -> None:
    here = boot(7)
    here.complete_to = 3
    here.stream.committed(2)
    assert not here.over
    here.stream.committed(3)
    assert here.over


def test_a_boot_without_an_s1_is_over_only_when_it_ended() -> None:
    here = boot(7)
    here.stream.committed(99)
    assert not here.over
    here.end(5)
    assert here.over


def test_the_rate_of_a_board_is_that_of_its_newest_boot_that_has_one() -> None:
    boots = Boots([rated(UPPER | 1, 1.001), rated(UPPER | 2, 1.002), boot(UPPER | 3)])
    assert boots.rate_of("garage", UPPER | 4) == pytest.approx(1.002, abs=1e-4)


def test_another_board_tells_nothing_about_the_rate() -> None:
    boots = Boots([rated(0x2222_0001, 1.001)])
    assert boots.rate_of("garage", UPPER | 4) is None


def test_a_boot_that_ended_early_borrows_the_rate_and_is_final_when_the_next_one_had_time() -> None:
    early = boot(UPPER | 1)
    boots = Boots([early, rated(UPPER | 2, 1.002)])
    early.end(1_000)
    boots.settle_rate(early, 1_000 + FINAL_AFTER_MS - 1)
    assert early.dating.prior_rate == pytest.approx(1.002, abs=1e-4)
    assert not early.dating.final
    boots.settle_rate(early, 1_000 + FINAL_AFTER_MS)
    assert early.dating.final


def test_a_boot_that_runs_is_never_final() -> None:
    here = boot(UPPER | 1)
    Boots([here]).settle_rate(here, 10**12)
    assert not here.dating.final
