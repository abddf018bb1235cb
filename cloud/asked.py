"""What an edge asks with one request: who it says it is, and a body that is read when that is known to be true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from sync.packing import MOST_PACKED_BYTES
from sync.rejection import BadShape, OverSize, WrongEncoding

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Asked:
    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ
        self.path: str = environ["PATH_INFO"]

    @property
    def bearer(self) -> str | None:
        """The Authorization header."""
        return self._environ.get("HTTP_AUTHORIZATION")

    def body(self, encoding: str = "") -> bytes:
        """Raises a Rejection where it is longer, of another type or in another encoding than it may be."""
        came = self._environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        kind = self._environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        length = int(self._environ.get("CONTENT_LENGTH") or 0)
        if came != encoding:
            said = f"Content-Encoding {came[:20] or 'none'}"
            raise WrongEncoding(f"{said}; expected {encoding or 'none'}")
        if kind not in ("", "application/json"):
            raise WrongEncoding(f"Content-Type {kind[:40] or 'none'}; expected application/json")
        if length > MOST_PACKED_BYTES:
            raise OverSize(f"the body has {length} bytes; at most {MOST_PACKED_BYTES}")
        return bytes(self._environ["wsgi.input"].read(max(0, length)))

    def json(self) -> Any:
        """Raises a Rejection."""
        try:
            return orjson.loads(self.body())
        except orjson.JSONDecodeError as error:
            raise BadShape(f"the body is not JSON: {error}") from error
