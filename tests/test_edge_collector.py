"""Nothing is acknowledged that is not on disk, whatever happens to the disk, and commits keep their pace."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from collecting import BOOT, Edge, hello, lost, reading, s1

from edge import collector
from edge.line import Ack, encode
from edge.pace import MOST_WAITING
from store.sqlite import DiskStep


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


class Disk:
    """Refuses every commit while it is full."""

    def __init__(self) -> None:
        self.full = False

    def __call__(self, step: DiskStep) -> None:
        if self.full and step == "before commit":
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
    pressed.run(1_000)  # so long after the last answer that the next one is not put off
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


def test_500_waiting_records_are_committed_at_once(edge: Edge) -> None:
    edge.hear(*(reading(seq) for seq in range(1, MOST_WAITING)))
    edge.run(100)
    assert edge.cursor() == 0
    edge.hear(reading(MOST_WAITING))
    edge.run(100)
    assert edge.cursor() == MOST_WAITING


def test_a_repeat_of_what_waits_hastens_the_commit_at_most_once_a_second(edge: Edge) -> None:
    edge.committed(1)
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


@pytest.mark.parametrize("moment", ["before commit", "after commit"])
def test_a_power_cut_at_the_commit_loses_and_doubles_nothing(tmp_path: Path, moment: DiskStep) -> None:
    def cut(step: DiskStep) -> None:
        if step == moment:
            raise PowerCut

    edge = Edge(tmp_path, cut)
    edge.hear(reading(1), reading(2))
    with pytest.raises(PowerCut):
        edge.commit()
    assert edge.wire.told == []
    edge.disk = None
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
