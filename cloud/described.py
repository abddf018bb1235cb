"""The routes of edges as paths of OpenAPI: intake, comparing, pairing; pages/openapi.py has the read API."""

from collections.abc import Iterable

from cloud import edge_shapes as shapes
from pages.openapi import BEARER, LIMITED, answer
from pages.schema import Shape
from pages.shapes import ERROR
from sync import grant as words

JSON = "application/json"
_TEXTS: dict[str, str] = {
    "digests": "Digests of whole hours, so that an edge can compare without sending rows.",
    "digests/rows": "The intact rows of one source in a stretch of at most an hour.",
    "streams": "The home's streams, some at a time, and the time of all rows.",
    "streams/gaps": "Gaps of one stream beyond a number.",
    "streams/changes": "Changes of one stream beyond a number.",
}
_INTAKE: dict[str, str] = {
    "400": "The body is not what is described here; or a date is impossible and the two clocks differ.",
    "401": "The token is not known here.",
    "413": "Larger than a bound of docs/protocol.md.",
    "415": "Another Content-Type or Content-Encoding.",
    "422": "Nothing was taken because of some rows.",
    "503": "The database takes nothing now.",
}
_PAIRING: dict[str, str] = {
    "400": "RFC 6749 5.2 or RFC 8628 3.5; `error` is the word, such as authorization_pending.",
    "413": "The form is too long.",
}
_BEARER: dict[str, str] = {
    "401": "The token is not known here.",
    "403": "The token stands in the settings of the site.",
    "409": "The home has as many tokens as it may have.",
}


def paths() -> Shape:
    """By path; every route of cloud/ingest.py and cloud/pairing_routes.py."""
    ask = {
        f"/api/v1/{name}": _post(_TEXTS[name], question, told, _INTAKE)
        for name, (question, told) in shapes.QUESTIONS.items()
    }
    again = answer("No part followed its stream's cursor; where the streams stand.", shapes.ANSWER)
    batch = _post("Readings, gaps and changes.", shapes.BATCH, shapes.ANSWER, _INTAKE, packed=True)
    batch["post"]["responses"]["409"] = again
    return {
        "/api/v1/streams/cursors": _post("Where to go on.", shapes.CURSORS, shapes.ANSWER, _INTAKE),
        "/api/v1/batches": batch,
        "/api/v1/latest": _post("Newest values, shown and not kept.", shapes.LATEST, shapes.ANSWER, _INTAKE),
        "/api/v1/mends": _post(
            "Rows that only the edge holds intact.", shapes.BATCH, shapes.MENDED, _INTAKE, packed=True
        ),
        **ask,
        words.PAIR: _form("An edge asks to be paired.", shapes.WISH, shapes.WISHED, _PAIRING, ()),
        words.PAIR_TOKEN: _form(
            "The token of a confirmed pairing.", shapes.GRANT, shapes.GRANTED, {**_PAIRING, "409": _BEARER["409"]}, ()
        ),
        words.ROTATE: _form("A new token for the bearer.", None, shapes.GRANTED, _BEARER),
        words.REVOKE: _form(
            "The bearer gives its token up.", None, {"type": "object", "maxProperties": 0}, _BEARER
        ),
    }  # fmt: skip


def _post(said: str, asked: Shape, told: Shape, bad: dict[str, str], packed: bool = False) -> Shape:
    responses = {"200": answer("The answer.", told), **_refusals(bad, ERROR), **LIMITED}
    gzip = {"name": "Content-Encoding", "in": "header", "required": True, "schema": {"const": "gzip"}}
    return {
        "post": {
            "summary": said,
            "security": [BEARER],
            "parameters": [gzip] if packed else [],
            "requestBody": {"required": True, "content": {JSON: {"schema": asked}}},
            "responses": responses,
        }
    }


def _form(
    said: str, asked: Shape | None, told: Shape, bad: dict[str, str], security: Iterable[Shape] = (BEARER,)
) -> Shape:
    refused = _refusals(bad, shapes.PAIRING_ERROR)
    # Too many in all from one address, or too many pairings that wait: each in its own words.
    either = {"oneOf": [ERROR, shapes.PAIRING_ERROR]}
    limited = {"429": answer("Too many; Retry-After says when to come again.", either)}
    post: Shape = {"summary": said, "responses": {"200": answer("The answer.", told), **refused, **limited}}
    post["security"] = list(security)
    if asked is not None:
        post["requestBody"] = {"required": True, "content": {words.FORM: {"schema": asked}}}
    return {"post": post}


def _refusals(bad: dict[str, str], shape: Shape) -> Shape:
    return {status: answer(text, shape) for status, text in bad.items()}
