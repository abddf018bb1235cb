"""Opening, migrating and writing a database, by several processes at once, also where that cannot work."""

import multiprocessing
import sqlite3
import stat
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from madeparts import NOW_MS, VALUES, open_fresh

from metering.gap import Gap
from metering.reading import Meter
from store.by_stream import RowsByStream
from store.by_time import RowsByTime
from store.database import Database, Unopenable
from store.history import History
from store.sqlite import CLOUD_PAGE_BYTES, EDGE_PAGE_BYTES, DiskStep, open_database, open_reader

GOLDEN = Path(__file__).parent / "golden" / "schema"
TWINS = ["edge", "cloud"]


# As sqlite-utils 4 makes it; what a later version makes of it is its own business.
APPLIED = """\
CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT);
CREATE UNIQUE INDEX idx__sqlite_migrations_migration_set_name ON _sqlite_migrations (migration_set, name);
"""


def schema_of(path: Path) -> str:
    """Every table as SQL text, and which migrations have been applied."""
    with closing(sqlite3.connect(path)) as conn:
        tables = conn.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '%sqlite_%' ORDER BY name"
        ).fetchall()
        steps = conn.execute(
            "SELECT migration_set, name FROM _sqlite_migrations ORDER BY migration_set, name"
        ).fetchall()
    text = [f"{sql};" for (sql,) in tables]
    text += [
        f"INSERT INTO _sqlite_migrations VALUES ({number}, '{kind}', '{step}', 'then');"
        for number, (kind, step) in enumerate(steps, 1)
    ]
    return APPLIED + "\n".join(text) + "\n"


def open_together(path: Path, barrier: Barrier, twin: str) -> None:
    barrier.wait(10)
    open_database(path, twin).close()


def dumps() -> list[Path]:
    return sorted(GOLDEN.glob("*.sql"))


@pytest.mark.parametrize("twin", TWINS)
def test_three_processes_that_start_at_once_all_open_a_new_database(tmp_path: Path, twin: str) -> None:
    path = tmp_path / "new" / "kembar.sqlite"
    spawn = multiprocessing.get_context("fork")
    barrier = spawn.Barrier(3)
    started = [spawn.Process(target=open_together, args=(path, barrier, twin)) for _ in range(3)]
    for process in started:
        process.start()
    for process in started:
        process.join(20)
    assert [process.exitcode for process in started] == [0, 0, 0]


@pytest.mark.parametrize("twin", TWINS)
def test_opening_again_changes_nothing(tmp_path: Path, twin: str) -> None:
    path = tmp_path / "a.sqlite"
    open_database(path, twin).close()
    before = schema_of(path)
    open_database(path, twin).close()
    assert schema_of(path) == before


@pytest.mark.parametrize("dump", dumps(), ids=lambda path: path.stem)
def test_every_older_database_opens_with_the_newest_schema(tmp_path: Path, dump: Path) -> None:
    old, new = tmp_path / "old.sqlite", tmp_path / "new.sqlite"
    with closing(sqlite3.connect(old)) as conn:
        conn.executescript(dump.read_text())
    twin = dump.stem.split("-")[0]
    for path in (old, new):
        open_database(path, twin).close()
    assert schema_of(old) == schema_of(new)
    with closing(open_reader(old)) as db:
        layout = RowsByStream(db) if twin == "edge" else RowsByTime(db, 1)
        history = History(db, layout, 0 if twin == "edge" else 1)
        assert list(history.rows(Meter("garage", 1), None, None)) == [(7, 1, NOW_MS, *VALUES)]
        assert history.gaps(None, None) == [Gap("garage", 7, 2, 3, "sensor", NOW_MS, NOW_MS + 2000)]
        # What was recorded before there were rollups is to be rolled up.
        assert db.execute("SELECT * FROM touched").fetchall() == [(1, 3_600, NOW_MS)]


@pytest.mark.parametrize("twin", TWINS)
def test_the_newest_schema_is_among_the_golden_ones(tmp_path: Path, twin: str) -> None:
    """A changed schema needs a migration and a file of its own; the older files stay as they are.

    Each is this schema, then a few rows as its release wrote them.
    """
    path = tmp_path / "a.sqlite"
    open_database(path, twin).close()
    newest = [dump for dump in dumps() if dump.stem.startswith(twin)][-1]
    assert newest.read_text().startswith(schema_of(path))


def test_a_folder_that_cannot_be_made_is_told_with_path_and_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "kembar.sqlite"
    with pytest.raises(Unopenable, match=f"database {path} cannot be opened: .*; check"):
        open_database(path, "edge")


def test_a_file_that_is_no_database_is_told_with_path_and_advice(tmp_path: Path) -> None:
    path = tmp_path / "kembar.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be read as one" * 50)
    with pytest.raises(Unopenable, match=f"database {path} cannot be opened: .*the file is damaged"):
        open_database(path, "edge")


def test_a_folder_in_place_of_the_file_is_told_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "kembar.sqlite"
    path.mkdir()
    with pytest.raises(Unopenable, match="check that the folder exists and that this user may write in it"):
        open_database(path, "edge")


def test_a_reader_of_a_file_that_is_not_there_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "kembar.sqlite"
    with pytest.raises(Unopenable, match=f"database {path} cannot be read"):
        open_reader(path)
    assert not path.exists()


