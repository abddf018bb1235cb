"""Connections of the hosted site to PostgreSQL: borrowed for a request, bounded in number, replaced when they break."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from engines import Made
from hosted import Hosted, hosted
from madeparts import rows

from cloud.connections import GivesBack, connections_to
from process.serve import THREADS
from store.database import Database, Unopenable
from store.opening import open_cloud
from store.part import Part

OTHERS = (
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND application_name = 'kembar'"
)


@pytest.fixture
def cloud(postgresql: Made) -> Iterator[Hosted]:
    with postgresql.addresses() as address_of, hosted(address_of("cloud")) as here:
        yield here


def test_connections_that_broke_are_replaced_and_no_request_is_lost(cloud: Hosted) -> None:
    assert cloud.batch(Part("garage", 7, 0, rows([1, 2]))).status_code == 200
    with closing(open_cloud(cloud.address)) as db:
        ended = db.execute(f"SELECT count(pg_terminate_backend(pid)) {OTHERS}").fetchone()[0]
    assert ended >= 1
    assert cloud.batch(Part("garage", 7, 2, rows([3]))).json()["cursors"] == [["garage", 7, 3]]


def test_there_are_never_more_connections_than_threads(cloud: Hosted) -> None:
    paths = ["/healthz", "/api/v1/sites/rumah/latest", "/sites/rumah/export.csv?from=0", "/nothing"] * 20
    with ThreadPoolExecutor(20) as many:
        list(many.map(lambda path: cloud.form(path), paths))
    with cloud.database() as db:
        assert 1 <= db.execute(f"SELECT count(*) {OTHERS}").fetchone()[0] <= THREADS


def test_a_request_that_fails_gives_its_connection_back(postgresql: Made) -> None:
    with postgresql.addresses() as address_of, closing(connections_to(address_of("cloud"))) as connections:
        held: list[Database] = []

        def failing(_environ: object, _start: object) -> list[bytes]:
            held.append(connections.mine())
            with held[-1].write():
                raise RuntimeError

        application = GivesBack(failing, connections)
        for _ in range(THREADS + 2):
            with pytest.raises(RuntimeError):
                application({}, lambda *_: None)  # type: ignore[arg-type]
        assert connections.mine().execute("SELECT 1").fetchone() == (1,)


def test_an_export_keeps_its_connection_until_it_is_written(postgresql: Made) -> None:
    with postgresql.addresses() as address_of, closing(connections_to(address_of("cloud"))) as connections:

        def asking(_environ: object, _start: object) -> Iterator[bytes]:
            db = connections.mine()
            for number in range(3):
                assert connections.mine() is db
                yield str(db.execute("SELECT CAST(? AS BIGINT)", (number,)).fetchone()[0]).encode()

        answer = GivesBack(asking, connections)({}, lambda *_: None)  # type: ignore[arg-type]
        assert b"".join(answer) == b"012"
        first = connections.mine()
        answer.close()  # type: ignore[attr-defined]
        assert connections.mine() is not first


def test_a_server_that_is_away_is_told_in_words(postgresql: Made) -> None:
    with postgresql.addresses() as address_of:
        address = address_of("cloud").replace("kembar@", "kembar:@", 1)
    with pytest.raises(
        Unopenable, match=r"cannot be opened: .*does not exist.*is it running, is the url right"
    ):
        connections_to(address)


def test_each_thread_has_its_own(postgresql: Made) -> None:
    with postgresql.addresses() as address_of, closing(connections_to(address_of("cloud"))) as connections:
        mine, other = connections.mine(), []
        thread = threading.Thread(target=lambda: other.append(connections.mine()))
        thread.start()
        thread.join()
        assert connections.mine() is mine is not other[0]
