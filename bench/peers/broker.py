"""A mosquitto broker of the measurements' own, and a sink that counts what it is given."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from bench.peers.house import Held
from bench.peers.mqtt import PUBLISH, Client
from bench.peers.programs import Program, find, wait_until

PACKAGE = "mosquitto"
START_S = 20.0
LOOK_S = 0.2

# Nothing is dropped and nothing waits for an answer because of a limit: the defaults are 1 000 and 20.
BROKER = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
max_queued_messages 0
set_tcp_nodelay true
"""


def broker(port: int, folder: Path, more: str = "") -> Program:
    """Not started yet."""
    folder.mkdir()
    settings = folder / "mosquitto.conf"
    settings.write_text(BROKER.format(port=port, folder=folder) + more)
    argv = [find("mosquitto", PACKAGE), "-c", str(settings)]
    # As root it would become another user, who may not write here.
    settings.write_text(settings.read_text() + "user root\n")
    return Program(argv, folder)


def wait_for_broker(port: int) -> None:
    def answers() -> bool:
        with suppress(OSError):
            Client(port, "probe").close()
            return True
        return False

    wait_until(answers, START_S, f"a broker on port {port}")


class Sink:
    """A subscriber at QoS 1 to everything, in a thread.

    `seqs` finds the readings of a message, by topic and content; `reply` is what to say to it, and where.
    """

    def __init__(
        self,
        port: int,
        seqs: Callable[[str, bytes], Collection[int]],
        reply: Callable[[str], tuple[str, bytes] | None] = lambda _topic: None,
    ) -> None:
        self._client, self._seqs, self._reply = Client(port, "sink"), seqs, reply
        self._client.subscribe("#")
        self._times: Counter[int] = Counter()
        self.first_s: float | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sink")
        self._thread.start()

    def _work(self) -> None:
        while not self._end.is_set():
            for packet in self._client.hear(LOOK_S):
                if packet.kind == PUBLISH:
                    self._take(*packet.message())

    def _take(self, topic: str, _number: int, message: bytes) -> None:
        if reply := self._reply(topic):
            self._client.publish(reply[0], [reply[1]])
        elif seqs := self._seqs(topic, message):
            self.first_s = self.first_s or time.monotonic()
            self._times.update(seqs)

    def arrived(self) -> int:
        return len(self._times)

    def held(self) -> Held:
        times = Counter(self._times)
        return Held(frozenset(times), frozenset(seq for seq, count in times.items() if count > 1))

    def close(self) -> None:
        self._end.set()
        self._thread.join()
        self._client.close()
