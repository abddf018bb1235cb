"""Pruning in any house, and with power lost at any commit: produced = stored + explained before and after."""

from collections.abc import Sequence
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from madeparts import row
from retained import FIRST_HOUR, FIRST_MS, FOREVER, NOBODY, URLS, Edge, energy, stored, unaccounted

from metering.energy import HOUR_MS
from metering.reading import Meter
from store.by_stream import RowsByStream
from store.confirmed import Confirmed
from store.history import History
from store.part import Hole, Part
from store.retention import Retention
from store.sealed import SealedHours
from store.sqlite import open_database
from store.streams import Stream

RECORD = st.tuples(
    st.sampled_from(["row", "row", "row", "sensor", "device-memory"]),
    st.integers(1, 3),
    st.sampled_from([1000, 60_000, 20 * 60_000, HOUR_MS]),
    st.integers(0, 3),
)
STREAM = st.tuples(st.sampled_from(["garage", "cellar"]), st.integers(1, 3), st.lists(RECORD, max_size=25))


def fill(edge: Edge, streams: list[tuple[str, int, list[Any]]]) -> None:
    met = set()
    for source, boot, records in streams:
        if (source, boot) in met or not records:
            continue
        met.add((source, boot))
        rows, holes, now_ms, wh = [], [], FIRST_MS, 0
        for seq, (kind, channel, step_ms, used) in enumerate(records, 1):
            now_ms, wh = now_ms + step_ms, wh + used
            if kind == "row":
                rows.append(row(seq, now_ms, channel, wh))
            else:
                holes.append(Hole(seq, seq, kind, now_ms, now_ms))
        edge.twin.take(Part(source, boot, 0, rows, holes))


@settings(max_examples=40, deadline=None)
@given(st.lists(STREAM, max_size=5), st.data())
def test_any_house_stays_accounted_for_and_lets_go_of_nothing_a_cloud_lacks(
    streams: list[Any], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        edge = Edge(Path(folder))
        with closing(edge.db):
            fill(edge, streams)
            known = edge.twin.receiver.streams.all()
            acked = {s.id: data.draw(st.integers(0, s.cursor)) for s in known}
            edge.acknowledge(URLS[0], acked)
            before, hours = edge.rows(), edge.retention.hours(FIRST_HOUR + 10_000, FOREVER)
            seals = expected_seals(edge)
            forced = (
                {hour for hour in hours if data.draw(st.booleans())} if data.draw(st.booleans()) else set()
            )
            clouds, unconfirmed = edge.confirmed(URLS[0]), 0
            for hour in hours:
                if hour in forced or edge.retention.confirmed(hour, clouds):
                    unconfirmed += edge.retention.prune(hour, clouds).unconfirmed
            after = edge.rows()
            gone = before.keys() - after.keys()
            assert after.items() <= before.items()
            assert unaccounted(edge.db) == []
            assert gone == policy(edge, known)
            lost = {key for key in gone if key[1] > acked[key[0]]}
            assert len(lost) == unconfirmed
            if not forced:
                assert not lost
            check_hours(edge, known, before, after, seals, acked, forced)


def policy(edge: Edge, streams: Sequence[Stream]) -> set[tuple[int, int]]:
    gaps = edge.db.execute("SELECT stream, from_seq, to_seq FROM gaps WHERE cause = 'policy'").fetchall()
    assert all(gap[0] in {s.id for s in streams} for gap in gaps)
    return {(stream, seq) for stream, low, high in gaps for seq in range(low, high + 1)}


def expected_seals(edge: Edge) -> dict[tuple[Meter, int], tuple[int, str]]:
    """Rows and digest of every meter's hour, straight from the table of readings."""
    found: dict[tuple[Meter, int], list[list[Any]]] = {}
    for source, channel, boot, *values in edge.db.execute(
        "SELECT s.source, r.channel, s.boot, r.seq, r.taken_ms, r.voltage_mv, r.current_ma, r.power_mw, r.energy_wh,"
        " r.frequency_mhz, r.power_factor_milli, r.alarm FROM readings r JOIN streams s ON s.id = r.stream"
        " ORDER BY s.boot, r.seq"
    ):
        found.setdefault((Meter(source, channel), values[1] // HOUR_MS), []).append([boot, *values])
    return {
        key: (len(rows), blake2b(orjson.dumps(rows), digest_size=16).hexdigest())
        for key, rows in found.items()
    }


def check_hours(
    edge: Edge,
    streams: Sequence[Stream],
    before: dict[tuple[int, int], tuple[Any, ...]],
    after: dict[tuple[int, int], tuple[Any, ...]],
    seals: dict[tuple[Meter, int], tuple[int, str]],
    acked: dict[int, int],
    forced: set[tuple[int, str]],
) -> None:
    """An hour of a source went whole or not at all, with the seals of its rows; the index finds what is left."""
    sources = {s.id: s.source for s in streams}
    lacking = {
        (r[1] // HOUR_MS, sources[stream]) for (stream, seq), r in before.items() if seq > acked[stream]
    }
    for (meter, hour), expected in seals.items():
        kept = SealedHours(edge.db).find(meter, hour)
        went = (hour, meter.source) in forced or (hour, meter.source) not in lacking
        found = len(list(edge.twin.layout.scan(meter, hour * HOUR_MS, (hour + 1) * HOUR_MS)))
        assert ((kept.rows, kept.digest) if kept else None, found) == (
            (expected, 0) if went else (None, expected[0])
        )
    assert len(after) == sum(
        len(list(edge.history.rows(meter, None, None))) for meter in edge.history.meters()
    )


class PowerCut(Exception):
    pass


@settings(max_examples=25, deadline=None)
@given(st.lists(STREAM, min_size=1, max_size=3), st.data())
def test_power_lost_at_any_commit_leaves_an_hour_whole_or_gone(
    streams: list[Any], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        made = Edge(Path(folder))
        fill(made, streams)
        before, total = made.rows(), energies(made.history)
        made.db.close()
        for _ in range(100):
            cut = data.draw(st.sampled_from(["before commit", "after commit", "never"]))

            def at_commit(when: str, cut: str = cut) -> None:
                if when == cut:
                    raise PowerCut

            with closing(open_database(made.twin.path, "edge", at_commit)) as db:
                retention, history = Retention(db), History(db, RowsByStream(db))
                hours = retention.hours(FIRST_HOUR + 10_000, FOREVER)
                try:
                    for hour in hours:
                        retention.prune(hour, Confirmed(db, NOBODY))
                except PowerCut:
                    pass
                assert unaccounted(db) == []
                sums = db.execute("SELECT coalesce(sum(row_count), 0) FROM sealed").fetchone()[0]
                assert sums + len(stored(db)) == len(before)
                assert energies(history) == total
                left = len(retention.hours(FIRST_HOUR + 10_000, FOREVER))
                assert (
                    left
                    == {"before commit": len(hours), "after commit": max(0, len(hours) - 1), "never": 0}[cut]
                )
            if not left:
                break


def energies(history: History) -> dict[Meter, int]:
    span = FIRST_MS, FIRST_MS + 1000 * HOUR_MS
    return {meter: energy(c[2:] for c in history.counters(meter, *span)) for meter in history.meters()}
