"""The statements of one PostgreSQL connection: prepared when they come again, asked through libpq itself.

psycopg connects, converts rows and names errors; only its cursor is left out. A batch of one home takes ten statements
of some microseconds each, and what the cursor adds in Python was more than half of all that the server did.
"""

from __future__ import annotations

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

# All SQL of this program has about two hundred forms; each is planned once per connection. Beyond it all are let go.
PREPARED_MOST = 400
# A statement with as many marks as somebody has homes comes once and never again.
PREPARE_AT = 3
# Every integer travels as eight bytes: one plan for each statement, not one for each width of its values.
_INT8, _UNKNOWN = 20, 0


class Statements:
    """Used by one thread at a time."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn, self._libpq = conn, conn.pgconn
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._met: dict[str, int] = {}

    def ask(self, sql: str, params: Params = ()) -> list[Any]:
        """The rows, each a tuple; `?` stands for a value: an integer, a text or None. Raises psycopg.Error."""
        values = [None if value is None else str(value).encode() for value in params]
        types = tuple(_INT8 if isinstance(value, int) else _UNKNOWN for value in params)
        name = self._names.get((sql, types)) or self._prepared(sql, types)
        if name:
            # None is NULL, which its types leave out.
            return self._rows(self._libpq.exec_prepared(name, values))  # type: ignore[arg-type]
        return self._rows(self._libpq.exec_params(_numbered(sql), values, types))

    def say(self, statements: str) -> None:
        """One or more statements without values, whose rows nobody wants."""
        self._rows(self._libpq.exec_(statements.encode()))

    def _prepared(self, sql: str, types: Sequence[int]) -> bytes:
        """Its name; empty while it was met too seldom."""
        met = self._met[sql] = self._met.get(sql, 0) + 1
        if met < PREPARE_AT:
            if len(self._met) > PREPARED_MOST:
                self._met.clear()
            return b""
        if len(self._names) >= PREPARED_MOST:
            self.say("DEALLOCATE ALL")
            self._names.clear()
        name = b"kembar_%d" % len(self._names)
        self._rows(self._libpq.prepare(name, _numbered(sql), types))
        self._names[sql, tuple(types)] = name
        return name

    def _rows(self, result: PGresult) -> list[Any]:
        if result.status == ExecStatus.TUPLES_OK:
            # As psycopg's own cursor loads them.
            loading = Transformer(self._conn)
            loading.set_pgresult(result)
            return loading.load_rows(0, result.ntuples, tuple)
        if result.status in (ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY):
            return []
        if self._libpq.status == ConnStatus.BAD:
            raise psycopg.OperationalError(f"the connection is lost: {result.get_error_message()}")
        raise error_from_result(result)


@lru_cache(maxsize=1_024)
def _numbered(sql: str) -> bytes:
    """`?` as PostgreSQL counts its marks."""
    first, *others = sql.split("?")
    return (first + "".join(f"${number}{text}" for number, text in enumerate(others, 1))).encode()
