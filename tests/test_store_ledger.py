"""The ledger: every number is stored or explained, in every hour, on both layouts; what is not shows up."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from madeparts import HOUR_MS, NOW_MS, Twin, row, undated

from metering.reading import Row
from store.by_stream import RowsByStream
from store.by_time import RowsByTime
from store.entry import Counted, Entry
from store.ledger import Ledger
from store.part import CHANGES, Hole, Part
from store.sqlite import open_reader

pytest_plugins = ("conftest_twins",)

BEGIN_MS = NOW_MS - NOW_MS % HOUR_MS
# Everything that a story below may hold.
ALL = (BEGIN_MS - HOUR_MS, BEGIN_MS + 48 * HOUR_MS)
CAUSES = ["sensor", "device-memory", "elsewhere"]
MINUTE_MS = 60_000


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Twin]:
    made = Twin(tmp_path, "edge")
    with closing(made.db):
        yield made


def entries(twin: Twin, span: tuple[int, int] = ALL) -> list[Entry]:
    ledger = twin.history.ledger()
    return [*ledger.hours(*span), *ledger.dateless()]


def told(twin: Twin) -> dict[tuple[str, int | None], tuple[int, int, dict[str, int], int]]:
    """(source, hours since BEGIN_MS) -> produced, stored, explained, unexplained."""
    return {
        (e.source, None if e.hour_ms is None else (e.hour_ms - BEGIN_MS) // HOUR_MS): (
            e.produced, e.stored, e.explained, e.unexplained
        )
        for e in entries(twin)
    }  # fmt: skip


@st.composite
def stories(draw: st.DrawFn) -> list[Part]:
    """Up to three boots of two devices: rows of two meters, holes with and without times, fills; times grow."""
    parts: list[Part] = []
    boots = draw(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3)), unique=True, max_size=3))
    for source, boot in boots:
        at_ms = BEGIN_MS + draw(st.integers(0, 5)) * 1_700_000
        cursor = first = draw(st.integers(0, 3))
        missing: dict[int, Row] = {}
        for _ in range(draw(st.integers(1, 3))):
            rows: list[Row] = []
            holes: list[Hole] = []
            while draw(st.integers(0, 7)) and len(rows) + len(holes) < 8:
                begun_ms, n = at_ms, draw(st.sampled_from([1, 1, 1, 2, 5, 90]))
                at_ms += draw(st.sampled_from([1, 1_000, 60_000, 1_500_000, 9_000_000]))
                seq = 1 + max([cursor, *(r[0] or 0 for r in rows), *(h.to_seq for h in holes)])
                here = row(seq, at_ms, draw(st.integers(1, 2)))
                if draw(st.booleans()):
                    rows.append(here)
                    continue
                times = draw(
                    st.sampled_from([(begun_ms, at_ms), (at_ms, at_ms), (None, None), (begun_ms, None)])
                )
                holes.append(Hole(seq, seq + n - 1, draw(st.sampled_from(CAUSES)), *times))
                if n == 1:
                    missing[seq] = here
            late = draw(st.lists(st.sampled_from(sorted(missing)), unique=True)) if missing else []
            fills = [missing.pop(seq) for seq in late if seq <= cursor]
            parts.append(Part(source, boot, cursor, rows, holes, fills, first=first + 1))
            cursor = parts[-1].last_seq
    return parts


def pair(parts: list[Part]) -> tuple[Twin, Twin]:
    with TemporaryDirectory() as name:
        twins = Twin(Path(name), "edge"), Twin(Path(name), "cloud")
    for twin in twins:
        twin.take(*parts)
    return twins


@settings(max_examples=50, deadline=None)
@given(parts=stories(), start=st.integers(-1, 12), hours=st.integers(1, 6))
def test_whatever_happens_it_adds_up_in_every_hour_the_same_on_both_twins(
    parts: list[Part], start: int, hours: int
) -> None:
    edge, cloud = pair(parts)
    with closing(edge.db), closing(cloud.db):
        found = entries(edge)
        assert found == entries(cloud)
        assert all(entry.adds_up and entry.unexplained == 0 for entry in found)
        streams = edge.receiver.streams.all()
        assert sum(e.produced for e in found) == sum(s.cursor - s.first + 1 for s in streams)
        stored: Counter[tuple[str, int]] = Counter()
        for source, taken_ms in edge.db.execute(
            "SELECT s.source, r.taken_ms FROM readings r JOIN streams s ON s.id = r.stream"
        ):
            stored[source, taken_ms - taken_ms % HOUR_MS] += 1
        assert {(e.source, e.hour_ms): e.stored for e in found if e.stored} == stored
        # A part of the time tells the same as the whole.
        window = BEGIN_MS + start * HOUR_MS, BEGIN_MS + (start + hours) * HOUR_MS
        inside = [e for e in found if e.hour_ms is None or window[0] <= e.hour_ms < window[1]]
        assert entries(edge, window) == entries(cloud, window) == inside


@settings(max_examples=30, deadline=None)
@given(parts=stories(), data=st.data())
def test_every_row_that_the_disk_lost_is_missing_in_the_ledger(
    parts: list[Part], data: st.DataObject
) -> None:
    for twin in pair(parts):
        with closing(twin.db):
            stored = twin.db.execute("SELECT stream, seq FROM readings ORDER BY stream, seq").fetchall()
            lost = data.draw(st.lists(st.sampled_from(stored), unique=True)) if stored else []
            twin.db.executemany("DELETE FROM readings WHERE stream = ? AND seq = ?", lost)
            assert sum(entry.unexplained for entry in entries(twin)) == len(lost)
            assert all(entry.unexplained >= 0 for entry in entries(twin))


def at(hour: int, minute: float = 0) -> int:
    return BEGIN_MS + hour * HOUR_MS + round(minute * MINUTE_MS)


def every_minute(first: int, hour: int, minutes: range) -> list[Row]:
    return [row(first + n, at(hour, minute)) for n, minute in enumerate(minutes)]


def test_an_hour_begins_with_the_first_seq_that_was_taken_in_it(twin: Twin) -> None:
    rows = [row(1, at(0, 59)), row(2, at(1) - 1, channel=2), row(3, at(1)), row(4, at(1, 59))]
    twin.take(Part("garage", 7, 0, rows))
    assert told(twin) == {("garage", 0): (2, 2, {}, 0), ("garage", 1): (2, 2, {}, 0)}
    assert [e.meters for e in entries(twin)] == [{"garage/1": 1, "garage/2": 1}, {"garage/1": 2}]


def test_a_gap_across_the_turn_of_an_hour_is_divided_by_its_time(twin: Twin) -> None:
    gap = Hole(2, 181, "device-memory", at(0, 30), at(3, 30))
    twin.take(Part("garage", 7, 0, [row(1, at(0, 30)), row(182, at(3, 30))], [gap]))
    memory = [told(twin)["garage", hour] for hour in range(4)]
    assert [explained["device-memory"] for _, _, explained, _ in memory] == [30, 60, 60, 30]
    assert [produced for produced, *_ in memory] == [31, 60, 60, 31]


def test_a_gap_without_times_belongs_to_the_row_before_it(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(1, at(0)), row(12, at(5))], [Hole(2, 11, "elsewhere")]))
    assert told(twin) == {("garage", 0): (11, 1, {"elsewhere": 10}, 0), ("garage", 5): (1, 1, {}, 0)}


def test_what_is_missing_before_the_first_row_belongs_to_that(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(5, at(3))], [Hole(1, 4, "elsewhere")]))
    assert told(twin) == {("garage", 3): (5, 1, {"elsewhere": 4}, 0)}


def test_a_sensor_that_stays_silent_has_its_hours(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(1, at(0))], [Hole(2, 301, "sensor", at(0), at(5))]))
    assert [told(twin)["garage", hour][2] for hour in range(5)] == [{"sensor": 60}] * 5


def test_a_boot_that_measured_nothing_has_no_hour_but_counts(twin: Twin) -> None:
    twin.take(Part("garage", 7, 99, holes=[Hole(100, 103, "sensor")], first=100))
    assert told(twin) == {("garage", None): (4, 0, {"sensor": 4}, 0)}


def test_rows_that_wait_for_their_date_have_a_line_of_their_own(edge: Twin) -> None:
    edge.take(Part("garage", 7, 0, [row(1, at(0)), undated(3), undated(4, 2)], [Hole(2, 2, "sensor")]))
    edge.take(Part("garage", 7, 4, holes=[Hole(5, 5, "sensor")]))
    edge.db.execute("INSERT INTO undated VALUES (1, 3, 500), (1, 4, 501)")
    assert told(edge) == {
        ("garage", 0): (2, 1, {"sensor": 1}, 0),
        ("garage", None): (3, 2, {"sensor": 1}, 0),
    }
    edge.db.execute("DELETE FROM readings WHERE seq = 4")
    assert told(edge)["garage", None] == (3, 1, {"sensor": 1}, 1)


def test_a_lost_row_is_missing_in_its_hour(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [*every_minute(1, 0, range(60)), *every_minute(61, 1, range(60))]))
    twin.db.execute("DELETE FROM readings WHERE seq BETWEEN 70 AND 79")
    assert told(twin) == {("garage", 0): (60, 60, {}, 0), ("garage", 1): (60, 50, {}, 10)}


def test_a_row_in_a_gap_shows_even_where_another_is_lost(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, every_minute(1, 0, range(60))))
    twin.db.execute("INSERT INTO gaps VALUES (1, 10, 12, 'sensor', NULL, NULL)")
    twin.db.execute("DELETE FROM readings WHERE seq BETWEEN 20 AND 22")
    (entry,) = entries(twin)
    assert (entry.produced, entry.stored, entry.explained) == (60, 57, {"sensor": 3})
    assert (entry.twice, entry.unexplained, entry.adds_up) == (3, 3, False)


def test_a_row_under_two_dates_shows_on_a_cloud(tmp_path: Path) -> None:
    cloud = Twin(tmp_path, "cloud")
    with closing(cloud.db):
        cloud.take(Part("garage", 7, 0, every_minute(1, 0, range(60))))
        cloud.db.execute("UPDATE readings SET seq = 5, taken_ms = taken_ms + 1 WHERE seq = 9")
        (entry,) = entries(cloud)
        assert (entry.stored, entry.twice, entry.unexplained) == (60, 1, 1)


def test_a_row_beyond_the_cursor_is_more_than_was_numbered(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, every_minute(1, 0, range(60))))
    twin.db.execute("UPDATE streams SET cursor = 50")
    (entry,) = entries(twin)
    assert (entry.unexplained, entry.adds_up) == (-10, False)


def test_a_silence_is_time_and_an_estimate_beside_what_was_produced(twin: Twin) -> None:
    twin.take(
        Part("garage", 7, 0, every_minute(1, 0, range(31))),
        Part("garage", 8, 0, every_minute(1, 2, range(15, 30))),
    )
    found = {((e.hour_ms or 0) - BEGIN_MS) // HOUR_MS: e for e in entries(twin)}
    assert [(found[h].produced, found[h].silent_ms // MINUTE_MS) for h in range(3)] == [
        (31, 30),
        (0, 60),
        (15, 15),
    ]
    # At the pace of the boot before it, 31 records in 30 minutes: 109 in all.
    assert [found[h].estimated for h in range(3)] == [31, 62, 16]


def test_boots_of_one_device_in_one_hour_are_one_entry(twin: Twin) -> None:
    twin.take(
        Part("garage", 7, 0, [row(1, at(0))]), Part("garage", 8, 0, [row(1, at(0, 1)), row(2, at(0, 2))])
    )
    assert told(twin) == {("garage", 0): (3, 3, {}, 0)}


def test_what_is_no_reading_is_not_in_the_ledger(twin: Twin) -> None:
    twin.take(Part("rumah~", 3, 0, [(1, "timezone", "", 1, '"Asia/Jakarta"')], kind=CHANGES))
    assert entries(twin) == []


def test_another_house_on_the_same_cloud_is_not_counted(tmp_path: Path) -> None:
    ours, theirs = Twin(tmp_path, "cloud", 1), Twin(tmp_path, "cloud", 2)
    with closing(ours.db), closing(theirs.db):
        ours.take(Part("garage", 7, 0, [row(1, at(0))]))
        theirs.take(Part("garage", 7, 0, [row(1, at(0)), row(2, at(0, 1))]))
        assert [e.produced for e in entries(ours)] == [1]
        assert [e.produced for e in entries(theirs)] == [2]


def test_what_is_written_while_it_counts_does_not_look_lost(twin: Twin) -> None:
    twin.take(Part("garage", 7, 0, [row(1, at(0))]))

    class Busy:
        """Counts, and meanwhile the other connection stores the next row."""

        def __getattr__(self, name: str) -> Any:
            return getattr(layout.stock, name)

        def counted(self, from_ms: int, to_ms: int) -> Iterator[Counted]:
            twin.take(Part("garage", 7, 1, [row(2, at(0, 1))]))
            return layout.stock.counted(from_ms, to_ms)

    with closing(open_reader(twin.path)) as reader:
        layout = RowsByStream(reader) if twin.site == 0 else RowsByTime(reader, twin.site)
        (entry,) = Ledger(reader, Busy(), twin.site).hours(at(0), at(1))
        assert (entry.produced, entry.stored) == (1, 1)
    assert told(twin)["garage", 0] == (2, 2, {}, 0)


def test_an_hour_is_found_without_reading_the_gaps_before_it(twin: Twin) -> None:
    """A silent sensor leaves half a million gaps in a week."""
    n = 4_000
    rows = [row(2 * k, at(0) + k, channel=1) for k in range(1, n)]
    holes = [Hole(2 * k + 1, 2 * k + 1, "sensor", at(0) + k, at(0) + k) for k in range(n)]
    last = [row(2 * n, at(5)), row(2 * n + 2, at(5, 1))]
    twin.take(Part("garage", 7, 0, [*rows, *last], [*holes, Hole(2 * n + 1, 2 * n + 1, "sensor")]))

    def steps(hour: int) -> int:
        counted = [0]
        twin.db.conn.set_progress_handler(lambda: counted.append(counted.pop() + 1), 100)
        twin.history.ledger().hours(at(hour), at(hour + 1))
        twin.db.conn.set_progress_handler(None, 0)
        return counted[0]

    assert steps(5) < steps(0) / 20
