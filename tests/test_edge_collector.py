"""Every line finds its stream; nothing is acknowledged that is not on disk; nothing bad stops what is good."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from collecting import BOOT, Edge, Wire, hello, lost, reading, s1, silent

from edge import collector
from edge.line import Ack, Beacon, Garbled, Refused, encode
from edge.pace import MOST_WAITING
from store.part import Hole


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    made = Edge(tmp_path)
    yield made
    made.db.close()


def test_a_record_is_acknowledged_when_it_is_on_disk_and_not_before(edge: Edge) -> None:
    edge.hear(hello(1_000), reading(1), reading(2))
    edge.run(9_900)
    assert (edge.wire.told, edge.rows()) == ([], {})
    edge.commit()
    assert edge.wire.acks() == [2]
    assert edge.wire.on_disk == [2]


def test_an_answer_carries_the_device_s_name_and_boot(edge: Edge) -> None:
    edge.hear(reading(1))
    edge.commit()
    assert edge.wire.told == [Ack("garage", BOOT, 1)]


def test_no_answer_ever_goes_beyond_what_is_on_disk(edge: Edge) -> None:
    for seq in range(1, 120):
        edge.hear(reading(seq), reading(max(1, seq - 7)), hello(1000 * seq, max(1, seq - 3)))
        edge.run(1_000)
    acked = edge.wire.acks()
    assert acked
    assert all(seq <= cursor for seq, cursor in zip(acked, edge.wire.on_disk, strict=True))


# The disk


class Disk:
    """Refuses every commit while it is full."""

    def __init__(self) -> None:
        self.full = False

    def __call__(self, when: str) -> None:
        if self.full and when == "before":
            raise sqlite3.OperationalError("disk is full")


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def pressed(tmp_path: Path, disk: Disk) -> Iterator[Edge]:
    made = Edge(tmp_path, disk)
    yield made
    made.db.close()


def test_while_the_disk_refuses_nothing_is_acknowledged_or_lost(pressed: Edge, disk: Disk) -> None:
    disk.full = True
    pressed.hear(reading(1), reading(2))
    pressed.run(30_000)
    pressed.hear(reading(1), hello(30_000))
    pressed.run(30_000)
    assert (pressed.wire.told, pressed.rows(), pressed.cursor()) == ([], {}, 0)
    disk.full = False
    pressed.run(3_000)
    assert (pressed.wire.acks(), sorted(pressed.rows())) == ([2], [1, 2])
    assert pressed.collector.tally.disk_trouble is None


def test_a_disk_that_refuses_is_told_to_people(pressed: Edge, disk: Disk) -> None:
    disk.full = True
    pressed.hear(reading(1))
    pressed.commit()
    assert pressed.collector.tally.disk_trouble == "disk is full"
    assert pressed.notices == ["disk"]


def test_while_the_disk_refuses_at_most_so_many_records_wait(
    pressed: Edge, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "MOST_UNWRITTEN", 5)
    disk.full = True
    for seq in range(1, 9):
        pressed.hear(reading(seq))
    assert pressed.counts["turned-away"] == 3
    disk.full = False
    pressed.commit()
    assert pressed.wire.acks() == [5]


def test_a_fill_is_not_acknowledged_while_the_disk_refuses_it(pressed: Edge, disk: Disk) -> None:
    pressed.hear(hello(9_000, oldest=3), s1(1, 9, BOOT - 1), reading(3))
    pressed.hear(s1(5, 9, BOOT - 1), reading(5, boot=BOOT - 1))
    pressed.commit()
    assert pressed.gaps(BOOT - 1) == [(1, 4, "elsewhere")]
    pressed.wire.acks()
    disk.full = True
    pressed.hear(reading(2, boot=BOOT - 1))
    pressed.run(20_000)
    assert [said for said in pressed.wire.told if isinstance(said, Ack) and said.boot == BOOT - 1] == []
    disk.full = False
    pressed.run(3_000)
    assert pressed.wire.told == [Ack("garage", BOOT - 1, 5)]
    assert sorted(pressed.rows(BOOT - 1)) == [2, 5]


def test_records_that_fill_gaps_count_among_those_that_wait(
    pressed: Edge, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed.hear(reading(1), lost(50, 49))
    pressed.commit()
    monkeypatch.setattr(collector, "MOST_UNWRITTEN", 5)
    disk.full = True
    for seq in range(2, 40):
        pressed.hear(reading(seq))
    boot = pressed.collector.registry.boots.find("garage", BOOT)
    assert boot is not None
    assert len(boot.fills) == 5


# Repeats


def committed(edge: Edge, *seqs: int) -> None:
    edge.hear(*(reading(seq) for seq in seqs))
    edge.commit()
    edge.wire.acks()


def test_a_repeat_of_what_is_on_disk_is_answered_at_most_five_times_a_second(edge: Edge) -> None:
    committed(edge, 1, 2, 3)
    for _ in range(100):
        edge.mono_ms += 10
        edge.hear(reading(2))
    assert edge.wire.acks() == [3] * 5


def test_a_repeat_is_stored_once(edge: Edge) -> None:
    committed(edge, 1, 2)
    edge.hear(reading(1), reading(2), reading(2))
    edge.commit()
    assert (list(edge.rows()), edge.quarantined()) == ([1, 2], [])


def test_a_repeat_after_a_restart_of_the_collector_is_answered_from_the_disk(edge: Edge) -> None:
    committed(edge, 1, 2)
    edge.restart()
    edge.run(1_000)
    edge.hear(reading(1))
    assert edge.wire.acks() == [2]


def test_a_repeat_with_other_content_keeps_the_first_on_disk_and_the_other_raw(edge: Edge) -> None:
    committed(edge, 1)
    edge.hear(reading(1, wh=99), reading(2))
    edge.commit()
    [(seq, raw)] = edge.quarantined()
    assert (seq, "99" in raw, edge.counts["conflicts"]) == (1, True, 1)
    assert edge.db.execute("SELECT energy_wh FROM readings WHERE seq = 1").fetchone() == (38,)


def test_a_repeat_with_other_content_before_the_commit_keeps_the_first_too(edge: Edge) -> None:
    edge.hear(reading(1), reading(3))
    edge.hear(reading(1, wh=99), reading(3, wh=98), reading(2))
    edge.commit()
    assert [seq for seq, _raw in edge.quarantined()] == [1, 3]
    assert edge.db.execute("SELECT DISTINCT energy_wh FROM readings").fetchall() == [(38,)]


def test_the_same_values_on_another_channel_are_other_content(edge: Edge) -> None:
    committed(edge, 1)
    edge.hear(reading(1, channel=2))
    assert edge.counts["conflicts"] == 1


def test_what_is_kept_raw_of_one_commit_is_bounded(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MOST_KEPT", 3)
    committed(edge, 1)
    for wh in range(100, 110):
        edge.hear(reading(1, wh=wh))
    edge.hear(reading(2))
    edge.commit()
    assert (len(edge.quarantined()), edge.counts["conflicts"]) == (3, 10)


# Bad lines


def test_a_refused_record_takes_its_place_and_is_kept_raw(edge: Edge) -> None:
    bad = Refused("garage", BOOT, 2, b"R7,garage,286326789,2*0000", "tag 'R7' is not known")
    edge.hear(reading(1), bad, reading(3))
    edge.commit()
    assert (list(edge.rows()), edge.gaps(), edge.wire.acks()) == ([1, 3], [(2, 2, "refused")], [3])
    assert edge.quarantined() == [(2, "R7,garage,286326789,2*0000")]


def test_a_record_of_a_time_that_its_device_has_not_reached_is_dated_now(edge: Edge) -> None:
    """It was measured before it was said; if it waited for its time, all behind it would wait for ever."""
    up = edge.live_through(60)
    edge.hear(reading(1, up), reading(2, 2**63 - 1), reading(3, up))
    edge.commit()
    assert edge.gaps() == []
    dates = [edge.rows()[seq] or 0 for seq in (1, 2, 3)]
    assert dates == sorted(set(dates))
    assert dates[2] <= (edge.at.own_ms or 0)


def test_a_record_that_came_a_moment_before_its_hello_is_taken(edge: Edge) -> None:
    up = edge.live_through(60)
    edge.run(30_000)
    edge.hear(reading(1, up + 30_500))
    edge.commit()
    assert edge.gaps() == []


def test_noise_is_counted_and_harms_nothing(edge: Edge) -> None:
    edge.hear(Garbled(b"\xff\x00", "noise"), reading(1), Garbled(b"", "noise"))
    edge.commit()
    assert (edge.counts["garbled"], edge.wire.acks()) == (2, [1])


def test_a_forged_acknowledgement_acknowledges_nothing(edge: Edge) -> None:
    edge.hear(reading(1))
    edge.hear(Ack("garage", BOOT, 900), Beacon("evil", 8485))
    edge.commit()
    assert (edge.cursor(), edge.counts["unexpected"]) == (1, 2)


def test_a_silent_sensor_leaves_a_gap_with_its_own_cause(edge: Edge) -> None:
    edge.hear(reading(1), silent(2), silent(3), reading(4))
    edge.commit()
    assert (edge.gaps(), edge.wire.acks()) == ([(2, 3, "sensor")], [4])


# Beginnings


def test_a_boot_begins_at_its_oldest_record_without_a_gap(edge: Edge) -> None:
    edge.hear(hello(90_000, oldest=41))
    edge.hear(reading(41), reading(42))
    edge.commit()
    assert (list(edge.rows()), edge.gaps(), edge.wire.acks()) == ([41, 42], [], [42])


def test_a_record_of_an_unknown_boot_is_left_to_be_sent_again_but_for_the_very_first(edge: Edge) -> None:
    edge.hear(reading(5))
    edge.commit()
    assert (edge.rows(), edge.wire.told, edge.counts["early"]) == ({}, [], 1)
    edge.hear(reading(1))
    edge.commit()
    assert edge.wire.acks() == [1]


def test_a_hello_is_answered_only_when_its_oldest_is_not_beyond_the_cursor(edge: Edge) -> None:
    committed(edge, 1, 2)
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
    committed(edge, 1, 2)
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


# Fills


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


def test_a_record_below_the_first_of_its_stream_is_not_taken(edge: Edge) -> None:
    edge.hear(hello(9_000, oldest=5), reading(5))
    edge.commit()
    edge.hear(reading(3))
    edge.commit()
    assert list(edge.rows()) == [5]


# Boards, boots and restarts


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
    edge.hear(hello(9_000, boot=BOOT + 1), reading(1, boot=BOOT + 1))
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
    committed(edge, 1)
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
    committed(edge, 1)
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
    committed(edge, 1)
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


# The group commit


def test_500_waiting_records_are_committed_at_once(edge: Edge) -> None:
    edge.hear(*(reading(seq) for seq in range(1, MOST_WAITING)))
    edge.run(100)
    assert edge.cursor() == 0
    edge.hear(reading(MOST_WAITING))
    edge.run(100)
    assert edge.cursor() == MOST_WAITING


def test_a_repeat_of_what_waits_hastens_the_commit_at_most_once_a_second(edge: Edge) -> None:
    committed(edge, 1)
    times = []
    for seq in range(2, 30):
        edge.hear(reading(seq), reading(seq))
        before = edge.cursor()
        edge.run(200)
        if edge.cursor() != before:
            times.append(edge.mono_ms)
    assert len(times) > 3
    assert all(later - earlier >= 1_000 for earlier, later in pairwise(times))


def test_a_device_with_more_than_a_quarter_of_its_memory_in_use_hastens_the_commit(edge: Edge) -> None:
    edge.hear(reading(1), hello(2_000, queued=40, capacity=160))
    edge.run(200)
    assert edge.cursor() == 0
    edge.hear(hello(2_000, queued=41, capacity=160))
    edge.run(200)
    assert edge.cursor() == 1


def test_when_the_process_stops_what_waits_is_committed_and_acknowledged(edge: Edge) -> None:
    edge.hear(reading(1))
    edge.collector.finish(edge.at)
    assert (edge.cursor(), edge.wire.acks()) == (1, [1])


class PowerCut(BaseException):
    pass


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_power_cut_at_the_commit_loses_and_doubles_nothing(tmp_path: Path, moment: str) -> None:
    def cut(when: str) -> None:
        if when == moment:
            raise PowerCut

    edge = Edge(tmp_path, cut)
    edge.hear(reading(1), reading(2))
    with pytest.raises(PowerCut):
        edge.commit()
    assert edge.wire.told == []
    edge.at_commit = None
    edge.restart()
    edge.hear(reading(1), reading(2))
    edge.commit()
    assert (sorted(edge.rows()), edge.wire.acks()[-1]) == ([1, 2], 2)
    edge.db.close()


def test_two_collectors_on_one_database_stop_instead_of_mixing_their_streams(tmp_path: Path) -> None:
    one, other = Edge(tmp_path), Edge(tmp_path)
    with closing(one.db), closing(other.db):
        for each in (one, other):
            each.hear(hello(1_000), reading(1))
        one.commit()
        with pytest.raises(RuntimeError, match="another process writes to this database"):
            other.commit()


def test_every_line_that_was_sent_is_one_a_device_understands(edge: Edge) -> None:
    edge.hear(reading(1))
    edge.commit()
    [said] = edge.wire.told
    assert encode(said) == b"A1,garage,286326789,1*" + encode(said)[-5:]  # type: ignore[arg-type]


def test_a_gap_keeps_its_times_between_the_rows_beside_it(edge: Edge) -> None:
    up = edge.live_through(60)
    edge.hear(reading(1, up), reading(5, up + 4_000), lost(4, 3))
    edge.live_through(10, uptime_ms=up)
    edge.commit()
    rows = edge.rows()
    [gap] = edge.history().gaps(None, None)
    assert (gap.from_ms, gap.to_ms) == (rows[1], rows[5])
    assert Hole(2, 4, "device-memory").records == gap.records
