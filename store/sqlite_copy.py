"""Copies of a SQLite database: one state of it, also while others write, and back again."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import sqlite_utils

from store import schema
from store.sqlite import SqliteDatabase

# 16 MB between two looks at whether somebody wants to stop.
STEP_PAGES = 4_096


def copied(db: SqliteDatabase, to: Path, go_on: Callable[[], None] = lambda: None) -> None:
    """Write what `db` holds now into a new file; `go_on` raises where it shall not go on.

    The copy is one state: without the read transaction around it each commit of somebody else would begin it anew, and
    under a server it would never end.
    """
    with closing(sqlite3.connect(to, isolation_level=None)) as conn, db.read():
        db.execute(
            "SELECT count(*) FROM sqlite_master"
        ).fetchone()  # only now does the transaction see a state
        db.conn.backup(conn, pages=STEP_PAGES, progress=lambda *_: go_on())


def filled(db: SqliteDatabase, from_: Path) -> None:
    """Put the content of a file in place of what `db` holds, as one commit that every other connection sees."""
    with closing(sqlite3.connect(from_, isolation_level=None)) as conn:
        conn.backup(db.conn)


def alone(db: SqliteDatabase) -> None:
    """Make one file of it: whatever is in the log is folded back, and no log is needed to read it."""
    db.execute("PRAGMA journal_mode = DELETE").fetchone()


def known() -> list[str]:
    """The migrations of a cloud that this version has."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        schema.migrate(sqlite_utils.Database(conn), "cloud")
        return SqliteDatabase(conn).migrations()
