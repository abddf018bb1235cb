"""A backup of the hosted site's database while it is served: its content and a manifest of one and the same state."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from cloud.archive import Ended, Manifest, NewArchive, new_archive
from cloud.holdings import Holdings, counted
from cloud.letting_go import LEFT_OUT, in_force, let_go
from process.service import CannotGoOn
from store import postgres_dump, sqlite_copy
from store.opening import sqlite_path
from store.postgres import pending
from store.postgres_server import connect
from store.sqlite import open_database, open_reader

GoOn = Callable[[], None]


def back_up(address: str, to: Path, now_ms: int, go_on: GoOn = lambda: None) -> Manifest:
    """On disk when this returns; `go_on` raises where it shall not go on, and then nothing is left behind.

    Raises Unreadable, DumpFailed, OSError, CannotGoOn, and what a database raises (store/faults.py).
    """
    with new_archive(to) as archive:
        path = sqlite_path(address)
        if path is None:
            made = _of_postgres(address, archive, now_ms, go_on)
        else:
            made = _of_sqlite(path, to, archive, now_ms, go_on)
        archive.manifest(made)
    return made


def _of_sqlite(path: Path, to: Path, archive: NewArchive, now_ms: int, go_on: GoOn) -> Manifest:
    with own_folder(to) as folder:
        copy = folder / "cloud.db"
        copy.touch(0o600)
        with closing(open_reader(path)) as db:
            sqlite_copy.copied(db, copy, go_on)
        # Migrated, if need be, is the copy: the server of an earlier version may still be at work on the other.
        with closing(open_database(copy, "cloud")) as db:
            ended = in_force(db, now_ms)
            db.execute("PRAGMA secure_delete = ON").fetchone()
            let_go(db)
            holdings, migrations = counted(db), db.migrations()
            sqlite_copy.alone(db)
        with copy.open("rb") as stream:
            size, digest = archive.content(stream, False, go_on)
    return _manifest("sqlite", migrations, now_ms, (size, digest), ended, holdings)


def _of_postgres(url: str, archive: NewArchive, now_ms: int, go_on: GoOn) -> Manifest:
    with closing(connect(url)) as db:
        if pending(db):
            raise CannotGoOn(
                "the tables are those of an earlier version; start kembar-cloud serve of this one first"
            )
        migrations = db.migrations()
        with postgres_dump.dumping(db, url, LEFT_OUT) as stream:
            size, digest = archive.content(stream, True, go_on)
            ended, holdings = in_force(db, now_ms), counted(db)
    return _manifest("postgresql", migrations, now_ms, (size, digest), ended, holdings)


def _manifest(
    engine: Literal["sqlite", "postgresql"],
    migrations: list[str],
    now_ms: int,
    content: tuple[int, str],
    ended: Ended,
    holdings: Holdings,
) -> Manifest:
    return Manifest(
        version=1,
        engine=engine,
        program=version("kembar"),
        made_ms=now_ms,
        migrations=migrations,
        bytes=content[0],
        sha256=content[1],
        ended=ended,
        holdings=holdings,
    )


@contextmanager
def own_folder(beside: Path) -> Iterator[Path]:
    """A folder on the same disk that nobody else looks into, empty; what a power cut left there goes first."""
    folder = beside.with_name(f"{beside.name}.copy")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
