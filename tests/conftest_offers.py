"""What the tests of posts that come at once may ask for; they load it with `pytest_plugins`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from engines import AddressOf
from offers import Here, opened

from store.database import Database
from store.postgres import PostgresDatabase
from store.sqlite import SqliteDatabase


@pytest.fixture
def here(address_of: AddressOf) -> Iterator[Here]:
    with opened(address_of("cloud")) as here:
        yield here


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many sites each transaction of several had; filled while it goes on."""
    seen: list[int] = []
    for engine in (SqliteDatabase, PostgresDatabase):
        _count(monkeypatch, engine, seen)
    return seen


def _count(monkeypatch: pytest.MonkeyPatch, engine: type[Database], seen: list[int]) -> None:
    real = engine.write_where_free

    @contextmanager
    def counted(self: Database, sites: Sequence[int]) -> Iterator[set[int]]:
        with real(self, sites) as free:
            yield free
        seen.append(len(free))

    monkeypatch.setattr(engine, "write_where_free", counted)
