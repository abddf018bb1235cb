"""Many callers of one server by the clock: requests that are due at their times, a bounded number of connections.

How long an answer takes is counted from the moment its request was due, not from when it could be sent: a server that
falls behind shows it. One thread and no library, because the load must cost little beside what it measures.
"""

import selectors
import socket
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# As a proxy holds them open towards the server behind it.
CONNECTIONS = 64
READ_BYTES = 65_536
# When nothing was answered for so long the run is over, whatever is missing.
SILENCE_S = 60.0
_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_CLOSE = b"\r\nconnection: close"


@dataclass(frozen=True, slots=True)
class Call:
    """`due_s` after the start; `kind` names it in the result; `request` is all of it, headers too."""

    due_s: float
    kind: str
    request: bytes


@dataclass
class Outcome:
    """How long each kind took, in seconds, and which statuses came."""

    took_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: float = 0.0

    def percentile_ms(self, share: float, *kinds: str) -> float:
        took = sorted(took for kind in kinds or tuple(self.took_s) for took in self.took_s[kind])
        return 1000 * took[min(len(took) - 1, int(share * len(took)))]

    @property
    def answers(self) -> int:
        return sum(self.statuses.values())


class _Line:
    """One connection at a time, on which one call at a time is answered; kept as long as the server keeps it."""

    def __init__(self, address: tuple[str, int], selector: selectors.BaseSelector) -> None:
        self._address, self._selector = address, selector
        self._came = bytearray()
        self._socket: socket.socket | None = None
        self.call: Call | None = None

    def begin(self, call: Call) -> None:
        self.call = call
        self._came.clear()
        if self._socket is None:
            self._socket = self._connected()
        self._socket.sendall(call.request)

    def read(self) -> int | None:
        """The status when the answer is whole, None until then. Asked again on a new connection when this one broke."""
        assert self._socket is not None
        try:
            came = self._socket.recv(READ_BYTES)
        except OSError:
            came = b""
        if not came:
            self.close()
            if self.call is not None:
                self.begin(self.call)
            return None
        self._came += came
        head = self._came.find(_END)
        if head < 0:
            return None
        lower = bytes(self._came[:head]).lower()
        at = lower.find(_LENGTH)
        length = int(lower[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
        if len(self._came) < head + len(_END) + length:
            return None
        if _CLOSE in lower:
            self.close()
        return int(lower[9:12])

    def close(self) -> None:
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        made = socket.create_connection(self._address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(made, selectors.EVENT_READ, self)
        return made


def call_all(host: str, port: int, calls: Iterable[Call]) -> Outcome:
    """`calls` in the order of their times; returns when all are answered."""
    outcome, coming = Outcome(), iter(calls)
    with selectors.DefaultSelector() as selector:
        lines = [_Line((host, port), selector) for _ in range(CONNECTIONS)]
        free, waiting = deque(lines), deque[Call]()
        begun_s = heard_s = time.perf_counter()
        following = next(coming, None)
        while following or waiting or len(free) < CONNECTIONS:
            now_s = time.perf_counter() - begun_s
            while following and following.due_s <= now_s:
                waiting.append(following)
                following = next(coming, None)
            while waiting and free:
                free.popleft().begin(waiting.popleft())
            pause_s = max(0.0, following.due_s - now_s) if following else 0.05
            for key, _events in selector.select(min(pause_s, 0.05)):
                free.extend(_answered(key.data, outcome, begun_s))
                heard_s = time.perf_counter()
            if time.perf_counter() - heard_s > SILENCE_S:
                raise TimeoutError(f"nothing was answered for {SILENCE_S:g} s; {outcome.statuses}")
        outcome.seconds = time.perf_counter() - begun_s
        for line in lines:
            line.close()
    return outcome


def _answered(line: _Line, outcome: Outcome, begun_s: float) -> Iterator[_Line]:
    """The line, once its call is answered."""
    status, call = line.read(), line.call
    if status is None or call is None:
        return
    outcome.took_s[call.kind].append(time.perf_counter() - begun_s - call.due_s)
    outcome.statuses[call.kind, status] += 1
    line.call = None
    yield line
