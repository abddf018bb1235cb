"""Connections to one PostgreSQL database, borrowed and given back, so many at once; psycopg's own pool below."""

from __future__ import annotations

from select import POLLIN, poll
from typing import Any

from store.database import Unopenable
from store.postgres import PostgresDatabase
from store.postgres_server import CONNECT_S, keywords, prepare
from store.postgres_statements import Statements

try:
    import psycopg
    from psycopg_pool import ConnectionPool, PoolTimeout
except ImportError:  # pragma: no cover - store.postgres_server has said so before anybody comes here
    pass
else:

    class _Connection(psycopg.Connection[Any]):
        """One that remembers what was prepared on it."""

        statements: Statements | None = None


# One is kept while nothing happens; the others are closed after so long.
IDLE_S = 300
# A connection is renewed after so long: the server gives back what its session has gathered.
LIFE_S = 3_600


def _check(conn: psycopg.Connection[object]) -> None:
    """Raises when it broke. A server that ends a connection says so on it, and nobody else says anything unasked:
    so one on which nothing lies waiting is good, and no request pays for a question.
    """
    waiting = poll()
    waiting.register(conn.fileno(), POLLIN)
    if waiting.poll(0):
        ConnectionPool.check_connection(conn)


class Pool:
    """Safe for threads. Opened in the process that uses it: what a fork shares is broken in both."""

    def __init__(self, url: str, most: int) -> None:
        self._known: dict[object, object] = {}
        self._pool = ConnectionPool(
            url,
            connection_class=_Connection,
            kwargs=keywords(),
            min_size=1,
            max_size=most,
            open=True,
            configure=prepare,
            check=_check,
            timeout=CONNECT_S,
            max_idle=IDLE_S,
            max_lifetime=LIFE_S,
            # Who asks while the server is away is told after CONNECT_S; the pool itself goes on trying for ever.
            reconnect_timeout=float("inf"),
            name="kembar",
        )

    def borrow(self) -> PostgresDatabase:
        """One that answers; raises store.database.Unopenable."""
        try:
            return self._lent(self._pool.getconn())
        except (PoolTimeout, psycopg.Error) as error:
            raise Unopenable(f"the database does not answer: {' '.join(str(error).split())}") from error

    def _lent(self, conn: _Connection) -> PostgresDatabase:
        conn.statements = conn.statements or Statements(conn)
        return PostgresDatabase(conn, conn.statements, self._known, brief=True)

    def give_back(self, db: PostgresDatabase) -> None:
        """One that broke, or that was left in the middle of something, is not lent again."""
        self._pool.putconn(db.conn)  # type: ignore[arg-type]  # it came from here

    def close(self) -> None:
        self._pool.close(CONNECT_S)
