"""PostgreSQL as a cloud's database: one writer for each site, a table of each month, what may be remembered.

1. A site's row in `sites` is locked first: what belongs to a site changes one transaction at a time,
   whatever process or machine it runs in. So everything that is true of SQLite's single writer is true of each site.
2. A transaction is on disk when it returns, and what waits, waits for a bounded time (store/postgres_server.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar, cast

from store.database import Bulk, Database, Params, Question, Result
from store.postgres_bulk import Gathered, insertion
from store.postgres_statements import Statements
from store.schema_postgres import MIGRATIONS

with suppress(ImportError):  # store/postgres_server.py says that the extra `postgres` is not installed
    from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    import psycopg

# Numbers of meters, 100 bytes each; beyond it all are forgotten and asked for anew.
KNOWN_MOST = 200_000

# What a statement begins with that has no rows to give.
WRITES: tuple[str, ...] = ("INSERT ", "UPDATE ", "DELETE ")

_LOCK_FREE = "SELECT id FROM sites WHERE id = ANY(?::bigint[]) FOR NO KEY UPDATE SKIP LOCKED"

T = TypeVar("T")


class PostgresDatabase(Database):
    """`statements`: of this connection; `known`: what lasts, shared by the connections of one database.

    `brief`: used for one request and given back, so that an answer may be made of what its first look saw.
    """

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        statements: Statements | None = None,
        known: dict[object, object] | None = None,
        brief: bool = False,
    ) -> None:
        self.conn = conn
        self._statements = Statements(conn) if statements is None else statements
        self._known: dict[object, object] = {} if known is None else known
        self._remembered: dict[object, object] | None = {} if brief else None
        self._writing = False
        # The rows of questions that were asked ahead, by their text and values.
        self._seen: dict[tuple[str, Params], list[Any]] = {}
        # Inserted at the next question, or before the next statement on their table.
        self._gathered = Gathered()
        # Seen in a transaction, which may have made it itself.
        self._coming: dict[object, object] = {}

    def execute(self, sql: str, params: Params = ()) -> Result:
        if self._writing and sql.startswith(WRITES) and "RETURNING" not in sql:
            self._insert_gathered(sql)
            self._statements.tell(sql, params)
            return _Rows([])
        self._insert_gathered()
        return _Rows(self._statements.ask(sql, params))

    def ask(self, question: Question[T]) -> T:
        seen = self._seen_rows(question)
        return super().ask(question) if seen is None else question.read(_Rows(seen))

    def together(self, questions: Sequence[Question[Any]]) -> list[Any]:
        self._insert_gathered()
        seen = [self._seen_rows(each) for each in questions]
        answers = self._asked([each for each, rows in zip(questions, seen, strict=True) if rows is None])
        return [
            each.read(_Rows(next(answers) if rows is None else rows))
            for each, rows in zip(questions, seen, strict=True)
        ]

    def ahead(self, questions: Sequence[Question[Any]]) -> None:
        if self._remembered is not None and self.conn.info.transaction_status == TransactionStatus.IDLE:
            answers = self._asked(questions)
            self._seen = {_key(each): rows for each, rows in zip(questions, answers, strict=True)}

    def _seen_rows(self, question: Question[Any]) -> list[Any] | None:
        return self._seen.get(_key(question)) if self._seen else None

    def _asked(self, questions: Sequence[Question[Any]]) -> Iterator[list[Any]]:
        """The rows of each; nothing travels for none."""
        return iter(self._statements.ask_all([(q.sql, q.params) for q in questions]) if questions else ())

    def executemany(self, sql: str, rows: Iterable[Params]) -> None:
        for row in rows:
            self.execute(sql, row)

    def bulk(self, into: Bulk, rows: Sequence[Params]) -> None:
        if rows and not self._writing:
            self._statements.ask(*insertion(into, rows))
        elif rows and not self._gathered.add(into, rows):
            self._insert_gathered()

    def _insert_gathered(self, named_in: str | None = None) -> None:
        for sql, params in self._gathered.taken(named_in):
            self._statements.tell(sql, params)

    @contextmanager
    def write(self, site: int = 0) -> Iterator[None]:
        with self._write():
            if site:
                self._statements.tell("SELECT 1 FROM sites WHERE id = ? FOR NO KEY UPDATE", (site,))
            yield

    @contextmanager
    def write_where_free(self, sites: Sequence[int]) -> Iterator[set[int]]:
        """Who waits for no site's lock while it holds others deadlocks with no other writer of sites."""
        wanted = "{" + ", ".join(map(str, sites)) + "}"
        with self._write():
            yield {site for (site,) in self._statements.ask(_LOCK_FREE, (wanted,))}

    @contextmanager
    def _write(self) -> Iterator[None]:
        self._writing = True
        if self._remembered:
            self._remembered = {}
        try:
            with self._transaction("BEGIN"):
                yield
        finally:
            self._writing = False

    @contextmanager
    def read(self) -> Iterator[None]:
        # Inside, everything is of the same state; what was seen before is as good as ever afterwards.
        seen = self._seen
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield
        self._seen = seen

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._seen = {}
        try:
            self._statements.tell(begin)
            yield
            self._insert_gathered()
            self._statements.commit()
            self._keep(self._coming)
        except BaseException:
            self._statements.forget()
            if not self.conn.closed and self.conn.info.transaction_status != TransactionStatus.IDLE:
                self.conn.rollback()
            raise
        finally:
            self._gathered = Gathered()
            self._coming = {}

    def remembered(self, key: object, make: Callable[[], T]) -> T:
        """Within one request; else always made: another process may have written."""
        if self._remembered is None or self.conn.info.transaction_status != TransactionStatus.IDLE:
            return make()
        if key not in self._remembered:
            self._remembered[key] = make()
        return cast(T, self._remembered[key])

    def lasting(self, key: object, find: Callable[[], T | None]) -> T | None:
        held = self._known.get(key, self._coming.get(key))
        if held is not None:
            return cast(T, held)
        found = find()
        if found is not None and self.conn.info.transaction_status == TransactionStatus.IDLE:
            self._keep({key: found})
        elif found is not None:
            self._coming[key] = found
        return found

    def is_held(self, key: object) -> bool:
        return key in self._known or key in self._coming

    def _keep(self, found: dict[object, object]) -> None:
        if len(self._known) + len(found) > KNOWN_MOST:
            self._known.clear()
        self._known.update(found)

    def months(self, first_ms: int, last_ms: int) -> None:
        """The tables that are missing are made and attached, which holds up nobody who writes into the others."""
        for name, from_ms, to_ms in _months(first_ms, last_ms):
            if not self.lasting(("month", name), lambda name=name: self._has_month(name)):  # type: ignore[misc]
                # One at a time; whoever waited finds it there.
                self.execute("SELECT pg_advisory_xact_lock(?)", (advisory_key(name),))
                if not self._has_month(name):
                    self.execute(f"CREATE TABLE {name} (LIKE readings INCLUDING ALL)")
                    self.execute(
                        f"ALTER TABLE readings ATTACH PARTITION {name} FOR VALUES FROM ({from_ms}) TO ({to_ms})"
                    )

    def _has_month(self, name: str) -> bool | None:
        """True, or None."""
        found = self.execute("SELECT 1 FROM pg_inherits WHERE inhrelid = to_regclass(?)", (name,)).fetchone()
        return True if found else None

    @contextmanager
    def sole(self, name: str) -> Iterator[bool]:
        """By an advisory lock of this connection; it ends with it."""
        mine = bool(self.execute("SELECT pg_try_advisory_lock(?)", (advisory_key(name),)).fetchone()[0])
        try:
            yield mine
        finally:
            if mine and not self.conn.closed:
                self.execute("SELECT pg_advisory_unlock(?)", (advisory_key(name),))

    def migrations(self) -> list[str]:
        there = pending(self)
        return [name for name, _migration in MIGRATIONS if name not in there]

    def unsound(self) -> list[str]:
        """Nothing: a page that the disk changed fails when it is read, if the server has checksums (initdb -k)."""
        return []

    def close(self) -> None:
        self.conn.close()


