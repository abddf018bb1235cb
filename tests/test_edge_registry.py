"""Boots and boards behind the lines: restarts, older boots that end, exchanged and second boards."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from collecting import BOOT, Edge, Wire, hello, reading, s1, silent

from edge.line import Ack, Garbled


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    made = Edge(tmp_path)
    yield made
    made.db.close()


def test_a_restart_under_a_used_number_makes_a_new_stream_and_a_notice(edge: Edge) -> None:
    edge.hear(hello(90_000), reading(1), reading(2))
    edge.commit()
    edge.wire.acks()
    edge.hear(hello(1_000), reading(1, wh=5))
    edge.commit()
    again = BOOT + 2**32
    assert (list(edge.rows()), list(edge.rows(again))) == ([1, 2], [1])
    assert edge.wire.told == [Ack("garage", BOOT, 1)]
    assert edge.notices == ["restart-under-used-number"]


def test_a_restart_under_a_used_number_is_recognised_after_a_restart_of_the_collector(edge: Edge) -> None:
    edge.hear(hello(90_000), reading(1))
    edge.commit()
    edge.restart()
    edge.hear(hello(1_000), reading(1, wh=5))
    edge.commit()
    assert list(edge.rows(BOOT + 2**32)) == [1]
    edge.restart()
    edge.hear(reading(2), hello(15_000))
    edge.commit()
    assert list(edge.rows(BOOT + 2**32)) == [1, 2]


def test_an_older_boot_that_an_s1_names_is_not_ended(edge: Edge) -> None:
    edge.hear(hello(9_000), reading(1), reading(3))
    edge.hear(hello(1_000, boot=BOOT + 1, earlier=1), s1(1, 3))
    edge.commit()
    assert (edge.gaps(), edge.cursor()) == ([], 1)
    edge.hear(reading(2))
    edge.commit()
    assert list(edge.rows()) == [1, 2, 3]


def test_an_older_boot_that_no_s1_names_is_ended_and_its_holes_are_device_off(edge: Edge) -> None:
    edge.hear(hello(9_000), reading(1), reading(3))
    edge.hear(hello(1_000, boot=BOOT + 1, earlier=0))
    edge.commit()
    assert (list(edge.rows()), edge.gaps()) == ([1, 3], [(2, 2, "device-off")])


def test_what_an_s1_announced_and_never_came_is_device_off(edge: Edge) -> None:
    edge.hear(hello(9_000), reading(1))
    edge.hear(hello(1_000, boot=BOOT + 1, earlier=1), s1(1, 4))
    edge.hear(hello(1_000, boot=BOOT + 2, earlier=0))
    edge.commit()
    assert (edge.gaps(), edge.cursor()) == ([(2, 4, "device-off")], 4)


def test_the_last_s1_of_a_set_ends_the_boots_that_it_does_not_name(edge: Edge) -> None:
    edge.hear(hello(9_000), reading(1), reading(3))
    edge.hear(hello(9_000, boot=BOOT + 1, earlier=1), s1(1, 3), reading(1, boot=BOOT + 1))
    edge.hear(hello(1_000, boot=BOOT + 2, earlier=1), s1(1, 9, BOOT + 1))
    edge.commit()
    assert (edge.gaps(), edge.gaps(BOOT + 1)) == ([(2, 2, "device-off")], [])


def test_noise_between_a_hello_and_its_set_ends_nothing(edge: Edge) -> None:
    edge.hear(hello(9_000), hello(9_000, boot=BOOT - 1))
    edge.hear(reading(1), reading(3))
    edge.hear(hello(1_000, boot=BOOT + 1, earlier=1), Garbled(b"", "noise"), s1(1, 9, BOOT - 1))
    edge.commit()
    assert edge.gaps() == []


def test_an_incomplete_set_ends_nothing(edge: Edge) -> None:
    edge.hear(hello(9_000), reading(1), reading(3))
    edge.hear(hello(1_000, boot=BOOT + 1, earlier=2), s1(1, 9, BOOT - 1))
    edge.commit()
    assert edge.gaps() == []


def test_a_boot_that_ended_while_the_collector_was_away_is_ended_by_the_next_hello(edge: Edge) -> None:
    edge.committed(1)
    edge.restart()
    edge.hear(hello(1_000, boot=BOOT + 1), reading(1, boot=BOOT + 1))
    edge.commit()
    ended = edge.db.execute("SELECT b.ended FROM boots b JOIN streams s ON s.id = b.stream ORDER BY s.boot")
    assert ended.fetchall() == [(1,), (0,)]


def test_only_boots_that_are_not_over_are_taken_up_again_after_a_restart(edge: Edge) -> None:
    for start in range(30):
        boot = BOOT + start
        edge.hear(hello(1_000, boot=boot), silent(1, boot))
        edge.commit()
    edge.restart()
    assert [b.stream.boot for b in edge.collector.registry.boots.all()] == [BOOT + 29]


def test_an_exchanged_board_goes_on_with_the_same_meters_after_20_unanswered_seconds(edge: Edge) -> None:
    new = 0x2222_0001
    edge.committed(1)
    for _ in range(19):
        edge.hear(hello(1_000, boot=new), reading(1, boot=new))
        edge.run(1_000)
    assert edge.wire.told == []
    edge.run(1_000)
    edge.hear(hello(21_000, boot=new), reading(1, boot=new))
    edge.commit()
    assert edge.wire.told == [Ack("garage", new, 1)]
    assert [m.key for m in edge.history().meters()] == ["garage/1"]
    assert edge.notices == ["exchanged"]


def test_two_boards_with_one_name_have_meters_of_their_own_and_are_answered_by_the_name_they_sent(
    edge: Edge,
) -> None:
    new, other = 0x2222_0001, Wire(edge.path)
    edge.committed(1)
    edge.hear(hello(1_000, boot=new), wire=other)
    edge.hear(hello(9_000, oldest=2))
    edge.hear(reading(1, boot=new), wire=other)
    edge.commit()
    assert other.told == [Ack("garage", new, 1)]
    assert [m.key for m in edge.history().meters()] == ["garage/1", "garage~2222/1"]
    assert edge.notices == ["second-board"]


def test_a_device_of_which_no_record_is_stored_is_not_remembered_as_one_of_64(edge: Edge) -> None:
    edge.live_through(20)
    edge.hear(reading(1, boot=7 << 16, name="cellar"))
    edge.commit()
    assert edge.db.execute("SELECT name FROM boards").fetchall() == [("cellar",)]
