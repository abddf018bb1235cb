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
    """One connection, on which one call at a time is answered."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self.call: Call | None = None
        self._came = bytearray()
        self.socket = self._connect()

    def begin(self, call: Call) -> None:
        self.call = call
        self._came.clear()
        self.socket.sendall(call.request)

    def read(self) -> int | None:
        """The status when the answer is whole; None until then. A closed connection is made anew and asked again."""
        came = self.socket.recv(READ_BYTES)
        if not came:
            raise ConnectionResetError
        self._came += came
        head = self._came.find(_END)
        if head < 0:
            return None
        lower = bytes(self._came[:head]).lower()
        at = lower.find(_LENGTH)
        length = int(lower[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
        return int(lower[9:12]) if len(self._came) >= head + len(_END) + length else None

    def again(self) -> None:
        self.socket.close()
        self.socket = self._connect()
        if self.call is not None:
            self.begin(self.call)

    def _connect(self) -> socket.socket:
        made = socket.create_connection(self._address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


def call_all(host: str, port: int, calls: Iterable[Call]) -> Outcome:
    """`calls` in the order of their times; returns when all are answered."""
    outcome, coming = Outcome(), iter(calls)
    free, waiting = deque(_Line(host, port) for _ in range(CONNECTIONS)), deque[Call]()
    with selectors.DefaultSelector() as selector:
        for line in free:
            selector.register(line.socket, selectors.EVENT_READ, line)
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
                free.extend(_answered(key.data, selector, outcome, begun_s))
                heard_s = time.perf_counter()
            if time.perf_counter() - heard_s > SILENCE_S:
                raise TimeoutError(f"nothing was answered for {SILENCE_S:g} s; {outcome.statuses}")
        outcome.seconds = time.perf_counter() - begun_s
        for line in free:
            line.socket.close()
    return outcome


def _answered(
    line: _Line, selector: selectors.BaseSelector, outcome: Outcome, begun_s: float
) -> Iterator[_Line]:
    """The line, once its call is answered."""
    try:
        status = line.read()
    except OSError:
        selector.unregister(line.socket)
        line.again()
        selector.register(line.socket, selectors.EVENT_READ, line)
        return
    if status is None or line.call is None:
        return
    outcome.took_s[line.call.kind].append(time.perf_counter() - begun_s - line.call.due_s)
    outcome.statuses[line.call.kind, status] += 1
    line.call = None
    yield line
