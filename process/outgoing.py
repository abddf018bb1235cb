"""One HTTP answer: what a WSGI application said, as bytes for the wire (PEP 3333, RFC 9112); no sockets here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

# An answer up to so long is held in memory until its caller has taken it; exports are longer, or of unknown length.
HELD_MOST_BYTES = 2 * 2**20
# Answers that end with their head; a length would be that of another answer (RFC 9110, 8.6).
BODILESS = ("204", "304")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """`head` and, where it is not None, `rest`: what is still to be made while it is sent."""

    head: bytes
    rest: Iterator[bytes] | None = None
    close: Callable[[], None] = lambda: None


@dataclass
class _Started:
    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    written: list[bytes] = field(default_factory=list)

    def __call__(self, status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
        if self.status and error is None:
            raise AssertionError("start_response was called twice")
        self.status, self.headers = status, list(headers)
        return self.written.append


class Begun:
    """A request that the application was called with.

    `waits`: its answer begins only when it is asked for, as PEP 3333 allows. Who has several requests calls the
    application for each before that, so that it may work on them together. Such an answer is held whole.
    """

    def __init__(
        self, application: WSGIApplication, environ: WSGIEnvironment, headers: Mapping[str, str]
    ) -> None:
        self._started, self._headers = _Started(), headers
        self._is_version_1_1 = environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        self._body: Iterable[bytes] | None = None
        self._late: Iterator[bytes] | None = None
        try:
            self._body = application(environ, self._started)
            if not self._started.status:
                self._late = iter(self._body)
        except Exception:
            log.exception("a request failed")

    @property
    def waits(self) -> bool:
        return self._late is not None

    def is_ready(self) -> bool:
        """Of one that waits: False where its answer needs more work than others should wait for."""
        assert self._late is not None
        try:
            first = next(self._late, None)
            if first is not None:
                self._started.written.append(first)
        except Exception:
            log.exception("a request failed")
            self._started.status = ""
            self._close()
        return self._body is None or bool(self._started.status)

    def answer(self) -> Answer:
        """Never raises for what the application does: that is logged and answered with 500, and with the headers."""
        if self._body is None:
            return refusal("500 Internal Server Error", self._headers)
        try:
            body = self._body
            if self._late is not None:
                body = list(self._late)
                self._close()
            if not self._started.status:
                raise AssertionError("the application never began its answer")
            return _answer(self._started, body, self._is_version_1_1)
        except Exception:
            log.exception("a request failed")
            self._close()
            return refusal("500 Internal Server Error", self._headers)

    def _close(self) -> None:
        body, self._body = self._body, None
        if body is not None:
            _close_of(body)()


def refusal(status: str, headers: Mapping[str, str]) -> Answer:
    """Words that repeat nothing of what the caller wrote."""
    said = status.encode()
    told = [("Content-Type", "text/plain"), ("Content-Length", str(len(said))), *headers.items()]
    return Answer(_head(status, told) + said)


def _answer(started: _Started, body: Iterable[bytes], is_version_1_1: bool) -> Answer:
    told = {name.lower(): value for name, value in started.headers}
    length = told.get("content-length", "")
    if isinstance(body, (list, tuple)) or (length.isdigit() and int(length) <= HELD_MOST_BYTES):
        whole = b"".join([*started.written, *body])
        _close_of(body)()
        headers = started.headers
        if not length and not started.status.startswith(BODILESS):
            headers = [*headers, ("Content-Length", str(len(whole)))]
        return Answer(_head(started.status, headers) + whole)
    pieces = _joined(started.written, body)
    # Without a length the end is marked, so that an answer that broke off is not taken for a whole one.
    is_chunked = not length and is_version_1_1
    if is_chunked:
        pieces = _chunks(pieces)
    headers = [*started.headers, *([("Transfer-Encoding", "chunked")] if is_chunked else [])]
    return Answer(_head(started.status, headers), pieces, _close_of(body))


def _head(status: str, headers: Sequence[tuple[str, str]]) -> bytes:
    """A connection carries one request: the next one goes to whichever process is free."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "Connection: close"]
    if not any(name.lower() == "date" for name, _value in headers):
        lines.append(f"Date: {formatdate(usegmt=True)}")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header of an answer has a line break")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _joined(written: list[bytes], body: Iterable[bytes]) -> Iterator[bytes]:
    yield from written
    yield from body


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if piece:
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def _close_of(body: Any) -> Callable[[], None]:
    close: Callable[[], None] = getattr(body, "close", lambda: None)
    return close
