"""Sets of S1 lines: a set ends boots only when it surely belongs to one hello."""

import pytest

from edge.anchors import Anchors
from edge.boots import Boot
from edge.dating import Dating
from edge.earlier import EarlierSets
from edge.line import Hello
from edge.stream import DeviceStream

BOOT = 0x1111_0005


class Port:
    """Where lines come from; only its identity counts."""

    def send(self, data: bytes) -> None:
        raise AssertionError("a set answers nothing")


@pytest.fixture
def sets() -> EarlierSets:
    return EarlierSets()


def boot(wire_boot: int = BOOT, source: str = "garage") -> Boot:
    return Boot(source, DeviceStream(source, wire_boot, 1, 0), Dating(Anchors()))


def hello(count: int, name: str = "garage") -> Hello:
    return Hello(name, BOOT, 5_000, "1.0.0", "power", 5_000, 3, 1, 1_000, 0, 0, 160, count)


NEW, FIRST, SECOND = boot(), boot(BOOT - 2), boot(BOOT - 1)


def test_a_hello_without_earlier_boots_is_a_complete_set_at_once(sets: EarlierSets) -> None:
    sets.begin(Port())
    sets.hello(NEW, hello(0))
    assert sets.complete() == (NEW, frozenset())


def test_a_set_in_one_datagram_is_complete_with_its_last_line(sets: EarlierSets) -> None:
    sets.begin(Port())
    sets.hello(NEW, hello(2))
    assert sets.complete() is None
    sets.name(FIRST)
    assert sets.complete() is None
    sets.name(SECOND)
    assert sets.complete() == (NEW, frozenset([FIRST.wire_boot, SECOND.wire_boot]))


def test_a_set_is_told_once(sets: EarlierSets) -> None:
    sets.begin(Port())
    sets.hello(NEW, hello(0))
    sets.complete()
    assert sets.complete() is None


def test_a_line_that_is_repeated_does_not_complete_a_set(sets: EarlierSets) -> None:
    sets.begin(Port())
    sets.hello(NEW, hello(2))
    sets.name(FIRST)
    sets.name(FIRST)
    assert sets.complete() is None


def test_a_set_over_several_reads_of_one_serial_port_is_whole(sets: EarlierSets) -> None:
    port = Port()
    sets.begin(port)
    sets.hello(NEW, hello(1))
    sets.begin(port)
    sets.name(FIRST)
    assert sets.complete() == (NEW, frozenset([FIRST.wire_boot]))


def in_pieces(sets: EarlierSets, *named: Boot) -> tuple[Boot, frozenset[int]] | None:
    """A hello and its S1 lines, each in a datagram of its own."""
    sets.begin(Port())
    sets.hello(NEW, hello(len(named)))
    for each in named:
        sets.begin(Port())
        sets.name(each)
    return sets.complete()


def test_a_set_in_several_datagrams_counts_only_when_the_next_hello_repeats_it(sets: EarlierSets) -> None:
    assert in_pieces(sets, FIRST, SECOND) is None
    assert in_pieces(sets, SECOND, FIRST) == (NEW, frozenset([FIRST.wire_boot, SECOND.wire_boot]))


def test_a_set_in_pieces_that_the_next_hello_contradicts_counts_nothing(sets: EarlierSets) -> None:
    assert in_pieces(sets, FIRST) is None
    assert in_pieces(sets, SECOND) is None
    assert in_pieces(sets, FIRST) is None


def test_the_same_set_of_another_boot_repeats_nothing(sets: EarlierSets) -> None:
    assert in_pieces(sets, FIRST) is None
    sets.begin(Port())
    sets.hello(boot(BOOT + 1), hello(1))
    sets.begin(Port())
    sets.name(FIRST)
    assert sets.complete() is None


def test_noise_between_hello_and_its_set_makes_it_doubtful(sets: EarlierSets) -> None:
    sets.begin(Port())
    sets.hello(NEW, hello(1))
    sets.interrupt()
    sets.name(FIRST)
    assert sets.complete() is None


def test_noise_before_the_hello_harms_nothing(sets: EarlierSets) -> None:
    sets.begin(Port())
    sets.interrupt()
    sets.hello(NEW, hello(1))
    sets.name(FIRST)
    assert sets.complete() is not None


def test_an_s1_of_another_device_is_no_part_of_the_set(sets: EarlierSets) -> None:
    for _ in range(2):
        sets.begin(Port())
        sets.hello(NEW, hello(1))
        sets.begin(Port())
        sets.name(boot(BOOT - 1, "cellar"))
        assert sets.complete() is None


def test_an_s1_without_a_hello_before_it_completes_nothing(sets: EarlierSets) -> None:
    sets.begin(Port())
    sets.name(FIRST)
    assert sets.complete() is None
