"""The reader of a page: language and theme, as asked for, remembered, or wished by the browser."""

from collections.abc import Mapping
from typing import Any

import bottle

from pages.render import THEMES, Look
from pages.words import LANGUAGES, Words, chosen

YEAR_S = 31_536_000


def look_of(request: Any, words: Mapping[str, Words]) -> Look:
    """What the request says of its reader; a wish that it states is remembered in a cookie."""
    query = {name: request.query.getunicode(name, "") for name in request.query}
    language = chosen(query.get("lang"), request.get_cookie("lang"), request.get_header("Accept-Language"))
    if query.pop("lang", None) in LANGUAGES:
        _remember("lang", language)
    theme = request.get_cookie("theme") or ""
    asked = query.pop("theme", None)
    if asked in (*THEMES, "auto"):
        theme = asked
        _remember("theme", asked)
    return Look(words[language], theme if theme in THEMES else "", request.path, query)


def _remember(name: str, value: str) -> None:
    bottle.response.set_cookie(name, value, path="/", max_age=YEAR_S, samesite="lax")
