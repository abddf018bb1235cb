"""Which database an address names, and opening it for a cloud: "sqlite:///<path>" or "postgresql://..."."""

from pathlib import Path

from store.database import Database
from store.postgres import open_postgres
from store.sqlite import open_database

SQLITE = "sqlite:///"
POSTGRESQL: tuple[str, ...] = ("postgresql://", "postgres://")


def sqlite_path(address: str) -> Path | None:
    """The file of a SQLite database; None for an address of PostgreSQL, which must never become the name of a file."""
    return Path(address.removeprefix(SQLITE)) if address.startswith(SQLITE) else None


def open_cloud(address: str) -> Database:
    """Open (and make, and migrate) a cloud's database; raises store.database.Unopenable."""
    path = sqlite_path(address)
    return open_postgres(address) if path is None else open_database(path, "cloud")
