"""Serves one WSGI application on one address until the process is asked to stop.

It knows no routes, no TLS and no proxies; a hosted site stands behind a web server that does TLS.
"""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask
from waitress.wasyncore import loop

from process.fields import split_address
from process.service import CannotGoOn, Running

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 8  # requests worked on at once; pages take milliseconds, the rest is for exports
CONNECTIONS_MOST = 100  # each costs a file and some KB; a household and its phones need about ten
CHANNEL_TIMEOUT_S = 60  # a caller that says nothing for so long is gone
CLEANUP_S = 10  # how often silent callers are looked for
HEADER_MOST_BYTES = 16 * 1024
BODY_MOST_BYTES = 64 * 1024  # of a form; who takes more says so
UNSENT_MOST_BYTES = 1024 * 1024  # of one answer: a slow caller holds up its export, not our memory
TURN_S = 0.5  # how late a stop is seen
LAST_REQUESTS_S = 5  # for requests that are being answered when the stop comes

log = logging.getLogger(__name__)


def serve(
    application: WSGIApplication,
    listen: str,
    running: Running,
    *,
    body_most_bytes: int = BODY_MOST_BYTES,
    threads: int = THREADS,
    headers: Mapping[str, str] | None = None,
    bound: Callable[[str], None] = lambda url: None,
) -> None:
    """Returns after `running.stop`; raises CannotGoOn when the address is not to be had.

    `headers` are those of the server's own refusals, of which the application never hears.
    `bound` is told the real address (the port may have been 0) before the first request is answered.
    """
    listener = listening(listen)
    turns: dict[int, Any] = {}
    server = create_server(
        application,
        map=turns,
        sockets=[listener],
        threads=threads,
        connection_limit=CONNECTIONS_MOST,
        channel_timeout=CHANNEL_TIMEOUT_S,
        cleanup_interval=CLEANUP_S,
        max_request_header_size=HEADER_MOST_BYTES,
        max_request_body_size=body_most_bytes + 1,  # waitress refuses this many
        outbuf_high_watermark=UNSENT_MOST_BYTES,
        clear_untrusted_proxy_headers=False,  # who is believed is decided in process/proxies.py
        ident="",  # no word to strangers about what runs here
    )
    server.channel_class = _channel(dict(headers or {}))  # type: ignore[union-attr]
    url = url_of(listener)
    bound(url)
    running.ready(f"serving on {url}")
    try:
        while not running.stop.is_set():
            loop(timeout=TURN_S, use_poll=True, map=turns, count=1)
            running.alive()
    finally:
        server.task_dispatcher.shutdown(timeout=LAST_REQUESTS_S)
        for each in list(turns.values()):
            each.close()


def _channel(headers: dict[str, str]) -> type[HTTPChannel]:
    class Refusal(ErrorTask):
        def build_response_header(self) -> bytes:
            self.response_headers = [*self.response_headers, *headers.items()]
            header: bytes = super().build_response_header()
            return header

    class Channel(HTTPChannel):
        error_task_class = Refusal

    return Channel


def listening(listen: str) -> socket.socket:
    host, port = split_address(listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, dualstack_ipv6=host == "::")
    except OSError as error:
        raise CannotGoOn(f"cannot listen on {listen}: {_why(error)}") from None


def _why(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program already uses this port; stop it, or choose another port in the settings"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address"
    return error.strerror or str(error)


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
