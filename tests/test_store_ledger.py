"""The ledger: every number is stored or explained, in every hour, on both layouts; what is not shows up."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from madeparts import HOUR_MS, NOW_MS, Twin, row

from metering.reading import Row
from store.entry import Entry
from store.part import Hole, Part

BEGIN_MS = NOW_MS - NOW_MS % HOUR_MS
HOURS = 12
# Everything that a story below may hold.
ALL = (BEGIN_MS - HOUR_MS, BEGIN_MS + 48 * HOUR_MS)
CAUSES = ["sensor", "device-memory", "elsewhere"]
MINUTE_MS = 60_000


@pytest.fixture(params=["edge", "cloud"])
def twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Twin]:
    made = Twin(tmp_path, request.param)
    with closing(made.db):
        yield made


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


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        yield Path(name)


def pair(parts: list[Part], folder: Path) -> tuple[Twin, Twin]:
    with TemporaryDirectory(dir=folder) as name:
        twins = Twin(Path(name), "edge"), Twin(Path(name), "cloud")
    for twin in twins:
        twin.take(*parts)
    return twins


@settings(max_examples=80, deadline=None)
@given(parts=stories(), start=st.integers(-1, HOURS), hours=st.integers(1, 6))
def test_whatever_happens_it_adds_up_in_every_hour_the_same_on_both_twins(
    parts: list[Part], start: int, hours: int, folder: Path
) -> None:
    edge, cloud = pair(parts, folder)
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


@settings(max_examples=60, deadline=None)
@given(parts=stories(), data=st.data())
def test_every_row_that_the_disk_lost_is_missing_in_the_ledger(
    parts: list[Part], data: st.DataObject, folder: Path
) -> None:
    for twin in pair(parts, folder):
        with closing(twin.db):
            stored = twin.db.execute("SELECT stream, seq FROM readings ORDER BY stream, seq").fetchall()
            lost = data.draw(st.lists(st.sampled_from(stored), unique=True)) if stored else []
            twin.db.executemany("DELETE FROM readings WHERE stream = ? AND seq = ?", lost)
            assert sum(entry.unexplained for entry in entries(twin)) == len(lost)
            assert all(entry.unexplained >= 0 for entry in entries(twin))
