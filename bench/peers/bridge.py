"""A mosquitto bridge: producer -> broker at home -> bridge at QoS 1 -> broker -> sink; a message is a reading."""

import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import islice
from pathlib import Path

import orjson

from bench.household import free_port
from bench.peers.broker import PACKAGE, Sink, broker, wait_for_broker
from bench.peers.house import Held, House
from bench.peers.mqtt import PUBACK, Client
from bench.peers.programs import find
from bench.shaped import readings
from metering.quantity import QUANTITIES
from metering.reading import FIRST_VALUE, SEQ, Row

TOPIC = "rumah/garage"
FIELDS = tuple(quantity.column for quantity in QUANTITIES[:6])
BATCH = 500
ANSWER_S = 10.0

# The retry wait is as short as it goes, notifications would be messages that nobody counts.
BRIDGE = """\
connection cloud
address 127.0.0.1:{entry}
topic # out 1
cleansession false
notifications false
restart_timeout 1
bridge_protocol_version mqttv311
"""


def payload(row: Row) -> bytes:
    """A reading as most people send one: a JSON object with names."""
    values = zip(FIELDS, row[FIRST_VALUE : FIRST_VALUE + len(FIELDS)], strict=True)
    return orjson.dumps({"seq": row[0], "channel": row[1], "taken_ms": row[2], **dict(values)})


def seqs(_topic: str, message: bytes) -> list[int]:
    return [int(orjson.loads(message)["seq"])]


class _Bridge:
    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.entry, self.server, self._inlet = (free_port(socket.SOCK_STREAM) for _ in range(3))
        self.acknowledged: set[int] = set()
        self._opened = opened
        self._home = broker(self._inlet, folder / "home", BRIDGE.format(entry=self.entry))
        self._cloud = broker(self.server, folder / "cloud", "max_inflight_messages 0\n")
        opened.callback(self._cloud.stop)
        opened.callback(self._home.stop)
        opened.callback(self._forget)
        self._producer: Client | None = None
        self._waiting: dict[int, int] = {}
        self._sink: Sink | None = None

    def record(self, count: int) -> None:
        self.start()
        wait_for_broker(self._inlet)
        source = readings()
        with closing(Client(self._inlet, "recorder")) as client:
            for begin in range(0, count, BATCH):
                left = len(client.publish(TOPIC, map(payload, islice(source, min(BATCH, count - begin)))))
                while left > 0:
                    heard = client.hear(ANSWER_S)
                    if not heard:
                        raise TimeoutError(f"{left} messages unacknowledged for {ANSWER_S:g} s")
                    left -= sum(packet.kind == PUBACK for packet in heard)
        self._home.stop()

    def start(self) -> None:
        self._home.start()

    def kill(self) -> None:
        self._home.kill()

    def serve(self) -> None:
        self._cloud.start()
        wait_for_broker(self.server)
        self._sink = self._opened.enter_context(closing(Sink(self.server, seqs)))

    def offer(self, rows: Sequence[Row]) -> None:
        try:
            if self._producer is None:
                self._producer = Client(self._inlet, "producer")
            if rows:
                numbers = self._producer.publish(TOPIC, map(payload, rows))
                self._waiting |= zip(numbers, (row[SEQ] or 0 for row in rows), strict=True)
            for packet in self._producer.hear(0):
                if packet.kind == PUBACK:
                    self.acknowledged.add(self._waiting.pop(packet.number))
        except OSError:
            self._forget()

    def _forget(self) -> None:
        """What was not acknowledged before the connection went is nobody's promise."""
        if self._producer:
            with suppress(OSError):
                self._producer.close()
        self._producer = None
        self._waiting.clear()

    def arrived(self) -> int:
        return self._sink.arrived() if self._sink else 0

    def first_s(self) -> float | None:
        return self._sink.first_s if self._sink else None

    def held(self) -> Held:
        assert self._sink
        return self._sink.held()


class Bridge:
    key, name = "bridge", "mosquitto bridge"
    durability = "RAM, to disk every 30 min and at a clean stop; server: RAM"
    backlog = 100_000

    def version(self) -> str:
        told = subprocess.run(
            [find("mosquitto", PACKAGE), "-h"], capture_output=True, text=True, check=False
        ).stdout
        return told.partition("\n")[0].removeprefix("mosquitto version ").strip() or "version unknown"

    @contextmanager
    def house(self, folder: Path) -> Iterator[House]:
        with ExitStack() as opened:
            yield _Bridge(folder, opened)
