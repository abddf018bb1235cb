"""As much of an MQTT 3.1.1 client as a producer and a sink need: QoS 1 both ways, no reconnecting of its own.

OASIS MQTT 3.1.1, sections 3.1 to 3.9. Raises OSError when the connection is gone.
"""

import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x30, 0x40, 0x82, 0x90
QOS_1 = 0x02
RECEIVED_BYTES = 262_144
# Longer than any measurement: no pings are needed.
KEEP_ALIVE_S = 3_600
ANSWER_S = 10.0


@dataclass(frozen=True, slots=True)
class Packet:
    kind: int
    flags: int
    body: bytes

    @property
    def number(self) -> int:
        """Of an acknowledgement: what it acknowledges."""
        return int.from_bytes(self.body[:2], "big")

    def message(self) -> tuple[str, int, bytes]:
        """Of a PUBLISH: its topic, its number (0 with QoS 0) and what it carries."""
        at = 2 + self.number
        topic = self.body[2:at].decode()
        if not self.flags & QOS_1:
            return topic, 0, self.body[at:]
        return topic, int.from_bytes(self.body[at : at + 2], "big"), self.body[at + 2 :]


def encode(head: int, body: bytes) -> bytes:
    left, length = len(body), bytearray()
    while True:
        left, seven = divmod(left, 128)
        length.append(seven | (0x80 if left else 0))
        if not left:
            return bytes((head,)) + bytes(length) + body


def text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def decode(buffer: bytearray) -> Iterator[Packet]:
    """All whole packets at the front of the buffer, which is shortened by them."""
    at = 0
    while True:
        length, shift, begin = 0, 0, at + 1
        while begin < len(buffer):
            length |= (buffer[begin] & 0x7F) << shift
            shift, begin = shift + 7, begin + 1
            if not buffer[begin - 1] & 0x80:
                break
        else:
            break
        if len(buffer) < begin + length:
            break
        yield Packet(buffer[at] & 0xF0, buffer[at] & 0x0F, bytes(buffer[begin : begin + length]))
        at = begin + length
    del buffer[:at]


class Client:
    """Connected and welcome once it is made."""

    def __init__(self, port: int, name: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._numbers = cycle(range(1, 65_536))
        try:
            head = text("MQTT") + bytes((4, 0x02)) + KEEP_ALIVE_S.to_bytes(2, "big")
            self._ask(CONNECT, head + text(name), CONNACK)
        except OSError:
            self.close()
            raise

    def _ask(self, head: int, body: bytes, answer: int) -> None:
        self._socket.sendall(encode(head, body))
        while answer not in (packets := [packet.kind for packet in self.hear(ANSWER_S)]):
            if not packets:
                raise TimeoutError(f"no answer to {head:#x} within {ANSWER_S:g} s")

    def subscribe(self, topic: str) -> None:
        number = next(self._numbers).to_bytes(2, "big")
        self._ask(SUBSCRIBE, number + text(topic) + b"\x01", SUBACK & 0xF0)

    def publish(self, topic: str, payloads: Iterable[bytes]) -> list[int]:
        """At QoS 1; the numbers that the broker will acknowledge."""
        head, numbers, packets = text(topic), [], []
        for payload in payloads:
            numbers.append(next(self._numbers))
            packets.append(encode(PUBLISH | QOS_1, head + numbers[-1].to_bytes(2, "big") + payload))
        self._socket.sendall(b"".join(packets))
        return numbers

    def hear(self, seconds: float) -> list[Packet]:
        """What came, waiting so long for the first of it; PUBLISH is acknowledged."""
        self._socket.settimeout(max(seconds, 0.0001))
        try:
            data = self._socket.recv(RECEIVED_BYTES)
        except TimeoutError:
            return []
        finally:
            self._socket.settimeout(ANSWER_S)
        if not data:
            raise ConnectionResetError("the broker closed the connection")
        self._buffer += data
        packets = list(decode(self._buffer))
        answers = (p.message()[1] for p in packets if p.kind == PUBLISH and p.flags & QOS_1)
        if acknowledged := b"".join(encode(PUBACK, n.to_bytes(2, "big")) for n in answers):
            self._socket.sendall(acknowledged)
        return packets

    def close(self) -> None:
        self._socket.close()
