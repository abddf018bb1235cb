"""Of the twelve faults those between the twins: a sender that dies, a cloud that forgets or moves, a stuck batch."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from answering import saying, server
from replayed import CELLAR, GARAGE, NOW_MS, URL, Cloud, Edge, House, assert_twins, held, row

from edge.ramfile import RamFile
from edge.settings import House as HouseSettings
from edge.sync_worker import CloudWorker, Telling
from store.backlog import Backlog
from store.clouds import Clouds
from store.part import Hole, Part
from sync.answer import Answer
from sync.batch import Batch
from sync.failure import RowsRefused, Unreachable
from sync.replay import Replay, Step

pytest_plugins = ("conftest_twins",)

ELSEWHERE_URL = "https://new.example"
BATCHES, LATEST = "/api/v1/batches", "/api/v1/latest"
# Far above what a live value needs on a busy machine.
PATIENCE_S = 10.0


def lose_the_reply(_batch: Batch) -> None:
    raise Unreachable("the reply was lost")


def test_a_batch_on_its_way_moves_no_position(replayed: House) -> None:
    clouds = Clouds(replayed.edge.db)
    replayed.edge.grow(GARAGE, 10)
    replay = replayed.replay()
    assert replay.step() is Step.SENT
    replay.note()
    remembered, _at_ms = clouds.acknowledged(clouds.number(URL))
    assert set(remembered.values()) == {0}
    replayed.settle(replayed.replay())
    assert_twins(replayed)


@pytest.mark.parametrize("arrived", [True, False])
def test_a_worker_that_dies_in_flight_goes_on_where_the_cloud_stands(replayed: House, arrived: bool) -> None:
    replayed.edge.grow(GARAGE, 10)
    replayed.settle(first := replayed.replay())
    first.note()
    replayed.edge.grow(GARAGE, 30)
    assert first.step() is Step.SENT
    if arrived:
        replayed.cloud.after = lose_the_reply
        with pytest.raises(Unreachable):
            first.step()
        replayed.cloud.after = lambda _batch: None
    replayed.settle(replayed.replay(), stop_on=Unreachable)
    assert_twins(replayed)
    assert sum(batch.rows for batch in replayed.cloud.batches) == 30


def test_a_cloud_that_went_back_is_remembered_there_before_it_gets_anything(
    replayed: House, tmp_path: Path
) -> None:
    clouds = Clouds(replayed.edge.db)
    replayed.cloud.copy(tmp_path / "empty.db")
    replayed.edge.grow(GARAGE, 10)
    replayed.settle(first := replayed.replay())
    first.note()
    replayed.cloud.restore(tmp_path / "empty.db")
    assert replayed.replay().step() is Step.SENT
    remembered, _at_ms = clouds.acknowledged(clouds.number(URL))
    assert set(remembered.values()) == {0}, "what it lost must not be pruned meanwhile"


def test_a_wiped_cloud_gets_everything_again_and_what_filled_its_gaps_too(
    replayed: House, tmp_path: Path
) -> None:
    replayed.edge.grow(GARAGE, 50, (Hole(10, 19, "link", NOW_MS, NOW_MS + 9),))
    replayed.edge.grow(CELLAR, 20)
    replayed.settle(replay := replayed.replay())
    replayed.cloud.copy(tmp_path / "before-the-fill.db")
    replayed.edge.take(Part(*GARAGE, 50, fills=[row(12), row(13)]))
    replayed.edge.grow(CELLAR, 21)
    replayed.settle(replay)
    replayed.cloud.restore(tmp_path / "before-the-fill.db")
    replayed.edge.grow(CELLAR, 22)
    replayed.settle(replay)
    assert_twins(replayed)
    with closing(Cloud(tmp_path / "new.db").db) as empty:
        empty.conn.backup(replayed.cloud.db.conn)
    replayed.edge.grow(CELLAR, 23)
    replayed.settle(replay)
    assert_twins(replayed)


def test_nothing_leaves_the_edge_because_it_was_sent(replayed: House) -> None:
    replayed.edge.grow(GARAGE, 3_000, (Hole(20, 29, "device-memory", NOW_MS, NOW_MS + 5),))
    before = held(replayed.edge.db, False)
    replay = replayed.replay()
    replayed.settle(replay)
    replay.note()
    assert held(replayed.edge.db, False) == before
    assert_twins(replayed)


def test_a_cloud_at_a_new_address_gets_also_what_the_one_before_refused(
    replayed: House, tmp_path: Path
) -> None:
    def refuse(batch: Batch) -> None:
        if 5 in {each[0] for part in batch.parts for each in part.rows}:
            raise RowsRefused("this one breaks it")

    replayed.cloud.before = refuse
    replayed.edge.grow(GARAGE, 10)
    replayed.settle(replayed.replay())
    clouds, moved = Clouds(replayed.edge.db), Cloud(tmp_path / "moved.db")
    with closing(moved.db):
        backlog = Backlog(replayed.edge.db, clouds.number(ELSEWHERE_URL))
        replay = Replay(backlog, clouds, ELSEWHERE_URL, moved, lambda: NOW_MS, replayed.clock, "rumah")
        replayed.settle(replay)
        assert [each[2] for each in held(moved.db, True)] == list(range(1, 11))
    assert [each[2] for each in held(replayed.cloud.db, True)] == [1, 2, 3, 4, *range(6, 11)]


@contextmanager
def stuck_cloud(told: list[str], let_go: threading.Event) -> Iterator[str]:
    """A cloud that somebody looks at; it answers at once, but keeps every batch after the first until it is let go."""
    watched = saying(200, Answer({GARAGE: 0}, (), watch_s=45).encode())

    def respond(handler: BaseHTTPRequestHandler) -> None:
        told.append(handler.path)
        if handler.path == BATCHES and told.count(BATCHES) > 1:
            let_go.wait(3 * PATIENCE_S)
        watched(handler)

    with server(respond) as url:
        try:
            yield url
        finally:
            let_go.set()


def within(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold; other threads set the pace."""
    deadline_s, waiting = time.monotonic() + PATIENCE_S, threading.Event()
    while not holds():
        if time.monotonic() > deadline_s:
            return False
        waiting.wait(0.02)
    return True


def show(folder: Path, seq: int) -> None:
    """As the collector tells its newest value through RAM."""
    meter = {"source": "garage", "channel": 1, "boot": 7, "seq": seq}
    RamFile(folder, "live").write({"at_ms": NOW_MS, "meters": [meter]})


def test_a_live_value_overtakes_a_batch_that_is_stuck(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    edge = Edge(tmp_path / "kembar.sqlite")
    with closing(edge.db):
        edge.grow(GARAGE, 1)
    show(tmp_path, 1)
    told: list[str] = []
    stop, let_go = threading.Event(), threading.Event()
    house = HouseSettings(name="rumah", data_dir=tmp_path, timezone="Asia/Jakarta")
    with stuck_cloud(told, let_go) as url:
        worker = CloudWorker(url, "a-token", house, Telling(RamFile(tmp_path, "sync")), stop, first=True)
        worker.start()
        stuck = within(lambda: told.count(BATCHES) > 1)
        before = told.count(LATEST)
        show(tmp_path, 2)
        overtaken = within(lambda: told.count(LATEST) > before)
        stop.set()
        let_go.set()
        worker.join()
    assert (stuck, overtaken, worker.error) == (True, True, None)
