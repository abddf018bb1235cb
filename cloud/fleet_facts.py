"""The facts of a fleet, read from the database by a few queries for all homes together; no HTML here.

A gap is unexplained when nobody told its cause. What only a close look at one home finds (its page Health goes through
the last day minute by minute) is not looked for here.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from cloud.edges import Edge, edge_of, present
from cloud.fleet import BOARD_SILENT_MS, GAPS_MS, Home, Unexplained
from cloud.senders import TOLD_MS
from cloud.sites import MOST_ASKED, HostedSite
from metering.gap import CAUSES
from store.comparisons import Proof
from store.database import Database
from sync.answer import Rival

# All of them are held and sorted in memory; an account has at most 500 (cloud/members.py).
MOST_SITES = 1_000
# Of a stream whose next boot began before the range, no gap reaches into it: the last one ends there.
_REACHES = (
    "(s.last_ms IS NULL OR s.last_ms >= ? OR NOT EXISTS (SELECT 1 FROM streams n WHERE n.site = s.site"
    " AND n.source = s.source AND n.first_ms > s.last_ms AND n.first_ms < ?))"
)


def read(db: Database, sites: Sequence[HostedSite], now_ms: int) -> list[Home]:
    """Of the first MOST_SITES of them, in their order."""
    homes: list[Home] = []
    with db.read():
        for begin in range(0, min(len(sites), MOST_SITES), MOST_ASKED):
            some = sites[begin : min(begin + MOST_ASKED, MOST_SITES)]
            homes += _Facts(db, [site.number for site in some], now_ms).homes(some)
    return homes


class _Facts:
    """The queries for some sites, each asked once for all of them."""

    def __init__(self, db: Database, numbers: list[int], now_ms: int) -> None:
        self._db, self._numbers, self._now_ms = db, numbers, now_ms
        self._among = f"site IN ({', '.join('?' * len(numbers))})"

    def homes(self, sites: Sequence[HostedSite]) -> Iterator[Home]:
        heard = dict(self._rows("SELECT site, heard_ms FROM contacts"))
        edges, rivals, boards = self._edges(), self._rivals(), self._boards()
        unexplained, proofs = self._unexplained(), self._proofs()
        for site in sites:
            number = site.number
            yield Home(
                site,
                heard.get(number),
                present(edges[number]),
                unexplained.get(number, Unexplained()),
                tuple(rivals[number]),
                tuple(boards[number]),
                proofs.get(number),
            )

    def _rows(self, select: str, also: str = "", *values: int | str) -> list[Any]:
        sql = f"{select} WHERE {self._among} {also}"
        return self._db.execute(sql, (*self._numbers, *values)).fetchall()

    def _edges(self) -> dict[int, list[Edge]]:
        found: dict[int, list[Edge]] = defaultdict(list)
        rows = self._rows(
            "SELECT site, edge, version, waiting, heard_ms FROM edges", "ORDER BY heard_ms DESC, edge"
        )
        for site, *row in rows:
            found[site].append(edge_of(*row))
        return found

    def _rivals(self) -> dict[int, list[Rival]]:
        found: dict[int, list[Rival]] = defaultdict(list)
        also = "AND at_ms > ? ORDER BY kind, about"
        for site, *row in self._rows(
            "SELECT site, kind, about, other, at_ms FROM rivals", also, self._now_ms - TOLD_MS
        ):
            found[site].append(Rival(*row))
        return found

    def _boards(self) -> dict[int, list[tuple[str, int]]]:
        """Boards whose last reading is older than any way here takes, but not so old that they were taken away."""
        found: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for site, source, last_ms in self._rows(
            "SELECT site, source, max(last_ms) FROM streams",
            "AND kind = 'readings' GROUP BY site, source HAVING max(last_ms) > ? AND max(last_ms) < ?"
            " ORDER BY site, source",
            self._now_ms - GAPS_MS,
            self._now_ms - BOARD_SILENT_MS,
        ):
            found[site].append((source, last_ms))
        return found

    def _unexplained(self) -> dict[int, Unexplained]:
        from_ms, to_ms = self._now_ms - GAPS_MS, self._now_ms
        rows = self._db.execute(
            "SELECT s.site, count(*), sum(CASE WHEN g.from_ms <= g.to_ms THEN"
            " CASE WHEN g.to_ms < ? THEN g.to_ms ELSE ? END - CASE WHEN g.from_ms > ? THEN g.from_ms ELSE ? END"
            " ELSE 0 END), sum(CASE WHEN g.from_ms <= g.to_ms THEN 0 ELSE 1 END)"
            f" FROM streams s JOIN gaps g ON g.stream = s.id WHERE s.{self._among} AND {_REACHES}"
            f" AND g.cause NOT IN ({', '.join('?' * len(CAUSES))})"
            " AND (g.to_ms IS NULL OR g.to_ms >= ?) AND (g.from_ms IS NULL OR g.from_ms < ?) GROUP BY s.site",
            (to_ms, to_ms, from_ms, from_ms, *self._numbers, from_ms, from_ms, *CAUSES, from_ms, to_ms),
        )
        return {site: Unexplained(*map(int, row)) for site, *row in rows}

    def _proofs(self) -> dict[int, Proof]:
        rows = self._rows("SELECT site, days, rows, equal, quarantined, conflicts, at_ms FROM proofs")
        return {site: Proof(*row) for site, *row in rows}
