"""Somebody on the wire between virtual devices and the collector, who hears every answer that passes.

It changes nothing; a device's lines go on from a port of its own, and the answers to that port go back to it.
"""

import select
import socket
import threading
from types import TracebackType
from typing import Self

from edge.decoder import LineDecoder
from edge.line import Ack

Address = tuple[str, int]
LOOK_S = 0.1
DATAGRAM_BYTES = 65_535


class Eavesdropper(threading.Thread):
    """`port` is what devices speak to; `acknowledged` the highest A1 of each (device, boot) so far."""

    def __init__(self, collector_port: int) -> None:
        super().__init__(daemon=True)
        self._collector: Address = ("127.0.0.1", collector_port)
        self._devices_side = self._socket()
        self.port: int = self._devices_side.getsockname()[1]
        self._ways: dict[Address, socket.socket] = {}
        self._back: dict[socket.socket, Address] = {}
        self.acknowledged: dict[tuple[str, int], int] = {}
        self._ended = threading.Event()

    @staticmethod
    def _socket() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        made.bind(("127.0.0.1", 0))
        return made

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self.join()
        for opened in (self._devices_side, *self._back):
            opened.close()

    def forge(self, data: bytes, by_stranger: bool) -> None:
        """Say something to every device, from the address it takes for its edge or from another one."""
        with self._socket() as stranger:
            for device in self._ways:
                (stranger if by_stranger else self._devices_side).sendto(data, device)

    def run(self) -> None:
        while not self._ended.is_set():
            readable, _, _ = select.select([self._devices_side, *self._back], [], [], LOOK_S)
            for side in readable:
                data, sender = side.recvfrom(DATAGRAM_BYTES)
                if side is self._devices_side:
                    self._way(sender).sendto(data, self._collector)
                else:
                    self._note(data)
                    self._devices_side.sendto(data, self._back[side])

    def _way(self, device: Address) -> socket.socket:
        if device not in self._ways:
            self._ways[device] = self._socket()
            self._back[self._ways[device]] = device
        return self._ways[device]

    def _note(self, data: bytes) -> None:
        decoder = LineDecoder()
        for line in (*decoder.feed(data), *decoder.end()):
            if isinstance(line, Ack):
                stream = (line.device, line.boot)
                self.acknowledged[stream] = max(line.seq, self.acknowledged.get(stream, 0))