def _key(question: Question[Any]) -> tuple[str, Params]:
    return question.sql, tuple(question.params)


class _Rows:
    """What a query gave, here already."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = iter(rows)

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        return list(self._rows)

    def close(self) -> None:
        self._rows = iter(())

    def __iter__(self) -> Iterator[Any]:
        return self._rows


def pending(db: PostgresDatabase) -> list[str]:
    """The migrations that were not applied yet."""
    if not db.execute("SELECT to_regclass('migrations') IS NOT NULL").fetchone()[0]:
        return [name for name, _migration in MIGRATIONS]
    applied = {name for (name,) in db.execute("SELECT name FROM migrations")}
    return [name for name, _migration in MIGRATIONS if name not in applied]


def _months(first_ms: int, last_ms: int) -> Iterator[tuple[str, int, int]]:
    """The table's name and the span [from_ms, to_ms) of every month in UTC that the dates touch."""
    at = datetime.fromtimestamp(first_ms / 1000, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    while (from_ms := int(at.timestamp()) * 1000) <= last_ms:
        later = at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
        yield f"readings_{at:%Y%m}", from_ms, int(later.timestamp()) * 1000
        at = later


def advisory_key(name: str) -> int:
    """The number of an advisory lock; `kembar` in it, because the database may serve others too."""
    return int.from_bytes(blake2b(f"kembar {name}".encode(), digest_size=8).digest(), "big", signed=True)
