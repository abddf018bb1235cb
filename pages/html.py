"""The pages for people: reads what a reader wants, asks the site once, writes one page.

Each handler: parse, look up, hand to a writer, render. The writers know words and figures, not requests.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import bottle

from metering.calendar import day_of, day_span
from metering.reading import Meter
from pages.day import Day, day
from pages.figures import Figures
from pages.health_page import HealthWriter
from pages.history_page import HistoryPage, HistoryWriter, table_csv
from pages.notices import NoticeWriter
from pages.now_page import NowWriter
from pages.query import Query, Refused
from pages.reader import look_of
from pages.render import Look, Renderer
from pages.site import Site
from pages.span import MOST_YEAR
from pages.view import View
from store.history import History

# Before this no time is counted in ms.
LEAST_YEAR = 1970


class Html:
    """`pages` are the paths below a site's home with their handlers."""

    def __init__(self, renderer: Renderer) -> None:
        self._render = renderer
        self.pages: dict[str, Callable[[View], Any]] = {
            "/": self.now,
            "/history": self.history,
            "/history.csv": self.history_csv,
            "/health": self.health,
        }

    def now(self, view: View) -> str:
        view.site.watch()
        now_ms, look = view.now_ms(), look_of(bottle.request, self._render.words)
        figures = Figures(look.words, view.site.zone)
        condition = view.site.condition()
        with view.site.history() as history:
            writer = NowWriter(look.words, figures, now_ms, view.faces(history))
            overview = view.overview(history, now_ms)
            page = writer.page(view.latest.of(history, now_ms), overview)
        return self._render.site_page(
            "now.html",
            look,
            view,
            view.sync_line(condition, now_ms),
            figures,
            writer.chart(overview),
            here="now",
            now=page,
            notices=NoticeWriter(look.words, figures, now_ms).all(condition, view.site.twin),
        )

    def history(self, view: View) -> str:
        now_ms, look = view.now_ms(), look_of(bottle.request, self._render.words)
        figures = Figures(look.words, view.site.zone)
        writer = HistoryWriter(look.words, figures, view.home, view.api)
        with view.site.history() as history:
            meters, found = history.meters(), self._day(view, history, look, now_ms)
            begun = [span[0] for meter in meters if (span := history.span_ms(meter))]
        page = writer.page(meters, found, min(begun, default=None), now_ms) if found else HistoryPage([])
        chart = writer.chart(found) if found and not found.is_empty else None
        line = view.sync_line(view.site.condition(), now_ms)
        return self._render.site_page(
            "history.html", look, view, line, figures, chart, here="history", page=page
        )

    def history_csv(self, view: View) -> Any:
        now_ms, look = view.now_ms(), look_of(bottle.request, self._render.words)
        with view.site.history() as history:
            found = self._day(view, history, look, now_ms)
        if found is None:
            raise Refused(404, "meter", "there is no meter yet")
        bottle.response.content_type = "text/csv; charset=utf-8"
        name = f"{found.meter.key.replace('/', '-')}-{day_of(found.from_ms, view.site.zone)}.csv"
        bottle.response.set_header("Content-Disposition", f'attachment; filename="{name}"')
        return table_csv(found, Figures(look.words, view.site.zone))

    def health(self, view: View) -> str:
        now_ms, look = view.now_ms(), look_of(bottle.request, self._render.words)
        figures = Figures(look.words, view.site.zone)
        condition = view.site.condition()
        with view.site.history() as history:
            held = view.account(history, now_ms)
        going = [view.progress(side) for side in condition.clouds]
        writer = HealthWriter(look.words, figures, now_ms, view.site.name, view.home)
        return self._render.site_page(
            "health.html",
            look,
            view,
            view.sync_line(condition, now_ms),
            figures,
            None,
            here="health",
            page=writer.page(held, condition, view.site.twin, going),
            notices=NoticeWriter(look.words, figures, now_ms).all(condition, view.site.twin),
        )

    def sites(self, request: Any, sites: Sequence[Site]) -> str:
        """The sites of one reader; a single one is opened at once."""
        if len(sites) == 1:
            bottle.redirect(f"/sites/{sites[0].key}/")
        return self._render.page("sites.html", look_of(request, self._render.words), sites=sites)

    def message(self, request: Any, status: int, detail: str = "") -> str:
        """What went wrong, for people; `detail` is the sentence that programs get."""
        look = look_of(request, self._render.words)
        key = "error.not_found" if status == 404 else "error.refused" if status < 500 else "error.failed"
        return self._render.page(
            "message.html", look, status=status, said=look.words(key), detail=detail, back="/"
        )

    def _day(self, view: View, history: History, look: Look, now_ms: int) -> Day | None:
        """The day and meter asked for: today and the first meter if nothing is."""
        meters, zone = history.meters(), view.site.zone
        if not meters:
            return None
        asked = Query({k: v for k, v in look.query.items() if k in ("meter", "day")}, ("meter", "day"), zone)
        meter: Meter = asked.meter(meters) if asked.text("meter") else meters[0]
        which = _date(asked.text("day")) or day_of(now_ms, zone)
        return day(history, meter, *day_span(which, zone), now_ms, zone)


def _date(text: str | None) -> date | None:
    """A calendar day, or Refused."""
    if text is None:
        return None
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date()
        if not LEAST_YEAR <= found.year <= MOST_YEAR:
            raise ValueError("year")
    except ValueError as error:
        raise Refused(400, "day", f"day={text!r} is not a date such as 2026-11-19") from error
    return found
