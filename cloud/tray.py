"""A tray: requests of one thread that wait to be answered together.

PEP 3333 lets an application begin its answer when the first piece of it is asked for. Until then a request lies here. A
server that has several of them (process/callers.py) calls the application for each, and then asks for the answers: the
first one asked for empties the tray. Any other server asks at once, and each request is alone.
An answer that needs work of its own says so first, by an empty piece, so that the others need not wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from cloud.asked import Asked
from cloud.reply import Later, Reply

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse


class Tray:
    """Safe for threads: each has its own. `answers`: to each of those that lie here; it never raises."""

    def __init__(self, answers: Callable[[Sequence[Asked]], Sequence[Reply | Later]]) -> None:
        self._answers = answers
        self._local = threading.local()

    def put(self, asked: Asked, start: StartResponse) -> Waiting:
        waiting = Waiting(self, asked, start)
        self._here().append(waiting)
        return waiting

    def empty(self) -> None:
        """Everything that lies here gets its reply."""
        here, self._local.here = self._here(), []
        for waiting, reply in zip(here, self._answers([each.asked for each in here]), strict=True):
            waiting.reply = reply

    def leave(self, waiting: Waiting) -> None:
        """Nobody asked for its answer, so nothing is done for it."""
        if waiting in self._here():
            self._here().remove(waiting)

    def _here(self) -> list[Waiting]:
        if not hasattr(self._local, "here"):
            self._local.here = []
        here: list[Waiting] = self._local.here
        return here


class Waiting:
    """The body of an answer that has not begun."""

    def __init__(self, tray: Tray, asked: Asked, start: StartResponse) -> None:
        self.asked, self.reply = asked, None
        self._tray, self._start = tray, start

    reply: Reply | Later | None

    def __iter__(self) -> Iterator[bytes]:
        if self.reply is None:
            self._tray.empty()
        reply = self.reply
        if not isinstance(reply, Reply):
            assert reply is not None
            yield b""
            reply = reply()
        yield from reply.send(self._start)

    def close(self) -> None:
        self._tray.leave(self)
