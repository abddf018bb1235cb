"""What the collector finds on disk when it starts again: anchors, and the time they became known at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from collecting import BOOT, Edge, hello, reading


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


def measure(edge: Edge, seconds: int, first: int = 1, boot: int = BOOT) -> None:
    """A hello and a reading a second; uptime is the Pi's own monotonic time."""
    for seq in range(first, first + seconds):
        edge.run(1_000)
        edge.hear(hello(edge.mono_ms, boot=boot), reading(seq, edge.mono_ms, boot))


def test_the_anchors_of_a_run_are_on_disk_and_serve_the_next(edge: Edge) -> None:
    measure(edge, 180)
    edge.commit()
    edge.restart()
    edge.hear(reading(181, 181_000))
    edge.commit()
    assert edge.rows()[181] is None
    edge.restart()
    edge.live_through(10)
    edge.commit()
    assert edge.rows()[181] is not None


def test_restarting_the_collector_alone_loses_no_anchor(edge: Edge) -> None:
    measure(edge, 300)
    edge.commit()
    before = edge.db.execute("SELECT uptime_ms FROM anchors ORDER BY 1").fetchall()
    edge.restart()
    edge.live_through(300)
    edge.commit()
    after = edge.db.execute("SELECT uptime_ms FROM anchors ORDER BY 1").fetchall()
    assert len(set(before) - set(after)) <= 1, "the minute of the restart may be replaced"
    assert len(after) >= len(before) + 5


def test_a_time_that_became_known_is_known_on_disk_too(dark: Edge) -> None:
    measure(dark, 60)
    dark.commit()
    dark.hear(reading(61, 61_000))
    dark.known = True
    dark.live_through(61, uptime_ms=dark.mono_ms)
    dark.commit()
    assert dark.db.execute("SELECT count(*) FROM anchors WHERE own_ms IS NULL").fetchone() == (0,)
