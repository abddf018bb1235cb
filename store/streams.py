"""Streams: which (source, boot) a site has, where each begins and how far everything is accounted for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from store.database import Database, Question, Result

_SELECT = "SELECT id, source, boot, kind, first, cursor, uncertain FROM streams"


@dataclass(frozen=True, slots=True)
class Stream:
    """One (source, boot): every seq in first ... cursor is stored or in a gap.

    `uncertain`: its dates were estimated, because its boot never met a known clock or was hardly heard.
    """

    id: int
    source: str
    boot: int
    kind: str
    first: int
    cursor: int
    uncertain: bool


class Streams:
    """The streams of one site."""

    def __init__(self, db: Database, site: int = 0) -> None:
        self._db = db
        self._site = site
        self._ahead: dict[tuple[str, int], Stream | None] = {}

    def find(self, source: str, boot: int) -> Stream | None:
        if (source, boot) in self._ahead:
            return self._ahead.pop((source, boot))
        return self._db.ask(self.finding(source, boot))

    def finding(self, source: str, boot: int) -> Question[Stream | None]:
        sql = f"{_SELECT} WHERE site = ? AND source = ? AND boot = ?"
        return Question(sql, (self._site, source, boot), _stream_of)

    def found_ahead(self, source: str, boot: int, stream: Stream | None) -> None:
        """What the next `find` of it gives: the caller has asked already, in the transaction that goes on."""
        self._ahead[source, boot] = stream

    def cursor(self, source: str, boot: int) -> int:
        """Up to where everything is on disk or accounted for; 0 for a stream that is not known."""
        stream = self.find(source, boot)
        return stream.cursor if stream else 0

    def all(self) -> Sequence[Stream]:
        """Every stream in the order they were met.

        A replay asks for every batch, and a house has thousands after years: they are read again only when
        something was written. What a transaction sees is not remembered, because it may be rolled back.
        """
        return self._db.remembered(("streams", self._site), self._read)

    def _read(self) -> Sequence[Stream]:
        found = self._db.execute(f"{_SELECT} WHERE site = ? ORDER BY id", (self._site,))
        return tuple(map(_stream, found))

    def beyond(self, after_id: int, most: int) -> list[Stream]:
        """At most `most` streams that were met after the one with this local number."""
        rows = self._db.execute(
            f"{_SELECT} WHERE site = ? AND id > ? ORDER BY id LIMIT ?", (self._site, after_id, most)
        )
        return [_stream(row) for row in rows]

    def span_ms(self) -> tuple[int, int] | None:
        """The dates of the first and the last dated row of all streams; None when there is none."""
        row = self._db.execute(
            "SELECT min(first_ms), max(last_ms) FROM streams WHERE site = ?", (self._site,)
        ).fetchone()
        return None if row[0] is None else (row[0], row[1])

    def begin(self, source: str, boot: int, kind: str, first: int) -> Stream:
        number = self._db.insert_id(
            "INSERT INTO streams (site, source, boot, kind, first, cursor) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            (self._site, source, boot, kind, first, first - 1),
        )
        return Stream(number, source, boot, kind, first, first - 1, False)

    def move(
        self, stream: int, cursor: int, uncertain: bool = False, taken: Iterable[int | None] = ()
    ) -> None:
        """Move a cursor forward; it never goes back. Once uncertain, a stream stays so. `taken`: as of `reach`."""
        wider, dates = _wider(taken)
        self._db.execute(
            "UPDATE streams SET cursor = CASE WHEN cursor < ? THEN ? ELSE cursor END,"
            f" uncertain = CASE WHEN uncertain < ? THEN 1 ELSE uncertain END{wider} WHERE id = ?",
            (cursor, cursor, int(uncertain), *dates, stream),
        )

    def first(self, stream: int) -> int:
        return int(self._db.execute("SELECT first FROM streams WHERE id = ?", (stream,)).fetchone()[0])

    def lower(self, stream: int, first: int) -> None:
        """Let a stream begin earlier than was known; its cursor stays."""
        self._db.execute("UPDATE streams SET first = ? WHERE id = ?", (first, stream))

    def reach(self, stream: int, taken: Iterable[int | None]) -> None:
        """Widen the time from the first to the last dated row by newly dated ones."""
        wider, dates = _wider(taken)
        if dates:
            self._db.execute(
                f"UPDATE streams SET {wider.removeprefix(',')} WHERE id = ?",
                (*dates, stream),
            )


def _wider(taken: Iterable[int | None]) -> tuple[str, tuple[int, ...]]:
    """The time from the first to the last dated row, widened by newly dated ones: SQL after a comma, its values."""
    dated = [taken_ms for taken_ms in taken if taken_ms is not None]
    if not dated:
        return "", ()
    low, high = min(dated), max(dated)
    return (
        ", first_ms = CASE WHEN first_ms <= ? THEN first_ms ELSE ? END,"
        " last_ms = CASE WHEN last_ms >= ? THEN last_ms ELSE ? END",
        (low, low, high, high),
    )


def _stream_of(answer: Result) -> Stream | None:
    row = answer.fetchone()
    return _stream(row) if row else None


def _stream(row: tuple[int, str, int, str, int, int, int]) -> Stream:
    return Stream(*row[:6], uncertain=bool(row[6]))
