"""One HTTP request as it arrives: whole and within its bounds before anybody works on it (RFC 9112); no sockets."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, parse_url

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# A line has up to 8 kB, as everywhere; browsers send about 20 of them.
LINE_MOST_BYTES, LINES_MOST, HEAD_MOST_BYTES = 8_190, 64, 64 * 1024


class Refusal(Exception):
    """`status` is what the caller is answered with."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Incoming:
    """Fed with what comes, until `is_whole`. What the caller sends behind its request is not looked at."""

    def __init__(self, body_most_bytes: int) -> None:
        self._most = body_most_bytes
        self._parser = HttpRequestParser(self)
        self._url = bytearray()
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()
        self._head_bytes = 0
        self._has_head = False
        self._method, self._version = "", ""
        self._refused = ""
        self.is_whole = False
        # The caller sends its body only when it is told to (RFC 9110, 10.1.1).
        self.waits_for_word = False

    @property
    def held_bytes(self) -> int:
        return len(self._body) if self._has_head else self._head_bytes

    @property
    def is_version_1_1(self) -> bool:
        return self._version == "1.1"

    def feed(self, data: bytes) -> None:
        """Raises Refusal."""
        if not self._has_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            # Nobody has to do what Upgrade asks for. With a body, that would be lost.
            self._refused = self._refused or ("501 Not Implemented" if self._told_bytes() else "")
            self.is_whole = True
        except HttpParserError:
            raise Refusal(self._refused or "400 Bad Request") from None
        if not self._has_head and self._head_bytes > HEAD_MOST_BYTES:
            self._refuse("431 Request Header Fields Too Large")
        if self._refused:
            raise Refusal(self._refused)

    def environ(self) -> WSGIEnvironment:
        """What PEP 3333 wants of the request itself; wsgi.input holds the whole body. Raises Refusal."""
        path, query = self._place()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self._method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_PROTOCOL": f"HTTP/{self._version}",
            "wsgi.input": BytesIO(bytes(self._body)),
        }
        for name, value in self._headers:
            key = name.upper().replace("-", "_")
            key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
            apart = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = f"{environ[key]}{apart}{value}" if key in environ else value
        for key in ("HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_LENGTH"):
            environ.pop(key, None)
        environ["CONTENT_LENGTH"] = str(len(self._body))
        return environ

    # What the parser calls.

    def on_url(self, piece: bytes) -> None:
        if self._has_head:
            return
        self._url += piece
        if len(self._url) > LINE_MOST_BYTES:
            self._refuse("414 URI Too Long")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._has_head:
            return
        if len(self._headers) >= LINES_MOST or len(name) + len(value) > LINE_MOST_BYTES:
            self._refuse("431 Request Header Fields Too Large")
        # `X_Forwarded_For` would be taken for `X-Forwarded-For`.
        elif b"_" not in name:
            self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        if self._has_head:
            return
        self._has_head = True
        self._method = self._parser.get_method().decode("latin-1")
        self._version = str(self._parser.get_http_version())
        said = {name.lower(): value.strip().lower() for name, value in self._headers}
        if said.get("transfer-encoding", "chunked") != "chunked":
            self._refuse("501 Not Implemented")
        if self._told_bytes() > self._most:
            self._refuse("413 Content Too Large")
        expected = said.get("expect")
        if expected not in (None, "100-continue"):
            self._refuse("417 Expectation Failed")
        self.waits_for_word = expected is not None and self.is_version_1_1

    def on_body(self, piece: bytes) -> None:
        if self.is_whole or self._refused:
            return
        if len(self._body) + len(piece) > self._most:
            self._refuse("413 Content Too Large")
        else:
            self._body += piece

    def on_message_complete(self) -> None:
        self.is_whole = True

    def _place(self) -> tuple[bytes, bytes]:
        """Path and query, of `/path?query`, `http://host/path?query` or `*`."""
        if self._url == b"*":
            return b"*", b""
        try:
            url = parse_url(bytes(self._url))
        except HttpParserError:
            raise Refusal("400 Bad Request") from None
        return url.path or b"/", url.query or b""

    def _told_bytes(self) -> int:
        told = next((value for name, value in self._headers if name.lower() == "content-length"), "")
        return int(told) if told.isdigit() else 0

    def _refuse(self, status: str) -> None:
        """The first reason counts."""
        self._refused = self._refused or status
