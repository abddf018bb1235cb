"""Every record of a stream is stored or accounted for: where a boot begins, what was lost, what fills a gap."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from collecting import BOOT, Edge, Wire, hello, lost, reading, silent

from edge.line import NoReading, Refused
from store.part import Hole


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    made = Edge(tmp_path)
    yield made
    made.db.close()


def test_a_boot_begins_at_its_oldest_record_without_a_gap(edge: Edge) -> None:
    edge.hear(hello(90_000, oldest=41))
    edge.hear(reading(41), reading(42))
    edge.commit()
    assert (list(edge.rows()), edge.gaps(), edge.wire.acks()) == ([41, 42], [], [42])


def test_what_a_new_boot_says_is_dropped_of_earlier_ones_makes_no_gap_in_it(edge: Edge) -> None:
    edge.hear(hello(2_000, dropped=40), reading(1), reading(2))
    edge.commit()
    edge.hear(hello(9_000, oldest=3, dropped=40), reading(3))
    edge.commit()
    assert (list(edge.rows()), edge.gaps()) == ([1, 2, 3], [])


def test_a_record_of_an_unknown_boot_is_left_to_be_sent_again_but_for_the_very_first(edge: Edge) -> None:
    edge.hear(reading(5))
    edge.commit()
    assert (edge.rows(), edge.wire.told, edge.counts["early"]) == ({}, [], 1)
    edge.hear(reading(1))
    edge.commit()
    assert edge.wire.acks() == [1]


def test_a_hello_is_answered_only_when_its_oldest_is_not_beyond_the_cursor(edge: Edge) -> None:
    edge.committed(1, 2)
    edge.run(1_000)
    edge.hear(hello(20_000, oldest=3))
    assert edge.wire.acks() == []
    edge.hear(hello(20_000, oldest=2))
    assert edge.wire.acks() == [2]


def test_a_stream_is_one_whatever_link_its_lines_come_by_and_the_last_one_gets_the_answer(edge: Edge) -> None:
    other = Wire(edge.path)
    edge.hear(reading(1))
    edge.hear(reading(2), wire=other)
    edge.commit()
    assert (edge.wire.acks(), other.acks()) == ([], [2])


def test_what_waits_beyond_a_hole_is_not_acknowledged(edge: Edge) -> None:
    edge.hear(reading(1), reading(3))
    edge.commit()
    assert (edge.wire.acks(), list(edge.rows())) == ([1], [1])


def test_lost_records_are_accounted_for_as_the_device_s_memory(edge: Edge) -> None:
    edge.hear(reading(1), lost(5, 4), reading(6))
    edge.commit()
    assert (edge.gaps(), edge.wire.acks()) == ([(2, 5, "device-memory")], [6])


def test_records_dropped_since_the_last_hello_are_the_device_s_memory(edge: Edge) -> None:
    """The lost line that says so may die with the device."""
    edge.hear(hello(2_000, dropped=3), reading(1))
    edge.hear(hello(9_000, oldest=8, dropped=5), reading(8))
    edge.commit()
    assert edge.gaps() == [(2, 5, "elsewhere"), (6, 7, "device-memory")]


def test_lost_below_the_cursor_names_what_nobody_could_explain(edge: Edge) -> None:
    edge.hear(reading(1), hello(9_000, oldest=5), reading(5))
    edge.commit()
    assert edge.gaps() == [(2, 4, "elsewhere")]
    edge.hear(lost(4, 3))
    edge.commit()
    assert edge.gaps() == [(2, 4, "device-memory")]
    assert edge.db.execute("SELECT from_seq, to_seq FROM amends").fetchall() == [(2, 4)]


def test_lost_names_exactly_the_records_that_it_counts(edge: Edge) -> None:
    edge.hear(reading(1), hello(9_000, oldest=8), reading(8))
    edge.commit()
    edge.hear(lost(5, 2))
    edge.commit()
    assert edge.gaps() == [(2, 3, "elsewhere"), (4, 5, "device-memory"), (6, 7, "elsewhere")]


def test_lost_that_is_accounted_for_is_answered(edge: Edge) -> None:
    edge.committed(1, 2)
    edge.run(1_000)
    edge.hear(lost(3, 1))
    assert edge.wire.acks() == []
    edge.hear(lost(2, 1))
    assert edge.wire.acks() == [2]


def test_lost_below_the_cursor_does_not_rename_what_is_explained(edge: Edge) -> None:
    """The acknowledgement was lost, so the device dropped records that are here, silences among them."""
    bad = Refused("garage", BOOT, 3, b"R7", "unknown")
    edge.hear(reading(1), silent(2), bad, reading(4))
    edge.commit()
    edge.hear(lost(6, 6))
    edge.commit()
    assert edge.gaps() == [(2, 2, "sensor"), (3, 3, "refused"), (5, 6, "device-memory")]
    assert edge.db.execute("SELECT count(*) FROM amends").fetchone() == (0,)


def test_a_record_that_turns_up_inside_a_gap_is_stored_amended_and_then_acknowledged(edge: Edge) -> None:
    edge.hear(reading(1), lost(4, 3), reading(5))
    edge.commit()
    edge.wire.acks()
    edge.hear(reading(3))
    assert edge.wire.told == []
    edge.run(1_000)
    assert edge.wire.acks() == [5]
    assert (list(edge.rows()), edge.gaps()) == ([1, 3, 5], [(2, 2, "device-memory"), (4, 4, "device-memory")])
    assert edge.db.execute("SELECT from_seq, to_seq FROM amends").fetchall() == [(3, 3)]


def test_the_first_record_of_a_stream_may_fill_a_gap_too(edge: Edge) -> None:
    edge.hear(hello(9_000, oldest=5), lost(6, 2), reading(7))
    edge.commit()
    edge.hear(reading(5))
    edge.commit()
    assert list(edge.rows()) == [5, 7]


def test_a_record_below_the_first_of_its_stream_moves_its_beginning(edge: Edge) -> None:
    edge.hear(hello(9_000, oldest=5), reading(5))
    edge.commit()
    edge.hear(reading(2))
    edge.commit()
    assert (list(edge.rows()), edge.gaps()) == ([2, 5], [(3, 4, "elsewhere")])
    edge.hear(reading(3))
    edge.commit()
    assert (list(edge.rows()), edge.gaps()) == ([2, 3, 5], [(4, 4, "elsewhere")])


def test_a_first_hello_out_of_this_world_costs_no_record(edge: Edge) -> None:
    """Its records were acknowledged, because they lay below the cursor, and never stored."""
    edge.hear(hello(9_000, oldest=4_294_967_295))
    edge.commit()
    edge.hear(*(reading(seq) for seq in (5, 6, 7)))
    edge.commit()
    assert list(edge.rows()) == [5, 6, 7]


def test_a_silence_that_arrives_late_names_its_gap(edge: Edge) -> None:
    edge.hear(hello(9_000), reading(1))
    edge.hear(hello(10_000, oldest=5), reading(5))
    edge.commit()
    edge.hear(NoReading("garage", BOOT, 3, 3_000, 1, "timeout", 1))
    edge.commit()
    assert edge.gaps() == [(2, 2, "elsewhere"), (3, 3, "sensor"), (4, 4, "elsewhere")]


def test_a_hello_brings_an_ended_boot_back(edge: Edge) -> None:
    edge.hear(hello(9_000), reading(1))
    edge.commit()
    edge.hear(hello(1_000, boot=BOOT + 1))
    edge.commit()
    edge.hear(hello(12_000, oldest=2), reading(2))
    edge.commit()
    boot = edge.collector.registry.boots.find("garage", BOOT)
    assert boot is not None
    assert not boot.ended


def test_a_gap_keeps_its_times_between_the_rows_beside_it(edge: Edge) -> None:
    up = edge.live_through(60)
    edge.hear(reading(1, up), reading(5, up + 4_000), lost(4, 3))
    edge.live_through(10, uptime_ms=up)
    edge.commit()
    rows = edge.rows()
    [gap] = edge.history().gaps(None, None)
    assert (gap.from_ms, gap.to_ms) == (rows[1], rows[5])
    assert Hole(2, 4, "device-memory").records == gap.records


def test_a_hole_that_stays_is_answered_so_that_the_device_sends_again(edge: Edge) -> None:
    """Without it a lost datagram cost the device's whole pause of 15 to 60 s."""
    edge.hear(hello(1_000), reading(1))
    edge.commit()
    edge.wire.acks()
    edge.hear(reading(3))
    assert edge.wire.acks() == []
    edge.run(1_000)
    edge.hear(reading(4))
    assert edge.wire.acks() == [1]
