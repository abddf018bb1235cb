"""The read API described as OpenAPI 3.1; a test holds it against the routes and against real answers."""

from metering.calendar import PERIODS
from metering.quantity import BY_NAME
from pages.accounts import MOST_ENERGIES, MOST_GAPS, MOST_LEDGER_DAYS
from pages.answers import MOST_POINTS, USUAL_POINTS
from pages.api import READINGS_PARAMETERS, ROUTES
from pages.export import EXPORTS_AT_ONCE
from pages.schema import Shape
from pages.shapes import ANSWERS, ERROR, PULSE

VERSION = "1"

_TEXTS: dict[str, str] = {
    "meters": "Every meter that has sent a reading, with its first and last date.",
    "latest": "The newest value of every meter. Asking says that somebody looks.",
    "series": "One quantity in equal buckets; null where one is empty; the cause of each blank.",
    "energy": "Energy per hour, day or month of the site's zone, by differences of the meter's own counter.",
    "gaps": (
        "Records that are missing and silences between boots, with their cause;"
        f" the first {MOST_ENERGIES} of an answer with their energy."
    ),
    "ledger": (
        "Produced = stored + explained, for every device and UTC hour the range touches;"
        f" at most {MOST_LEDGER_DAYS} days."
    ),
    "health": "The condition of device, Pi and cloud, and whether every second is accounted for.",
    "readings": f"Every reading, streamed in a stable order. At most {EXPORTS_AT_ONCE} at once, else 503.",
}
_PARAMETERS: dict[str, Shape] = {
    "meter": {"description": "A meter's key.", "schema": {"type": "string"}, "example": "garage/1"},
    "quantity": {
        "description": "What to draw.",
        "schema": {"type": "string", "enum": list(BY_NAME), "default": "power"},
    },
    "from": {
        "description": "Begin, included: ISO 8601 (without an offset: the site's) or ms since 1970.",
        "schema": {"type": "string"},
        "example": "2026-11-19",
    },
    "after": {
        "description": f"The `next` of an answer before: the gaps that follow it, {MOST_GAPS} at most.",
        "schema": {"type": "string"},
    },
    "most": {
        "description": "At most so many gaps.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST_GAPS, "default": MOST_GAPS},
    },
    "to": {"description": "End, excluded; written like from.", "schema": {"type": "string"}},
    "points": {
        "description": "At most so many buckets.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST_POINTS, "default": USUAL_POINTS},
    },
    "period": {
        "description": "Length of a bucket.",
        "schema": {"type": "string", "enum": list(PERIODS), "default": "hour"},
    },
    "format": {
        "description": "How rows are written.",
        "schema": {"type": "string", "enum": ["json", "csv"], "default": "json"},
    },
    "raw": {
        "description": "1: the stored integers under their stored names.",
        "schema": {"type": "string", "enum": ["0", "1"], "default": "0"},
    },
}
# What a hosted site adds: who asks says so, and nobody asks too often.
BEARER: Shape = {"bearer": []}
_SECURITY: Shape = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The token of a home"},
    "session": {"type": "apiKey", "in": "cookie", "name": "kembar_session"},
}
_REQUIRED = {("series", "meter"), ("energy", "meter")}


def description(many: bool, more: Shape | None = None) -> Shape:
    """many: the cloud's paths, with the site's key in them. `more`: further paths of this server."""
    begin = "/api/v1/sites/{site}" if many else "/api/v1"
    site = [{"name": "site", "in": "path", "required": True, "schema": {"type": "string"}}] if many else []
    paths = {f"{begin}/{route.name}": _get(route.name, route.parameters, site) for route in ROUTES}
    paths[f"{begin}/readings"] = _get("readings", READINGS_PARAMETERS, site)
    paths["/api/v1/openapi.json"] = {
        "get": {
            "summary": "This description.",
            "responses": {"200": answer("The description.", {"type": "object"})},
        }
    }
    paths["/healthz"] = {
        "get": {
            "summary": "Can this process do its job? Needs no login.",
            "responses": {"200": answer("It can.", PULSE), "503": answer("It cannot.", PULSE)},
        }
    }
    guarded = {"components": {"securitySchemes": _SECURITY}} if many else {}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kembar read API",
            "version": VERSION,
            "description": (
                "Ranges are [from, to). Times in answers are ms UTC. Values are in V, A, W, Wh and Hz "
                "unless raw=1. Missing is null, never 0."
            ),
        },
        "paths": paths | (more or {}),
        **guarded,
    }


def _get(name: str, parameters: tuple[str, ...], site: list[Shape]) -> Shape:
    described = [
        {"name": one, "in": "query", "required": (name, one) in _REQUIRED, **_PARAMETERS[one]}
        for one in parameters
    ]
    good = answer("The answer.", ANSWERS[name])
    if name == "readings":
        good["content"]["text/csv"] = {"schema": {"type": "string"}}
    bad = {
        status: answer(text, ERROR)
        for status, text in (
            ("400", "A parameter is wrong; the message says which and what was expected."),
            ("404", "The meter is not known."),
            ("503", "Too many exports at once."),
        )
    }
    own = LIMITED | {"401": _NOT_IN} if site else {"421": _NOT_HERE}
    get = {
        "summary": _TEXTS[name],
        "parameters": [*site, *described],
        "responses": {"200": good, **bad, **own},
    }
    return {"get": get | ({"security": [BEARER, {"session": []}, {}]} if site else {})}


def answer(text: str, schema: Shape) -> Shape:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


LIMITED: Shape = {"429": answer("Too many requests; Retry-After says when to come again.", ERROR)}
_NOT_IN = answer("No such site, or not for who asks: public homes alone need no login.", ERROR)
_NOT_HERE = answer("The Host header is not this server's.", ERROR)
