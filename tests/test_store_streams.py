"""The list of all streams: read once for many batches, and never older than what was written."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from madeparts import Twin, rows

from store.part import Part
from store.streams import Streams


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Twin]:
    twin = Twin(tmp_path, "edge")
    with closing(twin.db):
        twin.take(Part("garage", 7, 0, rows([1, 2, 3])))
        yield twin


def cursors(streams: Streams) -> list[int]:
    return [stream.cursor for stream in streams.all()]


def test_all_streams_are_read_once_while_nothing_is_written(edge: Twin) -> None:
    streams = Streams(edge.db)
    asked: list[str] = []
    edge.db.conn.set_trace_callback(asked.append)
    assert cursors(streams) == cursors(streams) == cursors(streams) == [3]
    assert len([sql for sql in asked if "FROM streams" in sql]) == 1


def test_what_this_connection_wrote_is_seen(edge: Twin) -> None:
    streams = Streams(edge.db)
    assert cursors(streams) == [3]
    edge.take(Part("garage", 7, 3, rows([4])))
    assert cursors(streams) == [4]


def test_what_another_process_wrote_is_seen(edge: Twin, tmp_path: Path) -> None:
    streams, other = Streams(edge.db), Twin(tmp_path, "edge")
    with closing(other.db):
        assert cursors(streams) == [3]
        other.take(Part("garage", 7, 3, rows([4])), Part("cellar", 1, 0, rows([1])))
        assert cursors(streams) == [4, 1]


def test_what_is_rolled_back_is_not_remembered(edge: Twin) -> None:
    streams = Streams(edge.db)
    with edge.db.write():
        streams.move(1, 9)
        assert cursors(streams) == [9]
        edge.db.conn.execute("ROLLBACK")
        edge.db.conn.execute("BEGIN")
    assert cursors(streams) == [3]
