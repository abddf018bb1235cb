"""One database connection per thread of the server, opened when the thread first needs it."""

import threading
from pathlib import Path

from store.database import Database
from store.sqlite import open_database


class Connections:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._lock = threading.Lock()
        self._opened: list[Database] = []

    def mine(self) -> Database:
        """The calling thread's connection; raises store.database.Unopenable."""
        db: Database | None = getattr(self._local, "db", None)
        if db is None:
            db = self._local.db = open_database(self._path, "cloud")
            with self._lock:
                self._opened.append(db)
        return db

    def close(self) -> None:
        """Close every connection, when no thread uses one any more."""
        with self._lock:
            for db in self._opened:
                db.close()
            self._opened.clear()
            self._local = threading.local()
