"""The web server of a process: it serves, it has bounds, it stops, it says why it cannot start."""

import http.client
import queue
import socket
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

from process.serve import HEADER_MOST_BYTES, serve
from process.service import CannotGoOn, Running

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

WAIT_S = 20
BODY_MOST_BYTES = 1000


def echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """A server on a port the system chose; it must end within the time when it is asked to."""
    running, urls = Running({}), queue.Queue[str]()
    how = {"body_most_bytes": BODY_MOST_BYTES}
    thread = threading.Thread(
        target=serve, args=(echo, "127.0.0.1:0", running), kwargs={**how, "bound": urls.put}
    )
    thread.start()
    host, _, port = urls.get(timeout=WAIT_S).removeprefix("http://").rpartition(":")
    yield host, int(port)
    running.stop.set()
    thread.join(WAIT_S)
    assert not thread.is_alive()


def post(address: tuple[str, int], body: bytes, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=WAIT_S)
    try:
        connection.request("POST", "/", body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_request_is_answered(address: tuple[str, int]) -> None:
    assert post(address, b"hello") == (200, b"hello")


def test_a_body_beyond_the_bound_is_refused_and_the_next_request_served(address: tuple[str, int]) -> None:
    assert post(address, b"x" * (BODY_MOST_BYTES + 1))[0] == 413
    assert post(address, b"x" * BODY_MOST_BYTES)[0] == 200


def test_headers_beyond_the_bound_are_refused(address: tuple[str, int]) -> None:
    assert post(address, b"", {"X-Long": "x" * (HEADER_MOST_BYTES + 1)})[0] == 431


def test_an_answer_does_not_say_what_serves_it(address: tuple[str, int]) -> None:
    connection = http.client.HTTPConnection(*address, timeout=WAIT_S)
    connection.request("GET", "/")
    assert connection.getresponse().getheader("Server") is None
    connection.close()


def test_a_caller_that_says_nothing_keeps_nobody_waiting(address: tuple[str, int]) -> None:
    silent = [socket.create_connection(address) for _ in range(20)]
    assert post(address, b"hello") == (200, b"hello")
    for each in silent:
        each.close()


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(
            CannotGoOn, match=f"cannot listen on {listen}: another program already uses this port"
        ):
            serve(echo, listen, Running({}))


@pytest.mark.parametrize(
    ("listen", "why"), [("192.0.2.1:8480", "this machine has no such address"), ("not.invalid:80", "")]
)
def test_an_address_that_is_not_ours_is_told(listen: str, why: str) -> None:
    with pytest.raises(CannotGoOn, match=f"cannot listen on {listen}: {why}"):
        serve(echo, listen, Running({}))
