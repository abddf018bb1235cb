"""Reaching a PostgreSQL server: how every connection is opened, what is refused, bringing the tables up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from store.database import Unopenable
from store.postgres import PostgresDatabase, advisory_key, pending
from store.schema_postgres import MIGRATIONS, statements

try:
    import psycopg
    from psycopg.adapt import Loader
except ImportError:  # pragma: no cover - the extra `postgres` is not installed
    psycopg = None  # type: ignore[assignment]
    Loader = object  # type: ignore[assignment,misc]

if TYPE_CHECKING:
    from psycopg.abc import Buffer

# A server that does not answer so long is not there; the caller says so and comes again.
CONNECT_S = 10
# A batch takes milliseconds, an hour of rollups some tens of them. Who waits longer for a site's lock gives up.
LOCK_S = 30
STATEMENT_S = 120
# A process that hangs within a transaction must not keep its site locked for ever.
IDLE_S = 60

_OPTIONS = (
    f"-c synchronous_commit=on -c timezone=UTC -c lock_timeout={LOCK_S}s"
    f" -c idle_in_transaction_session_timeout={IDLE_S}s"
    " -c jit=off"
)


class _WholeNumber(Loader):
    """A sum of integers comes as numeric; it has no fraction."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data))


def open_postgres(url: str) -> PostgresDatabase:
    """Open the database and migrate it; of several processes that start at once one does, the others wait."""
    db = connect(url)
    try:
        if pending(db):
            migrate(db)
    except psycopg.Error as error:
        said = f"{_shown(db)} cannot be migrated: {_said(error)}"
        db.close()
        raise Unopenable(said) from error
    return db


def connect(url: str, statement_s: int = STATEMENT_S) -> PostgresDatabase:
    """A connection as this program wants it; raises Unopenable. `statement_s` 0: one may take for ever."""
    if psycopg is None:
        raise Unopenable("PostgreSQL needs psycopg: pip install 'kembar[postgres]'")
    try:
        conn = psycopg.connect(url, **keywords(statement_s))
    except psycopg.Error as error:
        raise Unopenable(
            f"the database cannot be opened: {_said(error)}; is it running, is the url right?"
        ) from error
    prepare(conn)
    db = PostgresDatabase(conn)
    off = [name for name in ("fsync", "full_page_writes") if db.execute(f"SHOW {name}").fetchone()[0] != "on"]
    if off:
        said = f"{_shown(db)} has {' and '.join(off)} off: a power cut would lose what was acknowledged"
        db.close()
        raise Unopenable(said)
    return db


def keywords(statement_s: int = STATEMENT_S) -> dict[str, Any]:
    """How every connection is opened."""
    return {
        "autocommit": True,
        "connect_timeout": CONNECT_S,
        "application_name": "kembar",
        # A server that fell off the network is noticed: nobody waits for its answer for hours.
        "keepalives_idle": IDLE_S,
        "tcp_user_timeout": 1000 * IDLE_S,
        "options": f"{_OPTIONS} -c statement_timeout={statement_s}s",
    }


def prepare(conn: psycopg.Connection[Any]) -> None:
    """Rows come as this program wants them; what is asked often is prepared in store/postgres_statements.py."""
    conn.adapters.register_loader("numeric", _WholeNumber)
    conn.prepare_threshold = None


def migrate(db: PostgresDatabase) -> list[str]:
    """Bring the schema up to date; the names of the migrations that were applied."""
    with db.write():
        db.execute("SELECT pg_advisory_xact_lock(?)", (advisory_key("migrations"),))
        db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)")
        there = pending(db)
        for name, migration in MIGRATIONS:
            if name in there:
                for statement in statements(migration):
                    db.execute(statement)
                db.execute("INSERT INTO migrations (name) VALUES (?)", (name,))
    return there


def _shown(db: PostgresDatabase) -> str:
    """The database without its password."""
    return f"database {db.conn.info.dbname} at {db.conn.info.host or 'the local socket'}"


def _said(error: Exception) -> str:
    """libpq's words on one line; they never hold the password."""
    return " ".join(str(error).split())
