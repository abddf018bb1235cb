"""The callers of one process, over real sockets: slow ones cost nobody time, and everything is bounded."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from process.bounds import Bounds
from process.callers import Callers
from process.outgoing import HELD_MOST_BYTES

HEADERS = {"X-Frame-Options": "DENY"}
BOUNDS = Bounds(100_000, callers=8, held_bytes=150_000, streams=2, arrival_s=30, answer_s=30)
GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"
LONG = b"x" * 65_536


class Site:
    """An application with every kind of answer; `go` lets its long ones go on, `closed` counts their ends."""

    def __init__(self) -> None:
        self.go, self.closed = threading.Event(), 0

    def __call__(self, environ: Any, start: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/fails":
            raise RuntimeError("it fails")
        if path == "/split":
            start("200 OK", [("X-Split", "a\r\nb: c")])
            return [b""]
        if path in ("/stream", "/breaks"):
            start("200 OK", [("Content-Type", "text/csv")])
            return Stream(self, path == "/breaks")
        if path == "/same":
            start("304 Not Modified", [("ETag", '"1"')])
            return []
        if path == "/big":
            start("200 OK", [("Content-Length", str(HELD_MOST_BYTES))])
            return iter([b"y" * HELD_MOST_BYTES])
        start("200 OK", [])
        return [environ["REMOTE_ADDR"].encode(), b" ", environ["wsgi.input"].read()]


class Stream:
    def __init__(self, site: Site, breaks: bool) -> None:
        self._site, self._breaks = site, breaks

    def __iter__(self) -> Iterator[bytes]:
        yield b"begun"
        assert self._site.go.wait(20)
        if self._breaks:
            raise RuntimeError("it breaks")
        yield b"ended"

    def close(self) -> None:
        self._site.closed += 1


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@contextmanager
def serving(
    site: Site, bounds: Bounds = BOUNDS, clock_s: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[], socket.socket]]:
    """Gives new connections to a server in a thread of its own."""
    listener, stop = socket.create_server(("127.0.0.1", 0)), threading.Event()
    callers = Callers(site, listener, bounds, HEADERS, clock_s)

    def serve() -> None:
        while not stop.is_set():
            callers.turn(0.02)

    thread = threading.Thread(target=serve)
    thread.start()
    made: list[socket.socket] = []

    def connection() -> socket.socket:
        made.append(socket.create_connection(listener.getsockname(), timeout=20))
        return made[-1]

    try:
        yield connection
    finally:
        stop.set()
        thread.join()
        for each in made:
            each.close()
        callers.close(0)
        listener.close()


def answer(to: socket.socket, ask: bytes = b"") -> tuple[bytes, bytes]:
    """Head and body, to the end of the connection."""
    if ask:
        to.sendall(ask)
    came = b"".join(iter(lambda: to.recv(1 << 20), b""))
    head, _, body = came.partition(b"\r\n\r\n")
    return head, body


def post(body: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def test_an_answer_is_whole_and_the_connection_ends() -> None:
    with serving(Site()) as connection:
        head, body = answer(connection(), post(b"hello"))
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\nContent-Length: 15" in head
        assert b"\r\nConnection: close" in head
        assert head.count(b"Date: ") == 1
        assert body == b"127.0.0.1 hello"


def test_an_answer_without_a_body_tells_no_length() -> None:
    with serving(Site()) as connection:
        head, body = answer(connection(), GET % b"/same")
        assert (b"Content-Length" in head, body) == (False, b"")


def test_slow_callers_hold_nobody_up() -> None:
    with serving(Site()) as connection:
        slow = [connection() for _ in range(BOUNDS.callers - 1)]
        for each in slow:
            each.sendall(b"POST / HTTP/1.1\r\nContent-Le")
        assert answer(connection(), post(b"quick"))[1] == b"127.0.0.1 quick"
        for each in slow:
            assert answer(each, b"ngth: 2\r\nHost: a\r\n\r\nhi")[1] == b"127.0.0.1 hi"


def test_more_callers_than_the_bound_wait_until_one_is_gone() -> None:
    with serving(Site()) as connection:
        silent = [connection() for _ in range(BOUNDS.callers)]
        late = connection()
        late.sendall(post(b"late"))
        late.settimeout(0.3)
        with pytest.raises(TimeoutError):
            late.recv(1)
        silent[0].close()
        late.settimeout(20)
        assert answer(late)[1] == b"127.0.0.1 late"


def test_one_that_takes_too_long_to_ask_is_let_go() -> None:
    clock = Clock()
    with serving(Site(), clock_s=clock) as connection:
        slow = connection()
        slow.sendall(b"GET / HTT")
        assert answer(connection(), post(b""))[1] == b"127.0.0.1 "
        clock.now_s += BOUNDS.arrival_s + 1
        assert slow.recv(1) == b""


def test_one_that_does_not_take_its_answer_costs_no_time_and_is_let_go() -> None:
    clock = Clock()
    with serving(Site(), clock_s=clock) as connection:
        slow = connection()
        slow.sendall(GET % b"/big")
        assert answer(connection(), post(b"quick"))[1] == b"127.0.0.1 quick"
        taker = connection()
        assert len(answer(taker, GET % b"/big")[1]) == HELD_MOST_BYTES
        clock.now_s += BOUNDS.answer_s + 1
        assert answer(connection(), post(b"next"))[1] == b"127.0.0.1 next"


def test_what_all_callers_together_send_is_bounded() -> None:
    with serving(Site()) as connection:
        first = connection()
        first.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99000\r\n\r\n" + b"x" * 62_000)
        # Each answer is a turn in which what has come of the first one is heard before.
        for _ in range(5):
            assert answer(connection(), post(b"small"))[1] == b"127.0.0.1 small"
        head, _ = answer(connection(), post(b"x" * 90_000))
        assert head.startswith(b"HTTP/1.1 503 ")
        assert len(answer(first, b"x" * 37_000)[1]) == 99_010


def test_a_refusal_reaches_a_caller_that_is_still_sending() -> None:
    with serving(Site()) as connection:
        to = connection()
        to.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n" + b"x" * 50_000)
        head, body = answer(to)
        assert head.startswith(b"HTTP/1.1 413 ")
        assert b"X-Frame-Options: DENY" in head
        assert body == b"413 Content Too Large"


def test_who_waits_for_a_word_gets_it() -> None:
    with serving(Site()) as connection:
        to = connection()
        to.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert to.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert answer(to, b"hi")[1] == b"127.0.0.1 hi"


def test_an_export_has_a_thread_of_its_own_and_so_many_are_made_at_once() -> None:
    site = Site()
    with serving(site) as connection:
        exports = [connection() for _ in range(BOUNDS.streams)]
        for each in exports:
            each.sendall(GET % b"/stream")
            heard = b""
            while b"begun" not in heard:
                heard += each.recv(1 << 16)
        assert answer(connection(), GET % b"/stream")[0].startswith(b"HTTP/1.1 503 ")
        assert answer(connection(), post(b"quick"))[1] == b"127.0.0.1 quick"
        site.go.set()
        for each in exports:
            assert answer(each)[0].endswith(b"5\r\nended\r\n0")
        assert site.closed == BOUNDS.streams + 1


def test_an_export_that_breaks_off_does_not_look_whole() -> None:
    site = Site()
    site.go.set()
    with serving(site) as connection:
        head, body = answer(connection(), GET % b"/breaks")
        assert b"Transfer-Encoding: chunked" in head
        assert body == b"5\r\nbegun\r\n"
        old = answer(connection(), b"GET /stream HTTP/1.0\r\n\r\n")
        assert (b"chunked" in old[0], old[1]) == (False, b"begunended")


@pytest.mark.parametrize("path", [b"/fails", b"/split"])
def test_what_fails_is_answered_with_500_and_the_next_one_is_served(
    path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(Site()) as connection:
        head, body = answer(connection(), GET % path)
        assert head.startswith(b"HTTP/1.1 500 ")
        assert b"X-Frame-Options: DENY" in head
        assert body == b"500 Internal Server Error"
        assert answer(connection(), post(b"next"))[1] == b"127.0.0.1 next"
    assert "a request failed" in caplog.text


def test_closing_lets_what_is_being_sent_end() -> None:
    site = Site()
    listener = socket.create_server(("127.0.0.1", 0))
    callers = Callers(site, listener, BOUNDS, HEADERS)
    with socket.create_connection(listener.getsockname(), timeout=20) as to:
        to.sendall(GET % b"/stream")
        for _ in range(20):
            callers.turn(0.02)
        threading.Timer(0.2, site.go.set).start()
        callers.close(10)
        assert answer(to)[1].endswith(b"ended\r\n0\r\n\r\n")
    listener.close()
