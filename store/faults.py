"""Faults: what a database says when it cannot do something, of both engines, as tuples for `except`."""

import sqlite3

try:
    import psycopg
except ImportError:  # the extra `postgres` is not installed
    ANY: tuple[type[Exception], ...] = (sqlite3.Error,)
    CONTRADICTION: tuple[type[Exception], ...] = (sqlite3.IntegrityError,)
    UNAVAILABLE: tuple[type[Exception], ...] = (sqlite3.OperationalError,)
else:
    ANY = (sqlite3.Error, psycopg.Error)
    # What is to be stored contradicts what is there, or does not fit.
    CONTRADICTION = (sqlite3.IntegrityError, psycopg.IntegrityError, psycopg.DataError)
    # It may work later: full or held, restarted, or the connection is gone.
    UNAVAILABLE = (
        sqlite3.OperationalError,
        psycopg.OperationalError,
        psycopg.InterfaceError,
        psycopg.InternalError,
    )
