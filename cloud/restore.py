"""A backup put back into an empty database, and what is there then held against what the backup says.

1. What is damaged, or made by a later version, is refused before anything is written.
2. A database that has sites or accounts is left alone.
3. What is found is looked at as it was restored, before this version migrates it.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cloud.archive import Archive
from cloud.backup import own_folder
from cloud.holdings import BY_SITE, COUNTED, WHOLE, Holdings, SiteHolding, counted
from cloud.letting_go import LEFT_OUT, LiveToken, settle
from process.ondisk import on_disk
from process.service import CannotGoOn
from store import postgres_dump, sqlite_copy
from store.database import Database
from store.opening import sqlite_path
from store.postgres_server import connect, migrate
from store.sqlite import SHARED_MODE, SqliteDatabase, open_database, open_reader


@dataclass(frozen=True, slots=True)
class Found:
    """What the restored database holds, and for each site (None: what belongs to none) what is not as it was."""

    holdings: Holdings
    differences: dict[str | None, list[str]]
    tokens: list[LiveToken]


@dataclass(frozen=True, slots=True)
class Wish:
    """`tokens_too`: the edges' tokens end as well. `go_on` raises where it shall not go on."""

    now_ms: int
    tokens_too: bool = False
    go_on: Callable[[], None] = lambda: None


def put_back(archive: Archive, address: str, wish: Wish) -> Found:
    """Raises DumpFailed, OSError, CannotGoOn, and what a database raises (store/faults.py)."""
    manifest = archive.manifest
    path = sqlite_path(address)
    if (manifest.engine == "sqlite") != (path is not None):
        raise CannotGoOn(
            f"{archive.path} is a backup of {manifest.engine}, and [cloud] database is {address};"
            " a backup goes back into what it came from"
        )
    known = sqlite_copy.known() if path else postgres_dump.known()
    if later := sorted(set(manifest.migrations) - set(known)):
        raise CannotGoOn(
            f"{archive.path} was made by version {manifest.program} with tables that this one does not know"
            f" ({', '.join(later)}); restore it with that version or a later one"
        )
    return _into_sqlite(archive, path, wish) if path else _into_postgres(archive, address, wish)


def _into_sqlite(archive: Archive, path: Path, wish: Wish) -> Found:
    path.parent.mkdir(parents=True, exist_ok=True)
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and not path.exists():
        # SQLite would take it for the log of the restored one, and write pages of the old into the new.
        raise CannotGoOn(f"{log} belongs to a database that is not there any more; put it aside too")
    with own_folder(path) as folder:
        copy = folder / path.name
        copy.touch(SHARED_MODE)
        with copy.open("wb") as to:
            to.writelines(archive.pieces(wish.go_on))
        with closing(open_reader(copy)) as db:
            now = counted(db)
        with closing(open_database(copy, "cloud")) as db:
            tokens = settle(db, archive.manifest, wish.now_ms, wish.tokens_too)
            sqlite_copy.alone(db)
        if path.exists():
            _fill(path, copy)
        else:
            copy.replace(path)
            on_disk(path.parent)
    return Found(now, _differences(archive.manifest.holdings, now), tokens)


def _fill(path: Path, copy: Path) -> None:
    """Through the database, not by exchanging the file: a server that has it open would go on with the old one."""
    with closing(open_database(path, "cloud")) as db:
        _refuse_used(db, f"the database {path}")
        assert isinstance(db, SqliteDatabase)
        sqlite_copy.filled(db, copy)


def _into_postgres(archive: Archive, url: str, wish: Wish) -> Found:
    with closing(connect(url)) as db:
        if db.migrations():
            _refuse_used(db, "this PostgreSQL database")
        postgres_dump.emptied(db, (*BY_SITE, *WHOLE, *COUNTED, *LEFT_OUT))
        postgres_dump.restored(db, url, archive.pieces(wish.go_on))
        with db.read():
            db.execute("SET LOCAL statement_timeout = 0")
            now = counted(db)
        migrate(db)
        tokens = settle(db, archive.manifest, wish.now_ms, wish.tokens_too)
    return Found(now, _differences(archive.manifest.holdings, now), tokens)


def _refuse_used(db: Database, what: str) -> None:
    sites, accounts = (db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("sites", "accounts"))
    if sites or accounts:
        raise CannotGoOn(
            f"{what} has {sites} sites and {accounts} accounts already; a backup is restored into an empty one."
            " Stop kembar-cloud, put the old one aside, and try again"
        )


def _differences(then: Holdings, now: Holdings) -> dict[str | None, list[str]]:
    found: dict[str | None, list[str]] = {None: then.differences(now)}
    here = {site.name: site for site in now.sites}
    for site in then.sites:
        found[site.name] = _of_site(site, here.get(site.name))
    return found


def _of_site(then: SiteHolding, now: SiteHolding | None) -> list[str]:
    return ["it is not there"] if now is None else then.differences(now)
