"""Changes: everything but readings that travels (time zone, later names and limits), as a stream of its own.

A change is (seq, kind, key, rev, value as JSON). The higher rev wins, a tie goes to the greater
(source, boot): both twins choose the same one whatever the order of arrival.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from store.database import Database, Question
from store.part import CHANGES, Part
from store.streams import Streams

TIMEZONE = "timezone"


class ChangeRows:
    """Stores the rows of change streams."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def insert(self, stream: int, source: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self._db.executemany(
            "INSERT INTO changes (stream, seq, kind, key, rev, value) VALUES (?, ?, ?, ?, ?, ?)",
            [(stream, *row) for row in rows],
        )
        if any(row[1] == TIMEZONE for row in rows):
            # Its days are perhaps others now: they are not read until the next rolling has looked.
            self._db.execute(
                "DELETE FROM rollup_zones WHERE site = (SELECT site FROM streams WHERE id = ?)", (stream,)
            )

    def beyond(self, stream: int, seq: int, to_seq: int) -> list[tuple[Any, ...]]:
        """Rows (seq, kind, key, rev, value) with seq in (seq, to_seq]."""
        return self._db.execute(
            "SELECT seq, kind, key, rev, value FROM changes WHERE stream = ? AND seq > ? AND seq <= ? ORDER BY seq",
            (stream, seq, to_seq),
        ).fetchall()


class Changes:
    """The changes of one site: what holds now, and writing a new one."""

    def __init__(self, db: Database, site: int = 0) -> None:
        self._db = db
        self._site = site

    def current(self, kind: str, key: str = "") -> Any:
        """The value that holds, or None when nobody ever set one."""
        row = self._db.ask(self.winning(kind, key))
        return orjson.loads(row[1]) if row else None

    def all(self, kind: str) -> dict[str, Any]:
        """key -> the value that holds, of everything that was ever set."""
        return self._db.ask(self.holding(kind))

    def holding(self, kind: str) -> Question[dict[str, Any]]:
        return Question(
            "SELECT c.key, c.value FROM changes c JOIN streams s ON s.id = c.stream"
            " WHERE s.site = ? AND c.kind = ? ORDER BY c.key, c.rev, s.source, s.boot",
            (self._site, kind),
            lambda rows: {key: orjson.loads(value) for key, value in rows},
        )

    def next_part(self, source: str, boot: int, kind: str, value: Any, key: str = "") -> Part:
        """The part that writes a new value in this process' own stream; apply it with the receiver."""
        row = self._db.ask(self.winning(kind, key))
        seq = Streams(self._db, self._site).cursor(source, boot) + 1
        change = (seq, kind, key, (row[0] if row else 0) + 1, orjson.dumps(value).decode())
        return Part(source, boot, seq - 1, rows=[change], kind=CHANGES)

    def winning(self, kind: str, key: str = "") -> Question[tuple[int, str] | None]:
        """Revision and value, as it is kept, of the change that holds."""
        return Question(
            "SELECT c.rev, c.value FROM changes c JOIN streams s ON s.id = c.stream"
            " WHERE s.site = ? AND c.kind = ? AND c.key = ?"
            " ORDER BY c.rev DESC, s.source DESC, s.boot DESC LIMIT 1",
            (self._site, kind, key),
            lambda rows: rows.fetchone(),
        )
