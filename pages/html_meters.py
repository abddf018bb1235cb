"""The pages on which meters are named and limited: the list, the form of one, and keeping what was typed."""

import logging
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import bottle

from metering.reading import Meter
from pages.beyond import beyond
from pages.figures import Figures
from pages.meter_form import MeterForm, fields, filled, read
from pages.meter_page import MeterWriter
from pages.query import Query, Refused
from pages.reader import look_of
from pages.render import Look, Renderer
from pages.site import NotSaved
from pages.view import View
from store.history import History

# Names, a colour, a phase and ten limits, however they are encoded.
MOST_FORM_BYTES = 8_192

log = logging.getLogger(__name__)


class MetersHtml:
    """`may_write(request, site)`: whether this reader may change anything."""

    def __init__(self, renderer: Renderer, may_write: Callable[[Any, Any], bool]) -> None:
        self._render, self._may_write = renderer, may_write
        self.pages: dict[str, Callable[[View], Any]] = {"/meters": self.list, "/meter": self.meter}
        self.forms: dict[str, Callable[[View], Any]] = {"/meter": self.save}

    def list(self, view: View) -> str:
        look, now_ms = look_of(bottle.request, self._render.words), view.now_ms()
        figures = Figures(look.words, view.site.zone)
        with view.site.history() as history:
            faces, newest = view.faces(history), view.latest.of(history, now_ms)
        rows = MeterWriter(figures, view.home, now_ms).list([faces.of(one.meter) for one in newest], newest)
        return self._page("meters.html", look, view, figures, rows=rows)

    def meter(self, view: View) -> str:
        look = look_of(bottle.request, self._render.words)
        figures = Figures(look.words, view.site.zone)
        said = ("", "")
        if look.query.get("saved"):
            key = "meter.saved_here" if view.site.twin == "cloud" else "meter.saved"
            said = ("good", look.words(key, at=figures.clock(view.now_ms())))
        with view.site.history() as history:
            meter = self._meter(view, history, look.query, ("meter", "saved"))
            form = filled(view.faces(history).of(meter).profile, figures)
            return self._form(look, view, history, figures, meter, form, said)

    def save(self, view: View) -> Any:
        look = look_of(bottle.request, self._render.words)
        figures = Figures(look.words, view.site.zone)
        if view.site.save is None or not self._may_write(bottle.request, view.site):
            raise Refused(403, "login", "meters are changed only by who has shown this site's token")
        with view.site.history() as history:
            meter = self._meter(view, history, look.query, ("meter",))
            # A field that did not come stays as it is: nothing is lost by a form of an older page.
            held = filled(view.faces(history).of(meter).profile, figures)
            form = read({**held.given, **_given()}, figures)
            if form.wrong:
                said = look.words.counted("meter.not_saved", len(form.wrong), figures.number(len(form.wrong)))
                bottle.response.status = 422
                return self._form(look, view, history, figures, meter, form, ("bad", said))
            try:
                view.site.save(meter, form.profile)
            except NotSaved as error:
                log.error("what was typed of %s is not kept: %s", meter.key, error)
                bottle.response.status = 503
                bad = ("bad", look.words("meter.failed"))
                return self._form(look, view, history, figures, meter, form, bad)
        view.forget_faces()
        to = f"{view.home}/meter?{urlencode({'meter': meter.key, 'saved': 1})}"
        return bottle.HTTPResponse(status=303, headers={"Location": to})

    def _form(
        self,
        look: Look,
        view: View,
        history: History,
        figures: Figures,
        meter: Meter,
        form: MeterForm,
        said: tuple[str, str],
    ) -> str:
        now_ms, faces = view.now_ms(), view.faces(history)
        newest = next((one for one in view.latest.of(history, now_ms) if one.meter == meter), None)
        span = history.span_ms(meter)
        page = MeterWriter(figures, view.home, now_ms).page(
            faces.of(meter),
            form,
            newest,
            span[0] if span else None,
            faces.rooms(),
            beyond(history, meter, form.profile, now_ms) if not form.wrong else [],
            said,
            view.site.save is not None and self._may_write(bottle.request, view.site),
        )
        return self._page("meter.html", look, view, figures, page=page)

    def _page(self, template: str, look: Look, view: View, figures: Figures, **values: Any) -> str:
        line = view.sync_line(view.site.condition(), view.now_ms())
        return self._render.site_page(template, look, view, line, figures, None, here="meters", **values)

    @staticmethod
    def _meter(view: View, history: History, query: Mapping[str, str], known: tuple[str, ...]) -> Meter:
        asked = Query({name: value for name, value in query.items() if name in known}, known, view.site.zone)
        live = [value.meter for value in view.site.live()]
        return asked.meter(sorted({*history.meters(), *live}))


def _given() -> dict[str, str]:
    """The fields of the form that was sent, those that came."""
    if bottle.request.content_length > MOST_FORM_BYTES:
        raise Refused(413, "size", f"the form has more than {MOST_FORM_BYTES} bytes")
    forms = bottle.request.forms
    return {name: forms.getunicode(name, "") or "" for name in fields() if name in forms}
