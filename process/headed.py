"""Headers that every answer has, whoever made it: the application, the server itself, a refusal in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# A year, as browsers' preload lists want it. Other names under the domain are not ours to decide.
HSTS = ("Strict-Transport-Security", "max-age=31536000")


class Headed:
    """Adds what an answer lacks; a value that the application has set stands."""

    def __init__(self, application: WSGIApplication, headers: Mapping[str, str]) -> None:
        self._application, self._headers = application, dict(headers)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        def headed(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            known = {name.lower() for name, _ in headers}
            added = [each for each in self._headers.items() if each[0].lower() not in known]
            if environ.get("wsgi.url_scheme") == "https":
                added.append(HSTS)
            return start(status, [*headers, *added], error) if error else start(status, [*headers, *added])

        return self._application(environ, headed)
