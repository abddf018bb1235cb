"""Databases of a hosted site for tests, of both engines, each fresh, by their addresses."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from bench.postgres import server
from store.opening import open_cloud

ENGINES = ("sqlite", "postgresql")
TEMPLATE = "kembar_template"

# The address of the database with this name; the same name gives the same one.
AddressOf = Callable[[str], str]


def sqlite_address(path: Path) -> str:
    return f"sqlite:///{path}"


class Made:
    """Databases of one PostgreSQL server, made from one that has all tables already."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._say(f"CREATE DATABASE {TEMPLATE}")
        open_cloud(self._address(TEMPLATE)).close()

    @contextmanager
    def addresses(self) -> Iterator[AddressOf]:
        made: dict[str, str] = {}

        def address_of(name: str) -> str:
            if name not in made:
                made[name] = f"t{uuid.uuid4().hex}"
                # The log is what costs here: a copied database of 10 MB would go through it.
                self._say(f"CREATE DATABASE {made[name]} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
            return self._address(made[name])

        try:
            yield address_of
        finally:
            for database in made.values():
                self._say(f"DROP DATABASE {database} WITH (FORCE)")

    def _address(self, database: str) -> str:
        return self._url.replace("/postgres?", f"/{database}?")

    def _say(self, statement: str) -> None:
        with closing(psycopg.connect(make_conninfo(self._url), autocommit=True)) as conn:
            conn.execute(statement.encode())


@contextmanager
def made(pg_ctl: str) -> Iterator[Made]:
    with server(pg_ctl) as url:
        yield Made(url)
