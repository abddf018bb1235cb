"""What a sender says of itself in a batch: version and backlog, from the edge's cut to the cloud's table."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from madeparts import NOW_MS, Twin, rows
from replayed import GARAGE, House

from cloud.edges import MOST_OF_SITE
from cloud.intake import take
from edge.version import own_version
from metering.quantity import MOST_EXACT
from store.part import Part
from sync.batch import Batch
from sync.packing import pack, unpack
from sync.rejection import BadRows, BadShape
from sync.shape import is_version

pytest_plugins = ("conftest_twins",)

versions = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=32)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Twin]:
    made = Twin(tmp_path, "cloud")
    with closing(made.db):
        yield made


def kept(cloud: Twin) -> list[tuple[Any, ...]]:
    return cloud.db.execute(
        "SELECT site, edge, version, waiting, heard_ms FROM edges ORDER BY edge"
    ).fetchall()


@given(st.none() | versions, st.none() | st.integers(0, MOST_EXACT))
def test_version_and_backlog_travel_as_they_are(version: str | None, waiting: int | None) -> None:
    read = Batch.decode(Batch((), "rumah", version=version, waiting=waiting).encode(), NOW_MS)
    assert (read.edge, read.version, read.waiting) == ("rumah", version, waiting)


def test_an_edge_that_says_nothing_of_itself_sends_the_bytes_of_before() -> None:
    assert orjson.loads(unpack(Batch((), "rumah").encode())) == {"v": 1, "edge": "rumah", "parts": []}


def test_a_field_of_a_newer_edge_is_passed_over() -> None:
    body = pack(orjson.dumps({"v": 1, "edge": "rumah", "parts": [], "mood": "good"}))
    assert Batch.decode(body, NOW_MS).edge == "rumah"


@pytest.mark.parametrize(
    "fields",
    [
        {"version": ""}, {"version": "a b"}, {"version": "v" * 33}, {"version": "é"}, {"version": 1},
        {"version": "1\n"}, {"waiting": -1}, {"waiting": 1.5}, {"waiting": "7"}, {"waiting": True},
        {"waiting": MOST_EXACT + 1},
    ],
)  # fmt: skip
def test_what_is_outside_the_bounds_rejects_the_batch(fields: dict[str, Any]) -> None:
    with pytest.raises(BadShape, match=next(iter(fields))):
        Batch.decode(pack(orjson.dumps({"v": 1, "parts": [], **fields})), NOW_MS)


def test_this_program_has_a_version_that_a_cloud_takes() -> None:
    assert is_version(own_version())


def test_the_cloud_keeps_the_newest_word_of_each_edge(cloud: Twin) -> None:
    take(cloud.db, cloud.site, Batch((), "rumah", version="0.1.0", waiting=7), NOW_MS)
    take(cloud.db, cloud.site, Batch((), "kebun", version="0.1.0"), NOW_MS + 1)
    take(cloud.db, cloud.site, Batch((), "rumah", version="0.2.0", waiting=0), NOW_MS + 2)
    assert kept(cloud) == [
        (cloud.site, "kebun", "0.1.0", None, NOW_MS + 1),
        (cloud.site, "rumah", "0.2.0", 0, NOW_MS + 2),
    ]


def test_of_an_older_edge_nothing_is_made_up(cloud: Twin) -> None:
    take(cloud.db, cloud.site, Batch((), "rumah", version="0.2.0", waiting=9), NOW_MS)
    take(cloud.db, cloud.site, Batch((), "rumah"), NOW_MS + 1)
    assert kept(cloud) == [(cloud.site, "rumah", "", None, NOW_MS + 1)]


def test_a_batch_without_a_name_is_not_kept(cloud: Twin) -> None:
    take(cloud.db, cloud.site, Batch((), version="0.1.0", waiting=7), NOW_MS)
    assert kept(cloud) == []


def test_a_batch_that_is_refused_leaves_no_word(cloud: Twin) -> None:
    with pytest.raises(BadRows):
        take(cloud.db, cloud.site, Batch([Part("garage", 7, 0, rows([1, 3]))], "rumah", waiting=7), NOW_MS)
    assert kept(cloud) == []


def test_names_without_end_are_not_remembered_without_end(cloud: Twin) -> None:
    for number in range(2 * MOST_OF_SITE):
        take(cloud.db, cloud.site, Batch((), f"edge-{number:02}"), NOW_MS + number)
    assert [row[1] for row in kept(cloud)] == [f"edge-{number:02}" for number in range(16, 32)]


def test_an_edge_tells_what_waits_behind_each_batch(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 5_000)
    replay = replayed.replay()
    replayed.settle(replay)
    told = [batch.waiting for batch in replayed.cloud.batches]
    sent = [batch.rows for batch in replayed.cloud.batches]
    assert len(told) > 1
    assert told == [5_000 - sum(sent[: place + 1]) for place in range(len(sent))]


def test_what_cannot_travel_yet_waits_too_and_an_empty_batch_says_so(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 10)
    replay = replayed.replay()
    replayed.settle(replay)
    stream = replayed.edge.db.execute("SELECT id FROM streams").fetchone()[0]
    with replayed.edge.db.write():
        replayed.edge.db.execute("INSERT INTO undated (stream, seq, uptime_ms) VALUES (?, 11, 0)", (stream,))
        replayed.edge.db.execute("UPDATE streams SET cursor = 12 WHERE id = ?", (stream,))
    for _ in range(40):
        replay.step()
        replayed.clock.now_s += 1
    assert [(len(batch.parts), batch.waiting) for batch in replayed.cloud.batches[-1:]] == [(0, 2)]
