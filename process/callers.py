"""The callers of one process: each heard until its request is whole, answered in one thread, and let go.

A process takes up callers until it has some to work on, and then works: of several processes at one listener each takes
what it can do, and no thread waits for another's lock. A caller that is slow, in asking or in taking, costs memory
and no time; an answer that is made while it is sent has a thread of its own.
"""

from __future__ import annotations

import select
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from process.bounds import Bounds
from process.incoming import Incoming, Refusal
from process.outgoing import Answer, Begun, refusal
from process.streams import Streams

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

READ_BYTES = 64 * 1024
# Word of one that is late comes so often.
LATE_EVERY_S = 1.0
# A caller that was refused before it had said everything is heard so long: else it would not get to read why.
LINGER_S = 2.0


@dataclass
class _Caller:
    socket: socket.socket
    address: str
    until_s: float
    incoming: Incoming
    unsent: bytes = b""
    lingers: bool = False
    was_told: bool = False
    held_bytes: int = 0


class Callers:
    """Of a listening socket that other processes may have, too. Used by one thread."""

    def __init__(
        self,
        application: WSGIApplication,
        listener: socket.socket,
        bounds: Bounds,
        headers: Mapping[str, str],
        clock_s: Callable[[], float] = time.monotonic,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """`alive` is called after each answer, for somebody who watches whether this process hangs."""
        self._application, self._listener, self._bounds = application, listener, bounds
        self._headers, self._clock_s, self._alive = dict(headers), clock_s, alive
        self._server = _server_environ(listener)
        self._by_number: dict[int, _Caller] = {}
        self._held_bytes = 0
        self._looked_s = clock_s()
        self._waiting: list[tuple[_Caller, Begun]] = []
        self._streams = Streams(bounds.streams, bounds.answer_s)
        self._epoll = select.epoll()
        self._is_open, self._accepts = True, False
        listener.setblocking(False)
        self._accept_again()

    def turn(self, wait_s: float) -> None:
        """Wait for something to do, at most so long, and do it."""
        ready = [number for number, _events in self._epoll.poll(wait_s, self._bounds.together)]
        begun_s = self._clock_s()
        for number in ready:
            caller = self._by_number.get(number)
            if caller is not None and caller.unsent:
                self._send(caller)
            elif caller is not None:
                self._hear(caller)
        if self._listener.fileno() in ready:
            self._take_up(begun_s)
        self._answer_waiting()
        self._let_late_ones_go()

    def close(self, most_s: float) -> None:
        """No new callers; answers that are being sent have so long."""
        self._is_open = False
        self._stop_accepting()
        until_s = self._clock_s() + most_s
        while self._is_sending() and self._clock_s() < until_s:
            self.turn(0.05)
        for caller in list(self._by_number.values()):
            self._drop(caller)
        self._epoll.close()

    def _is_sending(self) -> bool:
        return self._streams.count() > 0 or any(each.unsent for each in self._by_number.values())

    def _take_up(self, begun_s: float) -> None:
        """Callers, until there is enough to do: what takes long is left to other processes."""
        for _ in range(self._bounds.together - len(self._waiting)):
            has_time = self._clock_s() - begun_s <= self._bounds.taking_up_s
            if not (self._accepts and has_time and self._accept()):
                return

    def _accept(self) -> bool:
        """False where nobody waits any more."""
        try:
            made, address = self._listener.accept()
        except OSError:  # another process was faster, or the caller is gone
            return False
        made.setblocking(False)
        incoming = Incoming(self._bounds.body_bytes)
        caller = _Caller(made, address[0], self._clock_s() + self._bounds.arrival_s, incoming)
        self._by_number[made.fileno()] = caller
        self._epoll.register(made, select.EPOLLIN)
        if len(self._by_number) >= self._bounds.callers:
            self._stop_accepting()
        self._hear(caller)
        return True

    def _hear(self, caller: _Caller) -> None:
        try:
            data = caller.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(caller)
        elif not caller.lingers:
            self._feed(caller, data)

    def _feed(self, caller: _Caller, data: bytes) -> None:
        incoming = caller.incoming
        try:
            incoming.feed(data)
            self._hold(caller, incoming.held_bytes)
        except Refusal as refused:
            caller.lingers = not incoming.is_whole
            self._answer(caller, refusal(refused.status, self._headers))
            return
        if incoming.is_whole:
            self._begin(caller)
        elif incoming.waits_for_word and not caller.was_told:
            caller.was_told = True
            with suppress(OSError):
                caller.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _hold(self, caller: _Caller, held_bytes: int) -> None:
        self._held_bytes += held_bytes - caller.held_bytes
        caller.held_bytes = held_bytes
        if self._held_bytes > self._bounds.held_bytes:
            raise Refusal("503 Service Unavailable")

    def _let_go_of(self, caller: _Caller) -> None:
        self._held_bytes -= caller.held_bytes
        caller.held_bytes = 0

    def _begin(self, caller: _Caller) -> None:
        """Its request is whole."""
        try:
            asked = caller.incoming.environ()
        except Refusal as refused:
            self._answer(caller, refusal(refused.status, self._headers))
            return
        environ = {**self._server, **asked, "REMOTE_ADDR": caller.address}
        begun = Begun(self._application, environ, self._headers)
        if begun.waits:
            self._waiting.append((caller, begun))
        else:
            self._answer(caller, begun.answer())

    def _answer_waiting(self) -> None:
        """Those that are not ready come last."""
        waiting, self._waiting = self._waiting, []
        for is_last in (False, True):
            unready = []
            for caller, begun in waiting:
                if is_last or begun.is_ready():
                    self._answer(caller, begun.answer())
                else:
                    unready.append((caller, begun))
            waiting = unready

    def _answer(self, caller: _Caller, answer: Answer) -> None:
        self._alive()
        self._let_go_of(caller)
        if answer.rest is not None:
            self._stream(caller, answer)
            return
        caller.unsent, caller.until_s = answer.head, self._clock_s() + self._bounds.answer_s
        self._send(caller)

    def _send(self, caller: _Caller) -> None:
        try:
            sent = caller.socket.send(caller.unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(caller)
            return
        caller.unsent = caller.unsent[sent:]
        if caller.unsent:
            self._epoll.modify(caller.socket, select.EPOLLOUT)
        elif caller.lingers:
            caller.until_s = self._clock_s() + LINGER_S
            self._epoll.modify(caller.socket, select.EPOLLIN)
            with suppress(OSError):
                caller.socket.shutdown(socket.SHUT_WR)
        else:
            self._drop(caller)

    def _stream(self, caller: _Caller, answer: Answer) -> None:
        if self._streams.has_room():
            self._forget(caller)
            self._streams.begin(caller.socket, answer)
        else:
            answer.close()
            self._answer(caller, refusal("503 Service Unavailable", self._headers))

    def _let_late_ones_go(self) -> None:
        now_s = self._clock_s()
        if now_s - self._looked_s < LATE_EVERY_S:
            return
        self._looked_s = now_s
        for caller in [each for each in self._by_number.values() if each.until_s <= now_s]:
            self._drop(caller)

    def _drop(self, caller: _Caller) -> None:
        self._forget(caller)
        caller.socket.close()

    def _forget(self, caller: _Caller) -> None:
        """It is looked after no more; its socket stays open."""
        self._let_go_of(caller)
        self._epoll.unregister(caller.socket)
        del self._by_number[caller.socket.fileno()]
        self._accept_again()

    def _accept_again(self) -> None:
        if self._is_open and not self._accepts and len(self._by_number) < self._bounds.callers:
            # One process is woken for a caller, not all that wait.
            self._epoll.register(self._listener, select.EPOLLIN | select.EPOLLEXCLUSIVE)
            self._accepts = True

    def _stop_accepting(self) -> None:
        if self._accepts:
            self._epoll.unregister(self._listener)
            self._accepts = False


def _server_environ(listener: socket.socket) -> dict[str, object]:
    """What PEP 3333 wants of the server."""
    host, port = listener.getsockname()[:2]
    return {
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,  # answers that are made while they are sent
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
