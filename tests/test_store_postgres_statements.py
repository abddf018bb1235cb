"""Statements of PostgreSQL through libpq: what is told is done in order with the next question, or not at all."""

from collections.abc import Iterator
from contextlib import closing, suppress

import psycopg
import pytest
from engines import Made

from store.postgres import PostgresDatabase
from store.postgres_server import connect
from store.postgres_statements import PREPARE_AT, TOLD_MOST, Statements

ROWS = "SELECT id, name FROM sites ORDER BY id"


@pytest.fixture
def db(postgresql: Made) -> Iterator[PostgresDatabase]:
    with postgresql.addresses() as address_of, closing(connect(address_of("statements"))) as db:
        yield db


@pytest.fixture
def statements(db: PostgresDatabase) -> Statements:
    return Statements(db.conn)


def test_values_and_rows_are_what_they_were(statements: Statements) -> None:
    asked = "SELECT CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS BIGINT), sum(n) FROM generate_series(1, 3) AS s (n)"
    for _ in range(PREPARE_AT + 1):
        assert statements.ask(asked, (2**62, "a % b 'c'", None)) == [(2**62, "a % b 'c'", None, 6)]


def test_what_is_told_is_done_before_what_is_asked(statements: Statements) -> None:
    statements.tell("INSERT INTO sites (id, name) VALUES (?, ?)", (1, "rumah"))
    statements.tell("UPDATE sites SET name = ? WHERE id = ?", ("kos", 1))
    assert statements.ask(ROWS) == [(1, "kos")]


def test_more_than_may_be_told_is_sent_by_itself(statements: Statements) -> None:
    for number in range(1, 2 * TOLD_MOST + 10):
        statements.tell("INSERT INTO sites (id, name) VALUES (?, ?)", (number, f"s{number}"))
    assert len(statements.ask(ROWS)) == 2 * TOLD_MOST + 9


def test_what_no_socket_takes_at_once_is_sent_all_the_same(statements: Statements) -> None:
    names = "{" + ",".join(f"{number:0100}" for number in range(20_000)) + "}"
    for _ in range(PREPARE_AT):
        statements.tell("DELETE FROM sites")
        statements.tell("INSERT INTO sites (name) SELECT * FROM unnest(CAST(? AS TEXT[]))", (names,))
        assert statements.ask("SELECT count(*) FROM sites") == [(20_000,)]


def test_the_first_error_of_what_was_told_is_raised_by_the_question(statements: Statements) -> None:
    statements.tell("INSERT INTO sites (id, name) VALUES (1, 'rumah')")
    statements.tell("INSERT INTO sites (id, name) VALUES (1, 'kos')")
    statements.tell("INSERT INTO nowhere VALUES (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        statements.ask(ROWS)
    # Together they are one transaction, and the connection goes on.
    assert statements.ask(ROWS) == []


def test_what_was_told_and_forgotten_is_not_done(statements: Statements) -> None:
    statements.tell("INSERT INTO sites (id, name) VALUES (1, 'rumah')")
    statements.forget()
    assert statements.ask(ROWS) == []


def test_an_error_that_comes_late_rolls_the_transaction_back(db: PostgresDatabase) -> None:
    def twice() -> None:
        with db.write():
            db.execute("INSERT INTO sites (id, name) VALUES (1, 'rumah')")
            db.execute("INSERT INTO sites (id, name) VALUES (1, 'kos')")

    with pytest.raises(psycopg.errors.UniqueViolation):
        twice()
    with db.write():
        db.execute("INSERT INTO sites (id, name) VALUES (2, 'kos')")
    assert db.execute(ROWS).fetchall() == [(2, "kos")]


def test_a_commit_that_the_server_turns_into_a_rollback_is_no_commit(db: PostgresDatabase) -> None:
    def swallowing() -> None:
        with db.write():
            db.execute("INSERT INTO sites (id, name) VALUES (1, 'rumah')")
            with suppress(psycopg.Error):
                db.execute("SELECT * FROM nowhere")

    with pytest.raises(psycopg.InternalError, match="not committed: b'ROLLBACK'"):
        swallowing()
    assert db.execute(ROWS).fetchall() == []


def test_nothing_is_sent_of_a_transaction_that_fails_before_its_first_question(db: PostgresDatabase) -> None:
    def failing() -> None:
        with db.write(1):
            db.execute("INSERT INTO sites (id, name) VALUES (1, 'rumah')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert db.execute(ROWS).fetchall() == []


def test_a_connection_that_is_ended_while_it_waits_is_told(
    db: PostgresDatabase, statements: Statements
) -> None:
    statements.tell("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(psycopg.OperationalError):
        statements.ask(ROWS)