def test_a_reader_of_an_empty_file_says_so_at_once(tmp_path: Path) -> None:
    path = tmp_path / "kembar.sqlite"
    path.touch()
    with pytest.raises(Unopenable, match="no such table"):
        open_reader(path)


def test_the_database_of_the_other_twin_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    open_fresh(path, "edge").close()
    with pytest.raises(Unopenable, match="database of an edge"):
        open_database(path, "cloud")


def test_the_group_may_write_where_the_process_lets_it(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    open_database(path, "edge").close()
    assert stat.S_IMODE(path.stat().st_mode) & ~0o660 == 0


@pytest.mark.parametrize(("twin", "page_bytes"), [("edge", EDGE_PAGE_BYTES), ("cloud", CLOUD_PAGE_BYTES)])
def test_what_is_committed_survives_a_power_cut(tmp_path: Path, twin: str, page_bytes: int) -> None:
    with closing(open_database(tmp_path / "a.sqlite", twin)) as db:
        pragmas = [
            db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "page_size")
        ]
    full = 2
    assert pragmas == ["wal", full, page_bytes]


def test_a_transaction_is_committed_when_its_block_ends(tmp_path: Path) -> None:
    with closing(open_fresh(tmp_path / "a.sqlite", "edge")) as db:
        with db.write():
            db.execute("INSERT INTO sites (name) VALUES ('rumah')")
        with closing(open_reader(tmp_path / "a.sqlite")) as reader:
            assert reader.execute("SELECT name FROM sites").fetchall() == [("rumah",)]


class Stop(BaseException):
    """What ends a process, such as KeyboardInterrupt."""


def write_and_stop(db: Database) -> None:
    db.execute("INSERT INTO sites (name) VALUES ('rumah')")
    raise Stop


def test_any_exception_rolls_a_transaction_back_and_the_connection_goes_on(tmp_path: Path) -> None:
    with closing(open_fresh(tmp_path / "a.sqlite", "edge")) as db:
        with pytest.raises(Stop), db.write():
            write_and_stop(db)
        with db.write():
            db.execute("INSERT INTO sites (name) VALUES ('kebun')")
        assert db.execute("SELECT name FROM sites").fetchall() == [("kebun",)]


@pytest.mark.parametrize(("when", "kept"), [("before commit", []), ("after commit", [("rumah",)])])
def test_a_power_cut_before_the_commit_leaves_nothing_and_after_it_everything(
    tmp_path: Path, when: DiskStep, kept: list[tuple[str]]
) -> None:
    def cut(here: DiskStep) -> None:
        if here == when:
            raise Stop

    path = tmp_path / "a.sqlite"
    open_fresh(path, "edge").close()
    with closing(open_database(path, "edge", disk=cut)) as db:
        with pytest.raises(Stop), db.write():
            db.execute("INSERT INTO sites (name) VALUES ('rumah')")
        assert db.execute("SELECT name FROM sites").fetchall() == kept


def test_the_disk_is_met_at_every_step_of_a_write_transaction_and_at_no_reading(tmp_path: Path) -> None:
    met: list[DiskStep] = []
    path = tmp_path / "a.sqlite"
    open_fresh(path, "edge").close()
    with closing(open_database(path, "edge", disk=met.append)) as db:
        with db.write():
            db.execute("INSERT INTO sites (name) VALUES ('rumah')")
            db.execute("SELECT name FROM sites").fetchall()
            db.executemany("INSERT INTO sites (name) VALUES (?)", [("kebun",), ("pabrik",)])
        with db.read():
            db.execute("SELECT name FROM sites").fetchall()
    assert met == ["begin", "write", "write", "before commit", "after commit"]


@pytest.mark.parametrize("step", ["begin", "write", "before commit"])
def test_a_full_disk_at_any_step_leaves_nothing_and_the_next_transaction_works(
    tmp_path: Path, step: DiskStep
) -> None:
    full = True

    def disk(here: DiskStep) -> None:
        if full and here == step:
            raise sqlite3.OperationalError("database or disk is full")

    path = tmp_path / "a.sqlite"
    open_fresh(path, "edge").close()
    with closing(open_database(path, "edge", disk=disk)) as db:
        with pytest.raises(sqlite3.OperationalError, match="full"), db.write():
            db.execute("INSERT INTO sites (name) VALUES ('rumah')")
        full = False
        with db.write():
            db.execute("INSERT INTO sites (name) VALUES ('kebun')")
        assert db.execute("SELECT name FROM sites").fetchall() == [("kebun",)]


def test_a_writer_takes_the_lock_before_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    other = sqlite3.connect(path, timeout=0)
    locked = pytest.raises(sqlite3.OperationalError, match="locked")
    with closing(other), closing(open_fresh(path, "edge")) as db, db.write(), locked:
        other.execute("BEGIN IMMEDIATE")


def test_a_reader_sees_one_state_while_others_write(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(open_fresh(path, "edge")) as db, closing(open_reader(path)) as reader, reader.read():
        before = reader.execute("SELECT count(*) FROM sites").fetchone()
        with db.write():
            db.execute("INSERT INTO sites (name) VALUES ('rumah')")
        assert reader.execute("SELECT count(*) FROM sites").fetchone() == before


def test_only_one_does_what_is_to_be_done_once(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with closing(open_database(path, "cloud")) as one, closing(open_database(path, "cloud")) as other:
        with one.sole("rollups") as mine, other.sole("rollups") as theirs:
            assert (mine, theirs) == (True, False)
        with other.sole("rollups") as theirs:
            assert theirs
