"""The statements of one PostgreSQL connection, through libpq itself: prepared when they come again, sent together.

psycopg connects, converts rows and names errors; only its cursor is left out. A batch of one home takes a dozen
statements of some microseconds each: what the cursor adds to each of them in Python, and waiting for each of them to
travel alone, was most of all that the server did. What nobody wants an answer to (`tell`) travels with the next
question, and is done before it, in the order in which it was told.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from store.database import Params

with suppress(ImportError):  # store/postgres_server.py says that the extra `postgres` is not installed
    import psycopg
    from psycopg.adapt import Transformer
    from psycopg.errors import error_from_result
    from psycopg.pq import ConnStatus, ExecStatus

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

# All SQL of this program has about two hundred forms; each is planned once per connection. Beyond it none is.
PREPARED_MOST = 400
# A statement with as many marks as somebody has homes comes once and never again.
PREPARE_AT = 3
# Told and not sent yet; their answers, a few bytes each, must fit into the socket's buffer while we send.
TOLD_MOST = 100
# Every integer travels as eight bytes: one plan for each statement, not one for each width of its values.
_INT8, _UNKNOWN = 20, 0

_Statement = tuple[str, Params]


class Statements:
    """Used by one thread at a time. `?` stands for a value: an integer, a text or None."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn, self._libpq = conn, conn.pgconn
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._met: dict[str, int] = {}
        self._told: list[_Statement] = []
        self._readable, self._either = select.poll(), select.poll()
        self._readable.register(conn.fileno(), select.POLLIN)
        self._either.register(conn.fileno(), select.POLLIN | select.POLLOUT)

    def tell(self, sql: str, params: Params = ()) -> None:
        """Done at the next question at the latest, which raises what went wrong with it."""
        if len(self._told) >= TOLD_MOST:
            self.ask(sql, params)
        else:
            self._told.append((sql, params))

    def ask(self, sql: str, params: Params = ()) -> list[Any]:
        """The rows, each a tuple; raises psycopg.Error."""
        return self._rows(self._asked(sql, params))

    def ask_all(self, questions: Sequence[_Statement]) -> list[list[Any]]:
        """The rows of each, asked on one way there and back."""
        told, self._told = self._told, []
        results = self._together([*told, *questions])
        return [self._rows(result) for result in results[len(told) :]]

    def commit(self) -> None:
        """Raises when the server rolled back instead, as it does, and says so without an error, after one before."""
        result = self._asked("COMMIT", ())
        self._check(result)
        if result.command_status != b"COMMIT":
            raise psycopg.InternalError(f"the transaction was not committed: {result.command_status!r}")

    def forget(self) -> None:
        """What was told and not sent yet is not to be done any more."""
        self._told = []

    def _asked(self, sql: str, params: Params) -> PGresult:
        if self._told:
            told, self._told = self._told, []
            return self._together([*told, (sql, params)])[-1]
        name, values, types = self._ready(sql, params)
        if name:
            # None is NULL, which libpq's types leave out.
            return self._libpq.exec_prepared(name, values)  # type: ignore[arg-type]
        return self._libpq.exec_params(_numbered(sql), values, types)

    def _together(self, statements: Sequence[_Statement]) -> list[PGresult]:
        """The answer to each; of those that failed the first one's error is raised."""
        libpq = self._libpq
        ready = [(sql, *self._ready(sql, params)) for sql, params in statements]
        libpq.enter_pipeline_mode()
        for sql, name, values, types in ready:
            if name:
                libpq.send_query_prepared(name, values)
            else:
                libpq.send_query_params(_numbered(sql), values, types)
        libpq.pipeline_sync()
        self._send_all()
        results = [self._answer() for _ in ready]
        self._next()  # of the sync
        libpq.exit_pipeline_mode()
        for result in results:
            self._check(result)
        return results

    def _send_all(self) -> None:
        """psycopg has made the connection one that never blocks: what the socket did not take waits in libpq."""
        while self._libpq.flush():
            self._either.poll()
            self._libpq.consume_input()

    def _answer(self) -> PGresult:
        """Of one statement; the end of its answer is taken too."""
        result = self._next()
        if result is None:
            raise psycopg.OperationalError("the connection is lost: an answer is missing")
        self._next()
        return result

    def _next(self) -> PGresult | None:
        """Waits outside of Python's lock, as libpq's own get_result does not."""
        while self._libpq.is_busy():
            self._readable.poll()
            self._libpq.consume_input()
        return self._libpq.get_result()

    def _ready(self, sql: str, params: Params) -> tuple[bytes, list[bytes | None], tuple[int, ...]]:
        """Name (empty where it is not prepared), values and types."""
        values = [None if value is None else str(value).encode() for value in params]
        types = tuple(_INT8 if isinstance(value, int) else _UNKNOWN for value in params)
        return self._names.get((sql, types)) or self._prepared(sql, types), values, types

    def _prepared(self, sql: str, types: tuple[int, ...]) -> bytes:
        met = self._met[sql] = self._met.get(sql, 0) + 1
        if met < PREPARE_AT or len(self._names) >= PREPARED_MOST:
            if len(self._met) > PREPARED_MOST:
                self._met.clear()
            return b""
        name = b"kembar_%d" % len(self._names)
        self._check(self._libpq.prepare(name, _numbered(sql), types))
        self._names[sql, types] = name
        return name

    def _rows(self, result: PGresult) -> list[Any]:
        self._check(result)
        if not result.ntuples:
            return []
        # As psycopg's own cursor loads them.
        loading = Transformer(self._conn)
        loading.set_pgresult(result)
        return loading.load_rows(0, result.ntuples, tuple)

    def _check(self, result: PGresult) -> None:
        if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY):
            return
        if self._libpq.status == ConnStatus.BAD:
            raise psycopg.OperationalError(f"the connection is lost: {result.get_error_message()}")
        raise error_from_result(result)


@lru_cache(maxsize=1_024)
def _numbered(sql: str) -> bytes:
    """`?` as PostgreSQL counts its marks."""
    first, *others = sql.split("?")
    return (first + "".join(f"${number}{text}" for number, text in enumerate(others, 1))).encode()
