"""A counted line on loopback, in a process of its own: what passes each way, and when the first byte went up.

A process, because threads of the measuring one would take turns with its sink. bench/loopback.py is the line of the
measurements that count alone.
"""

import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized

from bench.loopback import PIECE_BYTES

WIDE_PIECE_BYTES = 65_536
READY_S = 20.0
# A child that is started anew shares nothing but what it is given.
_PROCESSES = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Counted:
    """Bytes `up` from sender to server and `down`; `first_s` on the monotonic clock, 0 before."""

    up: "Synchronized[int]" = field(default_factory=lambda: _PROCESSES.Value("q", 0))
    down: "Synchronized[int]" = field(default_factory=lambda: _PROCESSES.Value("q", 0))
    first_s: "Synchronized[float]" = field(default_factory=lambda: _PROCESSES.Value("d", 0.0))

    @property
    def passed(self) -> int:
        return self.up.value + self.down.value


@contextmanager
def counted(listen: int, to: int, bytes_per_s: float | None = None) -> Iterator[Counted]:
    """Whoever connects to `listen` speaks with `to`; all connections share `bytes_per_s` on the way up."""
    counts, ready = Counted(), _PROCESSES.Event()
    process = _PROCESSES.Process(
        target=_carry, args=(listen, to, bytes_per_s, counts, ready), name="counted line", daemon=True
    )
    process.start()
    try:
        if not ready.wait(READY_S):
            raise TimeoutError(f"no line on port {listen} within {READY_S:g} s")
        yield counts
    finally:
        process.terminate()
        process.join()


def _carry(listen: int, to: int, bytes_per_s: float | None, counts: Counted, ready: threading.Event) -> None:
    turn = threading.Lock()
    with socket.create_server(("127.0.0.1", listen)) as listener:
        ready.set()
        while True:
            here, _ = listener.accept()
            threading.Thread(target=_join, args=(here, to, bytes_per_s, counts, turn), daemon=True).start()


def _join(
    here: socket.socket, to: int, bytes_per_s: float | None, counts: Counted, turn: threading.Lock
) -> None:
    with ExitStack() as opened, suppress(OSError):
        opened.enter_context(here)
        there = opened.enter_context(socket.create_connection(("127.0.0.1", to)))
        for end in (here, there):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=_down, args=(there, here, counts), daemon=True)
        back.start()
        _up(here, there, bytes_per_s, counts, turn)
        back.join()


def _up(
    here: socket.socket,
    there: socket.socket,
    bytes_per_s: float | None,
    counts: Counted,
    turn: threading.Lock,
) -> None:
    # An end that is gone: the other learns it from its own side.
    with suppress(OSError):
        while piece := here.recv(PIECE_BYTES if bytes_per_s else WIDE_PIECE_BYTES):
            if not counts.first_s.value:
                counts.first_s.value = time.monotonic()
            with counts.up.get_lock():
                counts.up.value += len(piece)
            if bytes_per_s:
                with turn:
                    time.sleep(len(piece) / bytes_per_s)
            there.sendall(piece)
        there.shutdown(socket.SHUT_WR)


def _down(there: socket.socket, here: socket.socket, counts: Counted) -> None:
    with suppress(OSError):
        while piece := there.recv(WIDE_PIECE_BYTES):
            here.sendall(piece)
            with counts.down.get_lock():
                counts.down.value += len(piece)
        here.shutdown(socket.SHUT_WR)
