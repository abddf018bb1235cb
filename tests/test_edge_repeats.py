"""Lines that come again, differ, or are nonsense: the first stays, the others are kept raw or counted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from collecting import BOOT, Edge, reading, silent

from edge import collector
from edge.line import Ack, Beacon, Garbled, Refused


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    made = Edge(tmp_path)
    yield made
    made.db.close()


def test_a_repeat_of_what_is_on_disk_is_answered_at_most_five_times_a_second(edge: Edge) -> None:
    edge.committed(1, 2, 3)
    for _ in range(100):
        edge.mono_ms += 10
        edge.hear(reading(2))
    assert edge.wire.acks() == [3] * 5


def test_a_repeat_is_stored_once(edge: Edge) -> None:
    edge.committed(1, 2)
    edge.hear(reading(1), reading(2), reading(2))
    edge.commit()
    assert (list(edge.rows()), edge.quarantined()) == ([1, 2], [])
    assert "conflicts" not in edge.counts


def test_a_repeat_after_a_restart_of_the_collector_is_answered_from_the_disk(edge: Edge) -> None:
    edge.committed(1, 2)
    edge.restart()
    edge.run(1_000)
    edge.hear(reading(1))
    assert edge.wire.acks() == [2]


def test_a_repeat_with_other_content_keeps_the_first_on_disk_and_the_other_raw(edge: Edge) -> None:
    edge.committed(1)
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
    edge.committed(1)
    edge.hear(reading(1, channel=2))
    assert edge.counts["conflicts"] == 1


def test_what_is_kept_raw_of_one_commit_is_bounded(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "MOST_KEPT", 3)
    edge.committed(1)
    for wh in range(100, 110):
        edge.hear(reading(1, wh=wh))
    edge.hear(reading(2))
    edge.commit()
    assert (len(edge.quarantined()), edge.counts["conflicts"]) == (3, 10)


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


def test_a_record_of_an_impossible_time_ends_no_collector_when_its_boot_is_over(edge: Edge) -> None:
    edge.live_through(60)
    edge.commit()
    edge.restart()
    edge.hear(reading(1, 2**63 - 1))
    edge.commit()
    edge.live_through(300, boot=BOOT + 1, uptime_ms=0)
    edge.hear(reading(1, 290_000, boot=BOOT + 1))
    edge.commit()
    later = edge.rows(BOOT + 1)[1]
    assert later is not None
    assert (edge.rows()[1] or 2**63) < later


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
