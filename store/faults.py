"""What a database raises, by what it means to who asked; the same for both engines."""

import sqlite3

from store.database import Unopenable

try:
    import psycopg
except ImportError:  # pragma: no cover - the extra `postgres` is not installed
    _ANY: tuple[type[Exception], ...] = ()
    _CONTRADICTION = _UNAVAILABLE = _ANY
else:
    _ANY = (psycopg.Error,)
    _CONTRADICTION = (psycopg.IntegrityError,)
    # Lost, shutting down, full, read-only, waited too long for a lock: all come and go without the caller's doing.
    _UNAVAILABLE = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)

ANY: tuple[type[Exception], ...] = (sqlite3.Error, *_ANY, Unopenable)
# What was to be written contradicts what is there: coming again does not help.
CONTRADICTION: tuple[type[Exception], ...] = (sqlite3.IntegrityError, *_CONTRADICTION)
# Nothing was written; the same may be taken later.
UNAVAILABLE: tuple[type[Exception], ...] = (sqlite3.OperationalError, *_UNAVAILABLE, Unopenable)
