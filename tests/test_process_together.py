"""Several callers in one turn, over real sockets: the application knows of all of them before it has to answer."""

import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from test_process_callers import BOUNDS, GET, HEADERS, Clock, answer, post

from process.bounds import Bounds
from process.callers import Callers


class Together:
    """Answers late, and counts those that were asked before the first answer was wanted. /slow is not ready at once."""

    def __init__(self) -> None:
        self.waiting, self.seen = 0, []  # type: int, list[int]
        self.begun: list[str] = []

    def __call__(self, environ: Any, start: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path in ("/now", "/page"):
            self.begun.append(path)
            start("200 OK", [])
            return [b"%d wait" % self.waiting]
        self.waiting += 1
        return self._late(path, start)

    def _late(self, path: str, start: Any) -> Iterator[bytes]:
        if self.waiting:
            self.seen.append(self.waiting)
            self.waiting = 0
        if path == "/fails":
            raise RuntimeError("it fails late")
        if path == "/slow":
            yield b""
        self.begun.append(path)
        if path != "/silent":
            start("200 OK", [("Content-Type", "text/plain")])
            yield path.encode()


@contextmanager
def turned(
    site: Together,
    asks: Sequence[bytes],
    bounds: Bounds = BOUNDS,
    clock_s: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[Callers, list[socket.socket], list[str]]]:
    """Callers whose requests are all there before the first turn; `alive` is noted."""
    alive: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))
    callers = Callers(site, listener, bounds, HEADERS, clock_s, lambda: alive.append("alive"))
    made = [socket.create_connection(listener.getsockname(), timeout=20) for _ in asks]
    try:
        for to, ask in zip(made, asks, strict=True):
            to.sendall(ask)
        yield callers, made, alive
    finally:
        for to in made:
            to.close()
        callers.close(0)
        listener.close()


def test_requests_that_are_there_at_once_may_be_worked_on_together(caplog: pytest.LogCaptureFixture) -> None:
    site, paths = Together(), (b"/a", b"/fails", b"/slow", b"/now", b"/b", b"/silent", b"/c")
    with turned(site, [GET % path for path in paths], Bounds(100_000, taking_up_s=60)) as (
        callers,
        made,
        alive,
    ):
        callers.turn(5)
        told = [answer(to) for to in made]
    assert [head.split()[1] for head, _ in told] == [b"200", b"500", b"200", b"200", b"200", b"500", b"200"]
    assert [body for _, body in told if not body.startswith(b"500")] == [
        b"/a",
        b"/slow",
        b"3 wait",
        b"/b",
        b"/c",
    ]
    assert all(b"Content-Length: " in head for head, _ in told)
    assert (site.seen, site.waiting) == ([6], 0)
    # What needs more work is done when all others are answered; and whoever watches hears of each.
    assert (site.begun[0], site.begun[-1]) == ("/now", "/slow")
    assert len(alive) == len(paths)
    assert "it fails late" in caplog.text
    assert "never began its answer" in caplog.text


def test_no_more_are_taken_up_in_one_turn_than_the_bound() -> None:
    site, bounds = Together(), Bounds(100_000, together=2, taking_up_s=60)
    with turned(site, [GET % b"/a"] * 5, bounds) as (callers, made, _):
        for _ in range(4):
            callers.turn(1)
        assert [answer(to)[1] for to in made] == [b"/a"] * 5
    assert (max(site.seen), sum(site.seen)) == (2, 5)


def test_a_process_that_has_worked_leaves_callers_to_others() -> None:
    """By a clock that goes on by 3 ms whenever it is looked at."""
    clock = Clock()

    def clock_s() -> float:
        clock.now_s += 0.003
        return clock.now_s

    with turned(Together(), [GET % b"/page"] * 5, clock_s=clock_s) as (callers, made, alive):
        callers.turn(1)
        assert 1 <= len(alive) <= 2
        while len(alive) < 5:
            callers.turn(1)
        assert [answer(to)[1] for to in made] == [b"0 wait"] * 5


def test_what_waits_for_an_answer_counts_as_held() -> None:
    """Bodies that are whole and lie in the application's hands take memory, too."""
    bounds = Bounds(100_000, held_bytes=150_000, taking_up_s=60)
    with turned(Together(), [post(b"x" * 60_000)] * 3, bounds) as (callers, made, _):
        callers.turn(5)
        callers.turn(0)
        assert sorted(answer(to)[0].split()[1] for to in made) == [b"200", b"200", b"503"]
