"""Rows that wait for their date get it once, in order; gaps and fills get theirs from the rows beside them."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from collecting import BOOT, OWN_MS, Edge, hello, lost, reading, silent

from edge import latedates
from metering.reading import Meter

GARAGE = Meter("garage", 1)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    made = Edge(tmp_path)
    yield made
    made.db.close()


@pytest.fixture
def dark(tmp_path: Path) -> Iterator[Edge]:
    """A Pi that does not know the time."""
    made = Edge(tmp_path, known=False)
    yield made
    made.db.close()


def learn(edge: Edge) -> None:
    edge.known = True
    edge.live_through(61, uptime_ms=edge.mono_ms)
    edge.commit()


def waiting(edge: Edge) -> int:
    return int(edge.db.execute("SELECT count(*) FROM undated").fetchone()[0])


def measure(edge: Edge, seconds: int, first: int = 1, boot: int = BOOT) -> None:
    """A hello and a reading a second; uptime is the Pi's own monotonic time."""
    for seq in range(first, first + seconds):
        edge.run(1_000)
        edge.hear(hello(edge.mono_ms, boot=boot), reading(seq, edge.mono_ms, boot))


def test_rows_are_dated_when_they_are_stored_if_the_time_is_known(edge: Edge) -> None:
    measure(edge, 60)
    edge.commit()
    rows = edge.rows()
    wrong = [abs((rows[seq] or 0) - OWN_MS - 1_000 * seq) for seq in range(11, 61)]
    assert max(wrong) <= 5


def test_while_the_time_is_not_known_rows_are_stored_acknowledged_and_wait(dark: Edge) -> None:
    measure(dark, 60)
    dark.commit()
    assert set(dark.rows().values()) == {None}
    assert (dark.wire.acks()[-1], waiting(dark)) == (60, 60)


def test_rows_that_waited_are_dated_when_the_time_becomes_known(dark: Edge) -> None:
    measure(dark, 60)
    dark.commit()
    learn(dark)
    rows = dark.rows()
    assert waiting(dark) == 0
    assert max(abs((rows[seq] or 0) - OWN_MS - 1_000 * seq) for seq in rows) <= 20
    assert dark.db.execute("SELECT first_ms, last_ms FROM streams").fetchone() == (rows[1], rows[60])
    assert [r[1] for r in dark.history().rows(GARAGE, OWN_MS, OWN_MS + 10_500)] == list(range(1, 11))


def test_rows_that_waited_through_a_restart_of_the_collector_are_dated_too(dark: Edge) -> None:
    measure(dark, 60)
    dark.commit()
    dark.restart()
    learn(dark)
    assert waiting(dark) == 0
    assert max(abs((at_ms or 0) - OWN_MS - 1_000 * seq) for seq, at_ms in dark.rows().items()) <= 20


def test_rows_are_dated_in_chunks_so_that_lines_are_not_kept_waiting(
    dark: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latedates, "CHUNK_ROWS", 10)
    measure(dark, 35)
    dark.commit()
    dark.known = True
    left = [waiting(dark)]
    for _ in range(60):
        dark.live_through(9, uptime_ms=dark.mono_ms)
        left.append(waiting(dark))
    assert left[0] == 35
    assert {before - after for before, after in pairwise(left)} <= {0, 5, 10}
    assert left[-1] == 0
    dates = [at_ms or 0 for at_ms in dark.rows().values()]
    assert dates == sorted(set(dates))


def test_a_stream_waits_behind_its_first_undated_row_so_that_times_only_grow(dark: Edge) -> None:
    dark.hear(hello(1_000), reading(1, 1_000))
    dark.commit()
    assert dark.rows() == {1: None}
    measure(dark, 20, first=2)
    dark.commit()
    assert set(dark.rows().values()) == {None}
    learn(dark)
    rows = dark.rows()
    assert None not in rows.values()
    dates = [at_ms for _seq, at_ms in sorted(rows.items()) if at_ms is not None]
    assert dates == sorted(set(dates))


