"""The read API's routes as one table; app.py mounts it, openapi.py describes it.

What each route answers stands in pages.answers and pages.accounts, the streamed readings in pages.export.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pages import accounts, answers, export
from pages.query import Query, Refused
from pages.view import View
from store.history import History

Answer = Callable[[View, History, Query], accounts.Shape]


@dataclass(frozen=True, slots=True)
class Route:
    """GET <api>/<name> with these parameters."""

    name: str
    answer: Answer
    parameters: tuple[str, ...] = ()


ROUTES: tuple[Route, ...] = (
    Route("meters", answers.meters),
    Route("latest", answers.latest),
    Route("series", answers.series, ("meter", "quantity", "from", "to", "points")),
    Route("energy", answers.energy, ("meter", "period", "from", "to")),
    Route("gaps", accounts.gaps, ("from", "to", "after", "most")),
    Route("ledger", accounts.ledger, ("from", "to")),
    Route("health", answers.health),
)
READINGS_PARAMETERS: tuple[str, ...] = ("meter", "from", "to", "format", "raw")
_WRITERS = {"json": export.json, "csv": export.csv}
_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Download:
    content_type: str
    filename: str
    pieces: Iterator[bytes]


def readings(view: View, query: Query, slots: export.Slots) -> Download:
    """All checks now, the rows while they are sent; refused with 503 when too many exports run."""
    style = query.word("format", tuple(_WRITERS), "json")
    raw = query.word("raw", ("0", "1"), "0") == "1"
    span = query.open_span()
    with view.site.history() as history:
        known = history.meters()
        meters = [query.meter(known)] if query.text("meter") else known
    release = slots.take()
    if release is None:
        raise Refused(503, "busy", f"{export.EXPORTS_AT_ONCE} exports are running; try again in a while")

    def pieces() -> Iterator[bytes]:
        try:
            with view.site.history() as history:
                yield from _WRITERS[style](history, meters, span, raw)
        finally:
            release()

    names = [view.site.key or "kembar", *([meters[0].key.replace("/", "-")] if query.text("meter") else [])]
    return Download(_TYPES[style], f"{'-'.join(names)}.{style}", pieces())
