"""A database as everything above speaks to it: execute, bulk, one write transaction; SQLite or PostgreSQL below.

SQL is written once for both: `?` for a value, integers and text only, times in ms, nothing that one engine alone
understands. What differs is a method here (store/sqlite.py, store/postgres.py).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

Params = Sequence[Any]
T = TypeVar("T")


class Unopenable(Exception):
    """The database cannot be opened; the message says which one, why, and what to do."""


class Result(Protocol):
    """What a query gives."""

    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def close(self) -> None: ...
    def __iter__(self) -> Iterator[Any]: ...


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One query, and how its answer is read."""

    sql: str
    params: Params
    read: Callable[[Result], T]


@dataclass(frozen=True)
class Bulk:
    """Many rows of integers into one table, by one statement that is worked out once.

    `derived`: a last column, worked out by the database from the others: its name, and its expression from their names.
    `clash`: what becomes of a row whose key is there.
    """

    table: str
    columns: tuple[str, ...]
    derived: tuple[str, Callable[[Sequence[str]], str]] | None = None
    clash: str = ""

    @property
    def names(self) -> str:
        """Of all columns, the derived one last."""
        return ", ".join([*self.columns, *([self.derived[0]] if self.derived else [])])

    def values(self, names: Sequence[str]) -> str:
        """The values of a row as SQL, where those of `columns` are called `names`."""
        return ", ".join([*names, *([self.derived[1](names)] if self.derived else [])])


class Database(ABC):
    """One connection, used by one thread at a time."""

    @abstractmethod
    def execute(self, sql: str, params: Params = ()) -> Result: ...

    @abstractmethod
    def executemany(self, sql: str, rows: Iterable[Params]) -> None: ...

    @abstractmethod
    def bulk(self, into: Bulk, rows: Sequence[Params]) -> None:
        """Insert rows (in the order of `into.columns`), as fast as the engine can; none are none.

        Inside a write transaction they may go with later ones, but go before anything is asked that might see them.
        """

    @abstractmethod
    def write(self, site: int = 0) -> AbstractContextManager[None]:
        """One write transaction; when it returns, everything in it is on disk.

        `site`: whose streams, meters or rows are written, 0 where it is nobody's. One writer at a time is let in for
        each site; with SQLite that is one for the whole database.
        """

    @abstractmethod
    def write_where_free(self, sites: Sequence[int]) -> AbstractContextManager[set[int]]:
        """One write transaction at those of these sites at which nobody else writes now.

        Where each site has a lock of its own nobody is waited for; where the database has one, its writer is.
        """

    @abstractmethod
    def read(self) -> AbstractContextManager[None]:
        """One read transaction: everything inside sees the same state."""

    @abstractmethod
    def remembered(self, key: object, make: Callable[[], T]) -> T:
        """What `make` gave under this key, unless something was written since, if the engine can tell that cheaply.

        Inside a transaction it is always made and never kept, because what is seen there may be rolled back.
        """

    @abstractmethod
    def lasting(self, key: object, find: Callable[[], T | None]) -> T | None:
        """What `find` gives; once it gave something that was committed, the engine may keep that for good.

        For what never changes again, such as a meter's number.
        """

    @abstractmethod
    def is_held(self, key: object) -> bool:
        """Whether `lasting` gives this without asking, or asking costs nothing."""

    @abstractmethod
    def months(self, first_ms: int, last_ms: int) -> None:
        """Make room for readings of these dates, inside the write transaction that is to store them."""

    @abstractmethod
    def sole(self, name: str) -> AbstractContextManager[bool]:
        """Whether this is the only one of all processes at this database that does `name` now; never waits."""

    @abstractmethod
    def migrations(self) -> list[str]:
        """The names of those that were applied, in order."""

    @abstractmethod
    def unsound(self) -> list[str]:
        """What the engine itself finds wrong with its files, as far as it can tell; may take minutes."""

    @abstractmethod
    def close(self) -> None: ...

    def ask(self, question: Question[T]) -> T:
        return question.read(self.execute(question.sql, question.params))

    def together(self, questions: Sequence[Question[Any]]) -> list[Any]:
        """What each gives, in their order; where questions travel, they travel together."""
        return [self.ask(question) for question in questions]

    def ahead(self, questions: Sequence[Question[Any]]) -> None:  # noqa: B027 - an engine may do nothing
        """What a request will ask for, one after the other, soon and outside of transactions.

        Where questions travel they travel together, and `ask` and `together` give what was seen then, unless the
        same connection has written since.
        """

    def insert_id(self, sql: str, params: Params) -> int:
        """Insert one row with `RETURNING id` and give its id."""
        return int(self.execute(sql, params).fetchone()[0])
