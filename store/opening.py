"""Which database an address names, and opening it for a cloud: "sqlite:///<path>" or "postgresql://..."."""

from contextlib import closing
from pathlib import Path

from store.database import Database
from store.postgres_server import connect, open_postgres
from store.sqlite import open_database, open_reader

SQLITE = "sqlite:///"
POSTGRESQL: tuple[str, ...] = ("postgresql://", "postgres://")


def sqlite_path(address: str) -> Path | None:
    """The file of a SQLite database; None for an address of PostgreSQL, which must never become the name of a file."""
    return Path(address.removeprefix(SQLITE)) if address.startswith(SQLITE) else None


def open_cloud(address: str) -> Database:
    """Open (and make, and migrate) a cloud's database; raises store.database.Unopenable."""
    path = sqlite_path(address)
    return open_postgres(address) if path is None else open_database(path, "cloud")


def open_without_migrating(address: str) -> Database:
    """Open a cloud's database as it is, to read it; raises store.database.Unopenable."""
    path = sqlite_path(address)
    # Reading all of it takes as long as it takes.
    return connect(address, statement_s=0) if path is None else open_reader(path)


def applied(address: str) -> list[str]:
    """The names of the migrations it has, in order; none of a SQLite database that is not there yet."""
    path = sqlite_path(address)
    if path is not None and not path.exists():
        return []
    with closing(open_without_migrating(address)) as db:
        return db.migrations()