def test_a_row_that_could_be_dated_waits_behind_one_that_cannot_yet(edge: Edge) -> None:
    edge.hear(hello(60_000))
    edge.hear(reading(1, 1_000), reading(2, 64_000))
    uptime_ms = edge.live_through(12, uptime_ms=60_000)
    assert edge.rows() == {1: None, 2: None}
    edge.live_through(60, uptime_ms=uptime_ms)
    first_ms, second_ms = edge.rows().values()
    assert first_ms is not None
    assert second_ms is not None
    assert second_ms - first_ms == pytest.approx(63_000, abs=50)


def test_a_row_is_dated_once(dark: Edge) -> None:
    measure(dark, 60)
    dark.commit()
    learn(dark)
    before = dark.rows()
    learn(dark)
    learn(dark)
    assert {seq: dark.rows()[seq] for seq in before} == before


def test_a_boot_that_never_met_a_known_clock_is_placed_before_its_successor_and_uncertain(dark: Edge) -> None:
    measure(dark, 30)
    dark.commit()
    dark.restart(era="era-2")
    dark.known = True
    dark.mono_ms = 50_000
    for second in range(90):
        dark.run(1_000)
        dark.hear(hello(1_000 * (second + 1), boot=BOOT + 1))
    dark.commit()
    rows = dark.rows()
    started = OWN_MS + dark.starts_ms + 50_000
    assert waiting(dark) == 0
    assert max(at_ms or 0 for at_ms in rows.values()) <= started + 1_000
    assert [(b or 0) - (a or 0) for a, b in pairwise(rows.values())] == [1_000] * 29
    assert dark.db.execute("SELECT boot, uncertain FROM streams ORDER BY boot").fetchall()[0] == (BOOT, 1)


def test_a_silence_among_rows_that_wait_gets_its_times_with_them(dark: Edge) -> None:
    measure(dark, 10)
    dark.hear(silent(11), lost(13, 2))
    measure(dark, 20, first=14)
    dark.commit()
    learn(dark)
    rows = dark.rows()
    gaps = dark.history().gaps(None, None)
    assert [(g.cause, g.from_seq, g.to_seq) for g in gaps] == [("sensor", 11, 11), ("device-memory", 12, 13)]
    assert all(rows[10] == gap.from_ms and gap.to_ms == rows[14] for gap in gaps)


def fillable(edge: Edge) -> dict[int, int | None]:
    """Rows 1 ... 30 and 34 ... 60 with a gap between them."""
    measure(edge, 30)
    edge.hear(lost(33, 3))
    edge.run(3_000)
    measure(edge, 27, first=34)
    edge.commit()
    return edge.rows()


def test_a_fill_is_dated_by_its_own_uptime(edge: Edge) -> None:
    fillable(edge)
    edge.hear(reading(32, 32_000))
    edge.commit()
    assert abs((edge.rows()[32] or 0) - OWN_MS - 32_000) <= 5


@pytest.mark.parametrize(("uptime_ms", "beside"), [(1_000, (30, 2)), (60_000, (34, -2))])
def test_a_fill_with_an_odd_uptime_is_held_between_its_neighbours(
    edge: Edge, uptime_ms: int, beside: tuple[int, int]
) -> None:
    rows = fillable(edge)
    edge.hear(reading(32, uptime_ms))
    edge.commit()
    neighbour, away_ms = beside
    assert edge.rows()[32] == (rows[neighbour] or 0) + away_ms


def test_a_fill_cuts_the_time_of_its_gap(edge: Edge) -> None:
    rows = fillable(edge)
    edge.hear(reading(32, 32_000))
    edge.commit()
    taken_ms = edge.rows()[32]
    assert [(g.from_seq, g.from_ms, g.to_ms) for g in edge.history().gaps(None, None)] == [
        (31, rows[30], taken_ms), (33, taken_ms, rows[34]),
    ]  # fmt: skip


def test_a_fill_among_rows_that_wait_waits_with_them(dark: Edge) -> None:
    fillable(dark)
    dark.hear(reading(32, 32_000))
    dark.commit()
    assert dark.rows()[32] is None
    learn(dark)
    assert waiting(dark) == 0
    dates = [at_ms or 0 for _seq, at_ms in sorted(dark.rows().items())]
    assert dates == sorted(set(dates))


