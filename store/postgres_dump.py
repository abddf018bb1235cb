"""Dumps of a PostgreSQL database by its own pg_dump, of a state that others may read too, and back by pg_restore.

A password is on no command line: the url has none (cloud/settings.py), and both programs take it from the environment
or ~/.pgpass as we do.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from store.postgres import PostgresDatabase
from store.postgres_server import CONNECT_S
from store.schema_postgres import MIGRATIONS

# Where Debian keeps the programs of each version.
PLACES = "/usr/lib/postgresql/{major}/bin"
# What is told of a program that failed; the reason stands in its first lines.
SAID_MOST_CHARS = 600


class DumpFailed(Exception):
    """pg_dump or pg_restore is missing or failed; the message says which, why, and what to do."""


@contextmanager
def dumping(db: PostgresDatabase, url: str, without: Sequence[str]) -> Iterator[IO[bytes]]:
    """The dump as a stream, without the rows of some tables; what `db` reads inside is of the very same state.

    Raises DumpFailed, at the end when the dump is not whole.
    """
    with db.read():
        # Counting and dumping take as long as there are readings, and the snapshot ends with this transaction.
        db.execute("SET LOCAL statement_timeout = 0")
        db.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        snapshot = db.execute("SELECT pg_export_snapshot()").fetchone()[0]
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        options += [f"--exclude-table-data={table}" for table in without]
        with _running("pg_dump", db, url, options, stdout=subprocess.PIPE) as process:
            assert process.stdout
            yield process.stdout


def restored(db: PostgresDatabase, url: str, dump: Iterable[bytes]) -> None:
    """Put a dump into a database that has none of its tables, all or nothing; raises DumpFailed."""
    options = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    with _running("pg_restore", db, url, options, stdin=subprocess.PIPE) as process:
        assert process.stdin
        try:
            with process.stdin as to:
                for piece in dump:
                    to.write(piece)
        except BrokenPipeError:
            pass  # it ended by itself: its exit code and its words say why


@contextmanager
def _running(
    name: str, db: PostgresDatabase, url: str, options: Sequence[str], **pipes: int
) -> Iterator[subprocess.Popen[bytes]]:
    argv = [_program(name, db), "--no-password", *options, f"--dbname={url}"]
    environ = {**os.environ, "PGCONNECT_TIMEOUT": str(CONNECT_S)}
    with (
        TemporaryFile() as said,
        subprocess.Popen(argv, stderr=said, env=environ, **{"stdin": subprocess.DEVNULL, **pipes}) as process,  # type: ignore[call-overload]
    ):
        try:
            yield process
            code = process.wait()
        except BaseException:
            process.kill()
            raise
        if code:
            said.seek(0)
            words = " ".join(said.read(SAID_MOST_CHARS).decode("utf-8", "replace").split())
            raise DumpFailed(f"{name} ended with {code}: {words}")


def _program(name: str, db: PostgresDatabase) -> str:
    """Of the server's own version where there is one: an older one refuses, a newer one writes what it cannot read."""
    major = int(db.execute("SHOW server_version_num").fetchone()[0]) // 10_000
    place = Path(PLACES.format(major=major))
    found = shutil.which(name, path=place) or shutil.which(name)
    if found is None:
        raise DumpFailed(
            f"{name} is neither in {place} nor on PATH; on Debian: sudo apt-get install postgresql-client"
        )
    return found


def known() -> list[str]:
    """The migrations that this version has."""
    return [name for name, _migration in MIGRATIONS]


def emptied(db: PostgresDatabase, tables: Iterable[str]) -> None:
    """Take away the tables of a database that holds nothing yet, for a dump to bring its own."""
    with db.write():
        for table in (*tables, "migrations"):
            db.execute(f"DROP TABLE IF EXISTS {table}")
