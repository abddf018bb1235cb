"""What each edge of a site says of itself with its batches: the version of its program, and how much waits there.

Nothing is made up for an edge that does not say: version None, waiting None.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from store.database import Database, Question, Result
from sync.batch import Batch

# Of one site: who holds its token could name a new edge with every batch. The one that was silent longest goes first.
MOST_OF_SITE = 16
# An edge that says nothing for so long while another one of its site speaks was replaced.
REPLACED_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Edge:
    """`waiting`: records that it still had to send when it was heard, at heard_ms."""

    name: str
    version: str | None
    waiting: int | None
    heard_ms: int


def heard(db: Database, site: int, batch: Batch, now_ms: int) -> None:
    """Keep what a batch says of its sender (inside its write transaction); one that has no name is not kept."""
    if batch.edge is None:
        return
    db.execute(
        "INSERT INTO edges (site, edge, version, waiting, heard_ms) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (site, edge) DO UPDATE SET version = excluded.version, waiting = excluded.waiting,"
        " heard_ms = excluded.heard_ms",
        (site, batch.edge, batch.version or "", batch.waiting, now_ms),
    )


def bound(db: Database, site: int) -> None:
    """Let go of those beyond MOST_OF_SITE (inside a write transaction)."""
    kept = db.execute(
        "SELECT edge FROM edges WHERE site = ? ORDER BY heard_ms DESC, edge LIMIT ?", (site, MOST_OF_SITE)
    ).fetchall()
    if len(kept) == MOST_OF_SITE:
        names = [name for (name,) in kept]
        db.execute(
            f"DELETE FROM edges WHERE site = ? AND edge NOT IN ({', '.join('?' * len(names))})",
            (site, *names),
        )


def edge_of(name: str, version: str, waiting: int | None, heard_ms: int) -> Edge:
    """Of the columns edge, version, waiting, heard_ms."""
    return Edge(name, version or None, waiting, heard_ms)


def present(edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """Of a site's edges, the one heard last first, those that were not replaced."""
    return tuple(edge for edge in edges if edges[0].heard_ms - edge.heard_ms < REPLACED_MS)


def only_one(site: int) -> Question[Edge | None]:
    """The edge of a site; None where there are several, or none that has a name."""
    return Question(
        "SELECT edge, version, waiting, heard_ms FROM edges WHERE site = ? ORDER BY heard_ms DESC, edge",
        (site,),
        _only_one,
    )


def _only_one(answer: Result) -> Edge | None:
    found = present([edge_of(*row) for row in answer])
    return found[0] if len(found) == 1 else None
