"""HTML from templates: the frame of every page in one language, with versioned static files and page data.

Templates only put values into place; everything is escaped. Figures and words are made before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
import orjson
from markupsafe import Markup

from pages.figures import Figures
from pages.menu import Menu
from pages.sync_line import SyncLine
from pages.view import View
from pages.words import LANGUAGES, Words

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_CHART_LIBRARY = "vendor/uPlot.iife.min.js"
# Texts that scripts say; the rest of the language stays on the server.
_SCRIPT_TEXTS: tuple[str, ...] = ("number", "age", "sync", "live", "chart", "now")
THEMES: tuple[str, ...] = ("light", "dark")
_NEXT_THEME = {"": "light", "light": "dark", "dark": "auto"}


@dataclass(frozen=True, slots=True)
class Look:
    """How one reader wants it: language, theme ("" = the device's), and where they are, for links back."""

    words: Words
    theme: str
    path: str
    query: Mapping[str, str]

    def here(self, **changed: str) -> str:
        """This page's own address with some parameters changed."""
        return f"{self.path}?{urlencode({**self.query, **changed})}"


class Renderer:
    """Loads templates, texts and the names of static files once. Safe for threads.

    `more`: the folder of another package with `templates` and `texts` of its own. `menu`: what a reader finds beside
    the pages of a site; asked with every page of one.
    """

    def __init__(
        self, more: Path | None = None, menu: Callable[[View], Menu | None] = lambda _view: None
    ) -> None:
        loader = jinja2.FileSystemLoader([folder / "templates" for folder in (_HERE, more) if folder])
        self._menu, self._hosted = menu, more is not None
        self._templates = jinja2.Environment(
            loader=loader,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        texts = (more / "texts",) if more else ()
        self.words = {language: Words(language, *texts) for language in LANGUAGES}
        self._versions: dict[str, str] = {}

    def page(self, template: str, look: Look, **values: Any) -> str:
        other = next(language for language in LANGUAGES if language != look.words.language)
        return self._templates.get_template(template).render(
            t=look.words,
            theme=look.theme,
            static=self.static,
            site_name=values.pop("site_name", ""),
            menu=values.pop("menu", None),
            hosted=self._hosted,
            other_language=other,
            other_language_url=look.here(lang=other),
            next_theme_url=look.here(theme=_NEXT_THEME[look.theme]),
            **values,
        )

    def site_page(
        self,
        template: str,
        look: Look,
        view: View,
        line: SyncLine,
        figures: Figures,
        data: Any,
        **values: Any,
    ) -> str:
        """A page of one site, with the header line and what its scripts need."""
        return self.page(
            template,
            look,
            site_name=view.site.name,
            menu=self._menu(view),
            home=view.home,
            twin=view.site.twin,
            line=line,
            line_text=line_text(line, figures, view.now_ms()),
            has_charts=(STATIC / _CHART_LIBRARY).is_file(),
            data=_embedded(_page_data(view, look.words, data)),
            **values,
        )

    def static(self, name: str) -> str:
        """The address of a static file, with its content's mark so that it may be kept for ever."""
        if name not in self._versions:
            self._versions[name] = blake2b((STATIC / name).read_bytes(), digest_size=6).hexdigest()
        return f"/static/{name}?v={self._versions[name]}"


def line_text(line: SyncLine, figures: Figures, now_ms: int) -> str:
    at = "" if line.last_ms is None else figures.since(line.last_ms, now_ms)
    waits = "?" if line.backlog_rows is None else figures.many(line.backlog_rows)
    return figures.words(f"sync.{line.state}", n=waits, at=at)


# The LAN is near and free; a hosted site is asked half as often.
POLL_MS = {"edge": 500, "cloud": 1000}


def _page_data(view: View, words: Words, data: Any) -> dict[str, Any]:
    said = {f"{part}.{key}": text for part in _SCRIPT_TEXTS for key, text in words.below(part).items()}
    return {
        "api": view.api,
        "zone": view.site.zone.key,
        "poll_ms": POLL_MS[view.site.twin],
        "words": said,
        "months": words.names("calendar.months"),
        "chart": data,
    }


def _embedded(data: Any) -> Markup:
    """JSON that cannot end its script element; a data block is not a script, so the CSP lets it be."""
    return Markup(orjson.dumps(data).decode().replace("<", "\\u003c"))
