"""Forms that browsers send: bounded, read as text, and refused when this server did not make them for this browser."""

from collections.abc import Mapping
from typing import Any, TypeVar

from cloud.visitors import Visitor, is_own_form
from pages.query import Refused

# A password of 1024 characters, percent-encoded, an address to go on to, and the rest.
MOST_FORM_BYTES = 20_480
MOST_AGENT_CHARS = 200

T = TypeVar("T")


class Form:
    """The fields of one POST; raises Refused at once when it is too long or not this visitor's own."""

    def __init__(self, request: Any, visitor: Visitor) -> None:
        if request.content_length > MOST_FORM_BYTES:
            raise Refused(413, "size", f"the form has more than {MOST_FORM_BYTES} bytes")
        self._fields = request.forms
        self.address: str = request.environ.get("REMOTE_ADDR", "")
        self.agent: str = (request.get_header("User-Agent") or "")[:MOST_AGENT_CHARS]
        if not is_own_form(visitor, self["csrf"]):
            raise Refused(403, "form", "this form is too old or was not made here; open its page again")

    def __getitem__(self, field: str) -> str:
        """ "" for one that did not come."""
        return self._fields.getunicode(field, "") or ""

    def number(self, field: str) -> int:
        """0 for what is no number."""
        return whole(self[field]) or 0

    def way(self, ways: Mapping[str, T]) -> T:
        """What its field `way` asks for; raises Refused."""
        if self["way"] not in ways:
            raise Refused(422, "form", "this form says nothing that can be done")
        return ways[self["way"]]


def whole(text: str, most_digits: int = 15) -> int | None:
    """A number as people and our own links write it; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= most_digits else None


def origin_of(request: Any) -> str:
    """Where a browser that sent a form reaches this server, https included; "" when it does not say.

    The guard has compared it with the Host already.
    """
    origin = request.get_header("Origin") or ""
    return origin if origin.startswith(("https://", "http://")) else ""


def is_secure(request: Any) -> bool:
    """Whether the browser speaks https; process/proxies.py believes a proxy that says so only if it is named."""
    return bool(request.environ.get("wsgi.url_scheme") == "https")


def way_on(asked: str) -> str:
    """Where to go after a login: a page of a site here, else the front page."""
    good = asked.startswith(("/sites/", "/account", "/pair")) and "//" not in asked and "\\" not in asked
    return asked if good and asked.isprintable() else "/"
