"""A bad line between edge and cloud: a TCP proxy on loopback with every way in which a request can fail.

What happens to a request is drawn when its first byte arrives, by the chances of the trouble of that moment and
from a seeded random source; `met` counts what happened. It reads no more of HTTP than where a request ends.
"""

import re
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from types import TracebackType
from typing import Self

LOOK_S = 0.1
# An Ethernet packet's worth: what connections that share a narrow line take turns with.
PIECE_BYTES, NARROW_PIECE_BYTES = 65_536, 1_460
# A sender's own time-out is a minute; an operating system that gives up sooner would say so by a reset.
HELD_S = 5.0
# So long after the sender was told that its connection is gone, the request reaches the cloud after all.
LATE_S = (0.2, 3.0)
# A cut falls somewhere into the first bytes: into the head of a request or into its body. A shorter one gets away.
MOST_CUT_BYTES = 600
FOREIGN = b"<html><head><title>Hotel Wi-Fi</title></head><body>Please accept the terms.</body></html>"


class Fault(Enum):
    """What may happen to one request."""

    HALF_OPEN = "the connection stands, but every byte vanishes, until a reset after HELD_S"
    RESET_REQUEST = "reset after some bytes of the request"
    LATE_REQUEST = "reset after the whole request, which still reaches the cloud seconds later"
    LOST_ANSWER = "the cloud has it, but nothing of its answer comes back"
    RESET_ANSWER = "reset after some bytes of the answer"
    CAPTIVE = "somebody else answers: 200 with a page of their own"


@dataclass(frozen=True)
class Trouble:
    """How bad the line is at a time; `chances` of each fault per request, at most 1 together."""

    latency_s: float = 0.0
    bytes_per_s: float | None = None
    chances: Mapping[Fault, float] = field(default_factory=dict)

    def draw(self, random: Random) -> Fault | None:
        at = random.random()
        for fault, chance in self.chances.items():
            at -= chance
            if at < 0:
                return fault
        return None


NO_TROUBLE = Trouble()


class Cut(Exception):
    """The fault ends this connection."""


class Closed(Exception):
    """One end closed this connection as usual."""


class FaultProxy:
    """The line to the cloud on `cloud_port`; `port` is what the edge speaks to, `trouble` may change any time."""

    def __init__(self, cloud_port: int, random: Random, trouble: Trouble = NO_TROUBLE) -> None:
        self._cloud_port, self._random, self.trouble = cloud_port, random, trouble
        self.met: Counter[Fault] = Counter()
        self.requests = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._turn, self._counting = threading.Lock(), threading.Lock()
        self._ended = threading.Event()
        self._accepting = threading.Thread(target=self._accept)
        self._connections: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in (self._accepting, *self._connections):
            thread.join()
        self._listener.close()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def begin(self) -> tuple[Fault | None, int]:
        """A request begins: what will happen to it, and after how many bytes."""
        with self._counting:
            fault = self.trouble.draw(self._random)
            self.requests += 1
            if fault:
                self.met[fault] += 1
            return fault, self._random.randrange(MOST_CUT_BYTES)

    def wait_late(self) -> None:
        with self._counting:
            late_s = self._random.uniform(*LATE_S)
        self._ended.wait(late_s)

    def carry(self, data: bytes, to: socket.socket) -> None:
        """After the latency, and as fast as a line allows that all connections share."""
        self._ended.wait(self.trouble.latency_s)
        bytes_per_s = self.trouble.bytes_per_s
        piece_bytes = NARROW_PIECE_BYTES if bytes_per_s else PIECE_BYTES
        for begin in range(0, len(data), piece_bytes):
            piece = data[begin : begin + piece_bytes]
            if bytes_per_s:
                with self._turn:
                    self._ended.wait(len(piece) / bytes_per_s)
            to.sendall(piece)

    def cloud(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._cloud_port))

    def _accept(self) -> None:
        while not self.ended:
            if select.select([self._listener], [], [], LOOK_S)[0]:
                edge, _ = self._listener.accept()
                thread = threading.Thread(target=Connection(self, edge).run)
                thread.start()
                self._connections = [t for t in self._connections if t.is_alive()] + [thread]


class Connection:
    """One connection of the edge with the one to the cloud behind it, and the request that is under way."""

    def __init__(self, line: FaultProxy, edge: socket.socket) -> None:
        self._line, self._edge = line, edge
        self._cloud: socket.socket | None = None
        self._fault: Fault | None = None
        self._cut_at = 0
        self._answered = True
        self._request = b""
        self._passed = 0
        self._ends_s: float | None = None

    def run(self) -> None:
        by_reset = False
        try:
            while not self._line.ended:
                self._turn()
        except Closed:
            pass
        except (Cut, OSError):  # an end that is gone while something was sent to it: the other end is told
            by_reset = True
        for side in (self._edge, self._cloud):
            if side:
                close(side, by_reset)
        if self._fault is Fault.LATE_REQUEST and whole(self._request):
            self._deliver_late()

    def _turn(self) -> None:
        sides = [side for side in (self._edge, self._cloud) if side]
        for side in select.select(sides, [], [], LOOK_S)[0]:
            data = side.recv(PIECE_BYTES)
            if not data:
                raise Closed
            if side is self._edge:
                self._asked(data)
            else:
                self._answer(data)
        if self._ends_s is not None and time.monotonic() >= self._ends_s:
            raise Cut

    def _asked(self, data: bytes) -> None:
        if self._ends_s is not None:
            return  # it falls into a hole
        if self._answered:
            self._fault, self._cut_at = self._line.begin()
            self._answered, self._request, self._passed = False, b"", 0
        self._request += data
        match self._fault:
            case Fault.HALF_OPEN:
                self._ends_s = time.monotonic() + HELD_S
            case Fault.LATE_REQUEST if whole(self._request):
                raise Cut
            case Fault.CAPTIVE if whole(self._request):
                self._line.carry(foreign(), self._edge)
                self._answered = True
            case Fault.LATE_REQUEST | Fault.CAPTIVE:
                pass
            case _:
                self._up(data)

    def _up(self, data: bytes) -> None:
        if self._cloud is None:
            self._cloud = self._line.cloud()
        self._pass(data, self._cloud, Fault.RESET_REQUEST)

    def _answer(self, data: bytes) -> None:
        if self._fault is Fault.LOST_ANSWER:
            raise Cut
        if not self._answered:
            self._answered, self._passed = True, 0
            self._cut_at %= len(data)  # most answers are short, and none gets away
        self._pass(data, self._edge, Fault.RESET_ANSWER)

    def _pass(self, data: bytes, to: socket.socket, cut_by: Fault) -> None:
        if self._fault is cut_by and self._passed + len(data) > self._cut_at:
            self._line.carry(data[: self._cut_at - self._passed], to)
            raise Cut
        self._line.carry(data, to)
        self._passed += len(data)

    def _deliver_late(self) -> None:
        """The edge has long given this request up and may have sent the same again."""
        self._line.wait_late()
        with suppress(OSError), self._line.cloud() as cloud:
            cloud.settimeout(HELD_S)
            cloud.sendall(self._request)
            cloud.recv(PIECE_BYTES)


def whole(request: bytes) -> bool:
    """Whether an HTTP request is complete; ours always tell their length."""
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    return bool(end) and len(body) >= int(length[1] if length else 0)


def foreign() -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(FOREIGN)}\r\n\r\n"
    return head.encode() + FOREIGN


def close(side: socket.socket, by_reset: bool) -> None:
    """By a reset, whoever reads at the other end gets an error instead of an end."""
    if by_reset:
        with suppress(OSError):
            side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    side.close()
