"""The pages "history" and "recap", and the table as CSV: what was picked is looked up once and written."""

from collections.abc import Callable
from typing import Any

import bottle

from pages.figures import Figures
from pages.history_charts import HistoryCharts
from pages.history_page import HistoryWriter
from pages.history_table import TableWriter
from pages.picked import ALL, Picked, picked
from pages.query import Query, Refused
from pages.reader import look_of
from pages.readings_table import ReadingsWriter
from pages.recap import recap
from pages.recap_page import RecapWriter
from pages.render import Look, Renderer
from pages.stretch import Stretch, stretch
from pages.view import View
from store.history import History

# A page beyond any table's last one is the last one.
_MOST_PAGES = 1_000


class HistoryHtml:
    def __init__(self, renderer: Renderer) -> None:
        self._render = renderer
        self.pages: dict[str, Callable[[View], Any]] = {
            "/history": self.history,
            "/history.csv": self.csv,
            "/recap": self.recap,
        }

    def history(self, view: View) -> str:
        look, now_ms = look_of(bottle.request, self._render.words), view.now_ms()
        figures = Figures(look.words, view.site.zone)
        line = view.sync_line(view.site.condition(), now_ms)
        with view.site.history() as history:
            meters, faces = history.meters(), view.faces(history)
            if not meters:
                return self._render.site_page(
                    "history.html", look, view, line, figures, None, here="history", page=None
                )
            chosen = self._picked(view, history, look)
            found = self._stretch(view, history, chosen, now_ms)
            begun = [span[0] for meter in chosen.meters if (span := history.span_ms(meter))]
            sort, rows = look.query.get("sort", ""), look.query.get("rows", "")
            writer = HistoryWriter(figures, faces, view.home, view.api)
            page = writer.page(
                found, [meter.key for meter in meters], min(begun, default=None), now_ms, rows, sort
            )
            table = readings = None
            if rows == "readings":
                after = look.query.get("after", "")
                readings = ReadingsWriter(figures, faces, view.home).table(history, chosen, after)
            else:
                which = Query({"page": look.query.get("page", "")}, ("page",), view.site.zone)
                number = which.whole("page", 1, _MOST_PAGES, 1)
                table = TableWriter(figures, faces, view.home).table(found, sort, number)
        chart = None if found.is_empty else HistoryCharts(figures, faces, view.home, view.api).charts(found)
        return self._render.site_page(
            "history.html",
            look,
            view,
            line,
            figures,
            chart,
            here="history",
            page=page,
            table=table,
            readings=readings,
        )

    def csv(self, view: View) -> Any:
        look, now_ms = look_of(bottle.request, self._render.words), view.now_ms()
        with view.site.history() as history:
            if not history.meters():
                raise Refused(404, "meter", "there is no meter yet")
            found = self._stretch(view, history, self._picked(view, history, look), now_ms)
            faces = view.faces(history)
        bottle.response.content_type = "text/csv; charset=utf-8"
        name = _file_name(found.picked)
        bottle.response.set_header("Content-Disposition", f'attachment; filename="{name}"')
        writer = TableWriter(Figures(look.words, view.site.zone), faces, view.home)
        return writer.csv(found, look.query.get("sort", ""))

    def recap(self, view: View) -> str:
        look, now_ms = look_of(bottle.request, self._render.words), view.now_ms()
        figures = Figures(look.words, view.site.zone)
        line = view.sync_line(view.site.condition(), now_ms)
        with view.site.history() as history:
            meters, faces = history.meters(), view.faces(history)
            page = None
            if meters:
                asked = {name: look.query[name] for name in ("at", "meter") if look.query.get(name)}
                if asked.get("meter") == ALL:
                    del asked["meter"]
                chosen = picked(asked | {"period": "month"}, meters, now_ms, view.site.zone)
                meter = chosen.meters[0]
                found = recap(history, meter, chosen, now_ms, view.latest.pace(history, meter, now_ms))
                keys = [meter.key for meter in meters]
                writer = RecapWriter(figures, faces, view.home)
                page = writer.page(found, chosen, keys, now_ms, look.query.get("bill", "")[:24])
        return self._render.site_page(
            "recap.html", look, view, line, figures, None, here="history", page=page
        )

    @staticmethod
    def _stretch(view: View, history: History, chosen: Picked, now_ms: int) -> Stretch:
        return stretch(history, chosen, now_ms, lambda meter: view.latest.pace(history, meter, now_ms))

    @staticmethod
    def _picked(view: View, history: History, look: Look) -> Picked:
        return picked(look.query, history.meters(), view.now_ms(), view.site.zone)


def _file_name(chosen: Picked) -> str:
    """garage-1-2026-11-19.csv"""
    meter = ALL if chosen.all_meters else chosen.meters[0].key.replace("/", "-")
    lengths = {"day": 10, "month": 7, "year": 4}
    return f"{meter}-{chosen.at.isoformat()[: lengths.get(chosen.period, 10)]}.csv"
