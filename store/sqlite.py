"""SQLite as a twin's database: opening one file, migrating it under a file lock, its write transaction."""

import fcntl
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeVar, cast

import sqlite_utils

from store import schema
from store.database import Bulk, Database, Params, Unopenable

# Three processes start at once and the slowest migration on a Pi may take a while; then give up and say so.
BUSY_MS = 30_000
# Measured on six sensors at 1 Hz, a commit every 10 s changes a dozen pages, most of them by a few bytes:
# 370, 204, 139 MB a day with pages of 4, 2, 1 KB. Reading a day is 12 % slower than with 2 KB, catching up is not.
EDGE_PAGE_BYTES = 1024
CLOUD_PAGE_BYTES = 4096
# 4 MB of log before it is folded back: fewer rewrites of the same page, and little to replay after a cut.
CHECKPOINT_BYTES = 4 * 2**20

# Each thread of a server has a reader of its own; what they read again lies once in the kernel's cache.
READER_CACHE_KB = 256

SHARED_MODE = 0o660
# One answer for each site that this connection was asked about lately.
MOST_REMEMBERED = 64

T = TypeVar("T")

# The seam for a failing disk: called before each of these steps, and once more when the commit has returned. What it
# raises stands for what the disk does there: SQLite's own error (full, read-only, broken), or a power cut.
DiskStep = Literal["begin", "write", "before commit", "after commit"]
Disk = Callable[[DiskStep], None]


class SqliteDatabase(Database):
    def __init__(self, conn: sqlite3.Connection, disk: Disk | None = None) -> None:
        self.conn = conn
        self._disk = disk
        self._remembered: dict[object, tuple[tuple[int, int], object]] = {}

    def execute(self, sql: str, params: Params = ()) -> sqlite3.Cursor:
        if self._disk and not sql.startswith("SELECT"):
            self._disk("write")
        return self.conn.execute(sql, params)

    def executemany(self, sql: str, rows: Iterable[Params]) -> None:
        if self._disk:
            self._disk("write")
        self.conn.executemany(sql, rows)

    def bulk(self, into: Bulk, rows: Sequence[Params]) -> None:
        self.executemany(_bulk_sql(into), rows)

    @contextmanager
    def write(self, site: int = 0) -> Iterator[None]:
        """On return it is on disk (WAL, synchronous=FULL).

        It takes the write lock first (BEGIN IMMEDIATE): a plain BEGIN that reads before it writes fails at
        once with "database is locked" when another process wrote in between.
        """
        self._at("begin")
        self.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._at("before commit")
            self.conn.execute("COMMIT")
        except BaseException:
            if self.conn.in_transaction:
                self.conn.execute("ROLLBACK")
            raise
        self._at("after commit")

    @contextmanager
    def write_where_free(self, sites: Sequence[int]) -> Iterator[set[int]]:
        """At all of them: whoever else writes has the whole database and is waited for."""
        with self.write():
            yield set(sites)

    @contextmanager
    def read(self) -> Iterator[None]:
        self.conn.execute("BEGIN")
        try:
            yield
        finally:
            self.conn.execute("COMMIT")

    def version(self) -> tuple[int, int]:
        """Another one than before whenever something was written, by this connection or any other."""
        by_others = self.conn.execute("PRAGMA data_version").fetchone()[0]
        return int(by_others), self.conn.total_changes

    def remembered(self, key: object, make: Callable[[], T]) -> T:
        if self.conn.in_transaction:
            return make()
        version, held = self.version(), self._remembered.get(key)
        if held is None or held[0] != version:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            held = self._remembered[key] = (version, make())
        return cast(T, held[1])

    def lasting(self, key: object, find: Callable[[], T | None]) -> T | None:
        """Always asked for: it takes some microseconds here."""
        return find()

    def is_held(self, key: object) -> bool:
        return True

    def months(self, first_ms: int, last_ms: int) -> None:
        """Nothing: one table has room for all."""

    @contextmanager
    def sole(self, name: str) -> Iterator[bool]:
        """By a file beside the database: processes on several machines cannot share it."""
        path = Path(self.conn.execute("PRAGMA database_list").fetchone()[2])
        with path.with_name(f"{path.name}.{name}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    def migrations(self) -> list[str]:
        found = self.conn.execute("SELECT name FROM _sqlite_migrations ORDER BY migration_set DESC, name")
        return [name for (name,) in found]

    def unsound(self) -> list[str]:
        found = [said for (said,) in self.conn.execute("PRAGMA quick_check(20)")]
        return [] if found == ["ok"] else found

    def close(self) -> None:
        self.conn.close()

    def _at(self, step: DiskStep) -> None:
        if self._disk:
            self._disk(step)


@lru_cache(maxsize=16)
def _bulk_sql(into: Bulk) -> str:
    marks = [f"?{number + 1}" for number in range(len(into.columns))]
    return f"INSERT INTO {into.table} ({into.names}) VALUES ({into.values(marks)}) {into.clash}"


def open_database(path: Path, twin: str, disk: Disk | None = None) -> SqliteDatabase:
    """Open (and make, and migrate under a file lock) the database of a twin: "edge" or "cloud"."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(path.with_name(path.name + ".lock")):
            # SQLite itself makes files 0644; on the Pi collector and sync worker are two users of one group.
            path.touch(mode=SHARED_MODE)
            conn = _connect(path, EDGE_PAGE_BYTES if twin == "edge" else CLOUD_PAGE_BYTES)
            _refuse_the_other(conn, twin)
            schema.migrate(sqlite_utils.Database(conn), twin)
    except (OSError, sqlite3.Error) as error:
        raise Unopenable(f"database {path} cannot be opened: {error}; {_advice(error)}") from error
    return SqliteDatabase(conn, disk)


def open_reader(path: Path) -> SqliteDatabase:
    """Open an existing database for reading only; it never waits for a writer."""
    try:
        conn = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=BUSY_MS / 1000,
            check_same_thread=False,
        )
        conn.execute("PRAGMA query_only = ON")
        conn.execute(f"PRAGMA cache_size = -{READER_CACHE_KB}")
        conn.execute("SELECT 1 FROM streams LIMIT 1").fetchone()
    except sqlite3.Error as error:
        raise Unopenable(f"database {path} cannot be read: {error}; {_advice(error)}") from error
    return SqliteDatabase(conn)


def _refuse_the_other(conn: sqlite3.Connection, twin: str) -> None:
    """Two settings files that name one database would each find half of the tables there."""
    of_the_other, name = ("contacts", "a cloud") if twin == "edge" else ("hours", "an edge")
    if conn.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (of_the_other,)).fetchone():
        raise sqlite3.DatabaseError(f"it is the database of {name}")


def _advice(error: Exception) -> str:
    if "the database of" in str(error):
        return "name another file in the settings"
    if isinstance(error, PermissionError) or "readonly" in str(error) or "unable to open" in str(error):
        return "check that the folder exists and that this user may write in it"
    if "malformed" in str(error) or "not a database" in str(error):
        return "the file is damaged: put it aside and start again, the other twin refills it"
    return "check the disk (full, read-only, worn out)"


def _connect(path: Path, page_bytes: int) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000, check_same_thread=False)
    conn.execute(f"PRAGMA page_size = {page_bytes}")
    conn.execute("PRAGMA journal_mode = WAL")
    conn.execute("PRAGMA synchronous = FULL")
    conn.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_BYTES // page_bytes}")
    return conn


@contextmanager
def _only_one(lock_path: Path) -> Iterator[None]:
    with lock_path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
