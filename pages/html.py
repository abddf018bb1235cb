"""The pages for people: reads what a reader wants, asks the site once, writes one page.

Each handler: parse, look up, hand to a writer, render. The writers know words and figures, not requests.
"""

from collections.abc import Callable, Sequence
from typing import Any

import bottle
import orjson

from pages.figures import Figures
from pages.health_page import HealthWriter
from pages.manifest import manifest
from pages.notices import NoticeWriter
from pages.now_page import NowWriter
from pages.reader import look_of
from pages.render import Renderer
from pages.site import Site
from pages.view import View


class Html:
    """`pages` are the paths below a site's home with their handlers."""

    def __init__(self, renderer: Renderer) -> None:
        self._render = renderer
        self.pages: dict[str, Callable[[View], Any]] = {
            "/": self.now,
            "/health": self.health,
            "/manifest.webmanifest": self.manifest,
        }

    def now(self, view: View) -> str:
        now_ms, look = view.now_ms(), look_of(bottle.request, self._render.words)
        figures = Figures(look.words, view.site.zone)
        condition = view.site.condition()
        with view.site.history() as history:
            writer = NowWriter(look.words, figures, now_ms, view.faces(history))
            overview = view.overview(history, now_ms)
            page = writer.page(view.latest.of(history, now_ms), overview)
        view.site.watch()
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

    def manifest(self, view: View) -> Any:
        look = look_of(bottle.request, self._render.words)
        bottle.response.content_type = "application/manifest+json"
        return orjson.dumps(manifest(view, self._render, look.words.language))

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
