"""A line to the cloud on loopback: it counts what passes, and may be as narrow as a poor mobile one."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field

# An Ethernet packet's worth: what connections that share a narrow line take turns with.
PIECE_BYTES = 1_460


@dataclass
class Line:
    """`passed` bytes went through, both ways together; all connections share `bytes_per_s`."""

    url: str
    bytes_per_s: float | None = None
    passed: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def carry(self, piece: bytes, to: socket.socket) -> None:
        if self.bytes_per_s:
            with self._turn:
                time.sleep(len(piece) / self.bytes_per_s)
        to.sendall(piece)
        self.passed += len(piece)


@contextmanager
def line(url: str, bytes_per_s: float | None = None) -> Iterator[Line]:
    """The line that ends at `url`."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        made = Line(f"http://127.0.0.1:{listener.getsockname()[1]}", bytes_per_s)
        threading.Thread(
            target=_accept, args=(listener, int(url.rpartition(":")[2]), made), daemon=True
        ).start()
        yield made


def _accept(listener: socket.socket, port: int, made: Line) -> None:
    with suppress(OSError):  # the listener was closed
        while True:
            here, _ = listener.accept()
            threading.Thread(target=_join, args=(here, port, made), daemon=True).start()


def _join(here: socket.socket, port: int, made: Line) -> None:
    with ExitStack() as opened:
        there = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
        opened.enter_context(here)
        back = threading.Thread(target=_pipe, args=(there, here, made), daemon=True)
        back.start()
        _pipe(here, there, made)
        back.join()


def _pipe(source: socket.socket, to: socket.socket, made: Line) -> None:
    # An end that is gone: the other learns it from its own side.
    with suppress(OSError):
        while piece := source.recv(PIECE_BYTES if made.bytes_per_s else 65_536):
            made.carry(piece, to)
        to.shutdown(socket.SHUT_WR)
