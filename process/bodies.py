"""The body of a request read as a whole and within a bound before the application is called.

Under gunicorn a body that comes in chunks has no length, and one beyond the bound is handed on all the same;
waitress does by itself what is done here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PIECE_BYTES = 64 * 1024


class Bodies:
    """`arrived(environ)` is called as soon as nothing more of the request is to be read."""

    def __init__(
        self,
        application: WSGIApplication,
        most_bytes: int,
        arrived: Callable[[dict[str, Any]], None] = lambda environ: None,
    ) -> None:
        self._application, self._most_bytes, self._arrived = application, most_bytes, arrived

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        body = self._read(environ)
        self._arrived(environ)
        if body is None:
            return self._refused(
                start, "413 Content Too Large", f"the body has more than {self._most_bytes} bytes"
            )
        told = environ.get("CONTENT_LENGTH") or ""
        if told and int(told) != len(body):
            return self._refused(
                start, "400 Bad Request", f"the body ended after {len(body)} of {told} bytes"
            )
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return self._application(environ, start)

    def _read(self, environ: WSGIEnvironment) -> bytes | None:
        """None when it is longer than the bound; never more than that and one byte is held."""
        told = environ.get("CONTENT_LENGTH") or ""
        if told.isdigit() and int(told) > self._most_bytes:
            return None
        pieces, left = [], self._most_bytes + 1
        while left and (piece := environ["wsgi.input"].read(min(left, PIECE_BYTES))):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces) if left else None

    @staticmethod
    def _refused(start: StartResponse, status: str, why: str) -> Iterable[bytes]:
        said = why.encode()
        start(
            status,
            [("Content-Type", "text/plain"), ("Content-Length", str(len(said))), ("Connection", "close")],
        )
        return [said]
