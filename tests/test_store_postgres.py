"""PostgreSQL below the store: the same parts give the same answers as SQLite does, and a site has one writer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from madeparts import HOUR_MS, NOW_MS, Twin, row, rows

from bench.postgres import server
from metering.reading import Meter
from store.by_time import RowsByTime
from store.database import Bulk, Database, Params, Question, Result, Unopenable
from store.history import History
from store.part import Hole, Part
from store.pool import Pool
from store.postgres import PostgresDatabase, pending
from store.postgres_server import connect, migrate, open_postgres
from store.receiver import Receiver

GARAGE = Meter("garage", 1)
MONTH_MS = 31 * 24 * HOUR_MS
PARTS = (
    Part("garage", 7, 0, rows([1, 2, 3]), [Hole(4, 6, "sensor", NOW_MS + 3000, NOW_MS + 7000)]),
    Part("garage", 7, 6, [row(7), row(8, channel=2), row(9, wh=None)]),
    Part("garage", 7, 9, fills=[row(5)]),
    Part("a-cellar", 1, 2, [row(3, NOW_MS + MONTH_MS)], first=3),
)


@pytest.fixture(scope="module")
def url(need: Callable[[str], str]) -> Iterator[str]:
    with server(need("pg_ctl")) as url:
        yield url


@pytest.fixture
def db(url: str) -> Iterator[PostgresDatabase]:
    with closing(open_postgres(url)) as db:
        db.execute("INSERT INTO sites (name) VALUES ('rumah') ON CONFLICT (name) DO NOTHING")
        yield db
        for (table,) in db.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace AND relname <> 'migrations'"
        ).fetchall():
            db.execute(f"TRUNCATE {table} RESTART IDENTITY")


def received(db: Database, site: int, *parts: Part) -> list[int]:
    """The cursors after each part."""
    receiver = Receiver(db, RowsByTime(db, site), site)
    with db.write(site):
        return [receiver.receive(part).cursor for part in parts]


def told(db: Database, site: int) -> list[object]:
    """What a reader sees of a site."""
    history = History(db, RowsByTime(db, site), site)
    end_ms = NOW_MS + 2 * MONTH_MS
    return [
        history.meters(),
        [stream.cursor for stream in history.streams.all()],
        [list(history.rows(meter, None, None)) for meter in history.meters()],
        [history.span_ms(meter) for meter in history.meters()],
        [history.newest(meter) for meter in history.meters()],
        [history.buckets(meter, "power_mw", NOW_MS, end_ms, HOUR_MS) for meter in history.meters()],
        [list(history.counters(meter, NOW_MS, end_ms)) for meter in history.meters()],
        [history.minutes(meter, NOW_MS, end_ms) for meter in history.meters()],
        history.gaps(None, None),
        history.gaps(NOW_MS, end_ms, most=1),
        history.gap_sums(NOW_MS, end_ms, HOUR_MS),
        history.ledger().hours(NOW_MS // HOUR_MS * HOUR_MS, NOW_MS // HOUR_MS * HOUR_MS + HOUR_MS),
        history.ledger().dateless(),
        RowsByTime(db, site).print(GARAGE, NOW_MS, end_ms),
    ]


def test_the_same_parts_give_the_same_answers_as_sqlite(db: PostgresDatabase, tmp_path: Path) -> None:
    cloud = Twin(tmp_path, "cloud")
    with closing(cloud.db):
        assert received(db, 1, *PARTS) == received(cloud.db, 1, *PARTS) == [6, 9, 9, 3]
        for here, there in zip(told(db, 1), told(cloud.db, 1), strict=True):
            assert here == there


def test_a_row_carries_the_check_that_sqlite_gives_it(db: PostgresDatabase, tmp_path: Path) -> None:
    cloud = Twin(tmp_path, "cloud")
    with closing(cloud.db):
        received(db, 1, *PARTS)
        received(cloud.db, 1, *PARTS)
        sql = f"SELECT seq, row_check, {RowsByTime.intact} FROM readings ORDER BY stream, seq"
        assert db.execute(sql).fetchall() == cloud.db.execute(sql).fetchall()


def test_each_month_has_a_table_and_a_second_connection_finds_it(url: str, db: PostgresDatabase) -> None:
    received(db, 1, *PARTS)
    with closing(connect(url)) as other:
        assert received(other, 1, Part("garage", 7, 9, [row(10)])) == [10]
    found = db.execute(
        "SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass('readings')"
        " AND inhrelid IN (to_regclass('readings_202611'), to_regclass('readings_202612'))"
    )
    assert found.fetchone()[0] == 2


def test_what_is_rolled_back_leaves_nothing(db: PostgresDatabase) -> None:
    receiver = Receiver(db, RowsByTime(db, 1), 1)

    def half() -> None:
        with db.write(1):
            receiver.receive(Part("garage", 7, 0, [row(1, NOW_MS - 12 * MONTH_MS)]))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert told(db, 1)[0] == []
    assert received(db, 1, PARTS[0]) == [6]


def test_two_uploads_of_one_part_at_once_store_it_once(url: str, db: PostgresDatabase) -> None:
    part, results = Part("garage", 7, 0, rows(range(1, 200))), []
    start = threading.Barrier(4)

    def upload() -> None:
        with closing(connect(url)) as mine:
            receiver = Receiver(mine, RowsByTime(mine, 1), 1)
            start.wait()
            with mine.write(1):
                results.append(receiver.receive(part))

    uploads = [threading.Thread(target=upload) for _ in range(4)]
    for each in uploads:
        each.start()
    for each in uploads:
        each.join()
    assert sorted(done.applied for done in results) == [False, False, False, True]
    assert {done.cursor for done in results} == {199}
    assert db.execute("SELECT count(*), count(DISTINCT seq) FROM readings").fetchone() == (199, 199)


def test_only_one_does_what_is_to_be_done_once(url: str, db: PostgresDatabase) -> None:
    with closing(connect(url)) as other:
        with db.sole("rollups") as mine, other.sole("rollups") as theirs:
            assert (mine, theirs) == (True, False)
        with other.sole("rollups") as theirs:
            assert theirs


def test_a_cloud_has_the_same_tables_and_columns_as_in_sqlite(db: PostgresDatabase, tmp_path: Path) -> None:
    here = db.execute(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace"
    )
    cloud = Twin(tmp_path, "cloud")
    with closing(cloud.db):
        there = cloud.db.execute(
            "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'"
        )
        assert of_clouds(here) == of_clouds(there)


def of_clouds(columns: Result) -> list[tuple[str, str]]:
    """Without the lists of migrations that each engine has in its own form."""
    return sorted((table, column) for table, column in columns if not table.endswith("migrations"))


def test_a_migration_is_applied_once(url: str, db: PostgresDatabase) -> None:
    assert pending(db) == []
    assert migrate(db) == []


def test_a_server_that_is_not_there_is_told_with_what_to_do() -> None:
    with pytest.raises(Unopenable, match="is it running"):
        connect("postgresql://kembar@/postgres?host=/nowhere")


def test_a_server_that_would_lose_what_was_acknowledged_is_refused(need: Callable[[str], str]) -> None:
    with server(need("pg_ctl"), "-c fsync=off") as url, pytest.raises(Unopenable, match="fsync off"):
        connect(url)


def test_what_a_rolled_back_transaction_made_is_not_remembered(db: PostgresDatabase) -> None:
    """A month's table and a meter's number, both met twice within the transaction that made them."""
    two = [
        Part("garage", 7, 0, [row(1, NOW_MS + 20 * MONTH_MS)]),
        Part("garage", 7, 1, [row(2, NOW_MS + 20 * MONTH_MS)]),
    ]

    def all_but_committed() -> None:
        with db.write(1):
            receiver = Receiver(db, RowsByTime(db, 1), 1)
            for part in two:
                receiver.receive(part)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        all_but_committed()
    assert received(db, 1, Part("attic", 7, 0, [row(1)])) == [1]
    assert received(db, 1, *two) == [1, 2]
    assert db.execute("SELECT count(DISTINCT meter) FROM readings").fetchone() == (2,)


def test_a_meters_number_is_asked_for_once(db: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    received(db, 1, Part("garage", 7, 0, [row(1)]), Part("garage", 7, 1, [row(2)]))
    asked: list[str] = []
    execute = db.execute

    def noted(sql: str, params: Params = ()) -> Result:
        asked.append(sql)
        return execute(sql, params)

    monkeypatch.setattr(db, "execute", noted)
    received(db, 1, Part("garage", 7, 2, [row(3)]))
    assert [sql for sql in asked if "FROM meters" in sql or "pg_inherits" in sql] == []


MARK = Bulk("touched", ("meter", "width_s", "start_ms"), clash="ON CONFLICT DO NOTHING")


def marks(db: Database) -> list[tuple[int, ...]]:
    return db.execute("SELECT meter, start_ms FROM touched ORDER BY meter, start_ms").fetchall()


def test_gathered_rows_are_there_for_every_question_and_statement(db: PostgresDatabase) -> None:
    with db.write(1):
        db.bulk(MARK, [(1, 60, 0)])
        db.bulk(MARK, [(1, 60, 60), (1, 60, 0), (2, 60, 0)])
        assert marks(db) == [(1, 0), (1, 60), (2, 0)]
        db.bulk(MARK, [(3, 60, 0)])
        db.execute("DELETE FROM touched WHERE meter = ?", (3,))
        db.bulk(MARK, [(4, 60, 0)])
        assert db.together(
            [Question("SELECT count(*) FROM touched", (), lambda rows: rows.fetchone()[0])]
        ) == [4]
        db.bulk(MARK, [(5, 60, 0)])
    assert [meter for meter, _ in marks(db)] == [1, 1, 2, 4, 5]


def test_gathered_rows_of_a_rolled_back_transaction_are_gone(db: PostgresDatabase) -> None:
    def fails() -> None:
        with db.write(1):
            db.bulk(MARK, [(1, 60, 0)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with db.write(1):
        db.bulk(MARK, [(2, 60, 0)])
    db.bulk(MARK, [(3, 60, 0)])
    assert [meter for meter, _ in marks(db)] == [2, 3]


def test_rows_of_several_sites_go_by_one_statement_up_to_a_bound(
    db: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    tell = db._statements.tell
    monkeypatch.setattr("store.postgres_bulk.GATHERED_MOST", 5)

    def noted(sql: str, params: Params = ()) -> None:
        told.extend([params[0].count(",") + 1] if sql.startswith("INSERT INTO touched") else [])
        tell(sql, params)

    monkeypatch.setattr(db._statements, "tell", noted)
    with db.write(1):
        for meter in range(1, 8):
            db.bulk(MARK, [(meter, 60, 0)])
    assert told == [5, 2]
    assert len(marks(db)) == 7


def test_what_was_asked_ahead_is_asked_once_and_never_beyond_a_write(
    url: str, db: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Pool(url, 1)) as pool:
        lent = pool.borrow()
        one = Question("SELECT count(*) FROM touched", (), lambda rows: int(rows.fetchone()[0]))
        other = Question(
            "SELECT count(*) FROM touched WHERE meter = ?", (7,), lambda rows: int(rows.fetchone()[0])
        )
        lent.ahead([one, other])
        db.bulk(MARK, [(7, 60, 0)])
        assert (lent.ask(one), lent.together([other, one])) == (0, [0, 0])
        # Not asked ahead: seen as it is.
        third = Question("SELECT count(*) FROM touched WHERE meter = ?", (8,), one.read)
        assert lent.together([one, third]) == [0, 0]
        with lent.read():
            assert lent.ask(one) == 1
        lent.ahead([one])
        with lent.write():
            lent.bulk(MARK, [(8, 60, 0)])
            assert lent.ask(one) == 2
        assert lent.together([one, third]) == [2, 1]
        pool.give_back(lent)