def test_a_fill_after_which_nothing_is_dated_waits_until_its_time_is_known(edge: Edge) -> None:
    measure(edge, 60)
    edge.commit()
    edge.restart(era="era-2")
    edge.hear(lost(63, 3))
    edge.commit()
    edge.hear(reading(62, 62_000), reading(64, 64_000))
    edge.commit()
    assert (edge.rows()[62], edge.rows()[64], waiting(edge)) == (None, None, 2)
    edge.live_through(10, uptime_ms=edge.starts_ms + edge.mono_ms)
    edge.commit()
    assert max(abs((edge.rows()[seq] or 0) - OWN_MS - 1_000 * seq) for seq in (62, 64)) <= 5
    assert [(gap.from_seq, gap.from_ms, gap.to_ms) for gap in edge.history().gaps(None, None)] == [
        (61, edge.rows()[60], edge.rows()[62]), (63, edge.rows()[62], edge.rows()[64]),
    ]  # fmt: skip


def test_a_fill_into_a_stream_of_gaps_alone_is_dated_in_the_same_run(dark: Edge) -> None:
    dark.hear(hello(20_000), lost(10, 10))
    dark.commit()
    dark.hear(reading(4, 4_000))
    dark.commit()
    assert dark.rows() == {4: None}
    dark.known = True
    dark.live_through(120, uptime_ms=20_400)
    dark.commit()
    assert (waiting(dark), dark.rows()[4] is None) == (0, False)


def test_a_gap_at_the_beginning_of_a_boot_begins_with_the_end_of_the_boot_before(edge: Edge) -> None:
    measure(edge, 40)
    edge.commit()
    for second in range(60):
        edge.run(1_000)
        edge.hear(hello(1_000 * (second + 1), boot=BOOT + 1))
    edge.hear(lost(5, 5, BOOT + 1), reading(6, 60_000, BOOT + 1))
    edge.commit()
    [gap] = [g for g in edge.history().gaps(None, None) if g.boot == BOOT + 1 and g.from_seq <= g.to_seq]
    assert (gap.from_ms, gap.to_ms) == (edge.rows()[40], edge.rows(BOOT + 1)[6])


def test_a_gap_that_gets_its_end_later_is_told_to_the_clouds(edge: Edge) -> None:
    measure(edge, 80)
    edge.hear(lost(85, 5))
    edge.commit()
    assert edge.history().gaps(None, None)[0].to_ms is None
    measure(edge, 1, first=86)
    edge.commit()
    taken_ms = edge.rows()[86]
    assert taken_ms is not None
    assert edge.history().gaps(None, None)[0].to_ms == taken_ms
    assert edge.db.execute("SELECT from_seq, to_seq FROM amends").fetchall() == [(81, 85)]


def test_dates_leave_a_ms_for_every_seq_so_that_a_fill_has_room(edge: Edge) -> None:
    measure(edge, 80)
    edge.hear(reading(81, 80_000), lost(159, 78), reading(160, 80_000), reading(161, 80_000))
    edge.commit()
    rows = {seq: at_ms or 0 for seq, at_ms in edge.rows().items()}
    assert (rows[160] - rows[81], rows[161] - rows[160]) == (79, 1)
    edge.hear(*(reading(seq, 80_000) for seq in range(82, 160)))
    edge.commit()
    dates = [at_ms or 0 for _seq, at_ms in sorted(edge.rows().items())]
    assert dates == sorted(set(dates))


def test_a_boot_that_never_met_a_known_clock_comes_after_the_one_before_however_long_it_was(
    edge: Edge,
) -> None:
    measure(edge, 60)
    edge.commit()
    edge.restart(era="era-2")
    edge.known = False
    measure(edge, 60, boot=BOOT + 1)
    edge.commit()
    edge.restart(era="era-3")
    edge.known, edge.starts_ms = True, 90_000
    edge.live_through(90, boot=BOOT + 2, uptime_ms=0)
    edge.commit()
    last = max(at_ms or 0 for at_ms in edge.rows().values())
    dates = [at_ms or 0 for _seq, at_ms in sorted(edge.rows(BOOT + 1).items())]
    assert (waiting(edge), dates) == (0, sorted(set(dates)))
    assert dates[0] == last + 1
