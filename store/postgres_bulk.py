"""Rows on their way into tables of PostgreSQL: gathered within a transaction, inserted many at a time, as arrays."""

from collections.abc import Sequence
from functools import lru_cache

from store.database import Bulk, Params

# Rows that wait to be inserted by one statement; their values as text take 100 bytes each.
GATHERED_MOST = 20_000


class Gathered:
    """Of one transaction."""

    def __init__(self) -> None:
        self._rows: dict[Bulk, list[Params]] = {}

    def add(self, into: Bulk, rows: Sequence[Params]) -> bool:
        """False when there are as many as may wait."""
        held = self._rows.setdefault(into, [])
        held += rows
        return len(held) < GATHERED_MOST

    def taken(self, named_in: str | None = None) -> list[tuple[str, list[str]]]:
        """The statements that insert them; `named_in`: only into tables that this SQL names. They wait no more."""
        taken = [into for into in self._rows if named_in is None or into.table in named_in]
        return [insertion(into, self._rows.pop(into)) for into in taken]


def insertion(into: Bulk, rows: Sequence[Params]) -> tuple[str, list[str]]:
    """SQL and its values, an array for each column."""
    return _sql(into), [_array(column) for column in zip(*rows, strict=True)]


@lru_cache(maxsize=16)
def _sql(into: Bulk) -> str:
    # Several unnest in FROM would be gathered in memory first; here they go along in step.
    columns = ", ".join(f"unnest(?::bigint[]) AS {column}" for column in into.columns)
    return (
        f"INSERT INTO {into.table} ({into.names}) SELECT {into.values(into.columns)}"
        f" FROM (SELECT {columns}) AS r {into.clash}"
    )


def _array(column: Sequence[int | None]) -> str:
    """A column as PostgreSQL writes an array; by str(), which is faster than any loop."""
    return "{" + str(list(column))[1:-1].replace("None", "NULL") + "}"
