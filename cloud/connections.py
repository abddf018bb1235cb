"""The database connections of a server's threads: a thread has one from its first question on, until it gives it back.

With SQLite a thread keeps its own for good. With PostgreSQL it is borrowed from a pool for one request: a connection
that broke is replaced there, one that idles is closed, and no request is answered by a dead one.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from process.serve import THREADS
from store.database import Database
from store.opening import open_cloud, sqlite_path
from store.pool import Pool
from store.sqlite import open_database

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Connections(ABC):
    def __init__(self) -> None:
        self._local = threading.local()

    def mine(self) -> Database:
        """The calling thread's connection; raises store.database.Unopenable."""
        db: Database | None = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = self._another()
        return db

    @abstractmethod
    def _another(self) -> Database:
        """One for a thread that has none."""

    def part_with(self) -> Callable[[], None]:
        """The calling thread's connection is no longer its own but an answer's, whichever thread writes that.

        What is returned gives it back; whoever writes calls it when it asks no more.
        """
        db, self._local.db = getattr(self._local, "db", None), None
        return lambda: None if db is None else self._put_back(db)

    @abstractmethod
    def _put_back(self, db: Any) -> None:
        """One that `_another` gave is free for the next thread that has none."""

    @abstractmethod
    def give_back(self) -> None:
        """The calling thread needs it no more; nothing when it has none."""

    @abstractmethod
    def close(self) -> None:
        """Close every connection, when no thread uses one any more."""


def connections_to(address: str) -> Connections:
    """Nothing is opened yet but, with PostgreSQL, once: migrated, and refused where it would lose something."""
    path = sqlite_path(address)
    if path is not None:
        return _OfThreads(path)
    open_cloud(address).close()
    return _Borrowed(Pool(address, THREADS))


class _OfThreads(Connections):
    """SQLite."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._lock = threading.Lock()
        self._opened: list[Database] = []
        self._spare: list[Database] = []

    def _another(self) -> Database:
        with suppress(IndexError):
            return self._spare.pop()
        db = open_database(self._path, "cloud")
        with self._lock:
            self._opened.append(db)
        return db

    def _put_back(self, db: Any) -> None:
        self._spare.append(db)

    def give_back(self) -> None:
        """Opening the file again would cost more than keeping it."""

    def close(self) -> None:
        with self._lock:
            for db in self._opened:
                db.close()
            self._opened.clear()
            self._spare.clear()
            self._local = threading.local()


class _Borrowed(Connections):
    """PostgreSQL."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self._pool = pool

    def _another(self) -> Database:
        return self._pool.borrow()

    def _put_back(self, db: Any) -> None:
        self._pool.give_back(db)

    def give_back(self) -> None:
        self.part_with()()

    def close(self) -> None:
        self._pool.close()


class GivesBack:
    """An application whose threads give their connections back when an answer is written."""

    def __init__(self, application: WSGIApplication, connections: Connections) -> None:
        self._application, self._connections = application, connections

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        answer: Iterable[bytes] = ()
        try:
            answer = self._application(environ, start)
        finally:
            # A list is whole; anything else may still ask while it is written, as an export does.
            if isinstance(answer, (list, tuple)):
                self._connections.give_back()
        return answer if isinstance(answer, (list, tuple)) else _Written(answer, self._connections)


class _Written:
    """An answer that still asks while it is written, perhaps by another thread, which closes it at the end."""

    def __init__(self, answer: Any, connections: Connections) -> None:
        self._answer, self._connections = answer, connections
        self._done = connections.part_with()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        try:
            if hasattr(self._answer, "close"):
                self._answer.close()
        finally:
            self._done()
            # What this thread took to write it: it may be the thread's last act.
            self._connections.part_with()()
