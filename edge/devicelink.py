"""The device's end of a link: UDP, or a pseudo-terminal that looks like a serial port.

What is sent and what an answer means is edge/device.py's business. Nothing here ever waits.
"""

import os
import pty
import socket
import tty
from typing import Protocol

from edge.decoder import LineDecoder
from edge.homing import SERIAL, Address
from edge.line import LINE_BYTES_MOST, Garbled, Line

# An edge says one line per datagram, at most five a second.
DATAGRAMS_HEARD_PER_CALL = 64
PTY_BYTES_HEARD_PER_CALL = 4096

Heard = list[tuple[Line | Garbled, Address]]


class DeviceLink(Protocol):
    @property
    def edge(self) -> Address:
        """Whom the device believes on this link."""

    def fileno(self) -> int:
        """For select: readable when there is something to hear."""

    def is_clear(self) -> bool:
        """Whether what was sent before has gone out."""

    def send(self, datagram: bytes) -> None:
        """May be lost, as on any link."""

    def hear(self) -> Heard:
        """What has arrived since the last call, with its sender."""

    def close(self) -> None: ...


class UdpDeviceLink:
    def __init__(self, host: str, port: int) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        self._address = address
        self.edge: Address = (str(address[0]), int(address[1]))
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def is_clear(self) -> bool:
        return True

    def send(self, datagram: bytes) -> None:
        try:
            self._socket.sendto(datagram, self._address)
        except OSError:
            return  # No route, or a full buffer: lost like any other datagram.

    def hear(self) -> Heard:
        heard: Heard = []
        for _ in range(DATAGRAMS_HEARD_PER_CALL):
            try:
                datagram, sender = self._socket.recvfrom(LINE_BYTES_MOST * 4)
            except OSError:
                break
            decoder = LineDecoder()
            heard += [(line, sender[:2]) for line in decoder.feed(datagram) + decoder.end()]
        return heard

    def close(self) -> None:
        self._socket.close()


class PtyDeviceLink:
    """`path` is what the collector opens. Our own open end of it keeps the terminal alive between readers."""

    edge = SERIAL

    def __init__(self) -> None:
        self._device_end, self._edge_end = pty.openpty()
        tty.setraw(self._edge_end)
        os.set_blocking(self._device_end, False)
        self.path = os.ttyname(self._edge_end)
        self._decoder = LineDecoder()
        self._unsent = b""

    def fileno(self) -> int:
        return self._device_end

    def is_clear(self) -> bool:
        self._write(b"")
        return not self._unsent

    def send(self, datagram: bytes) -> None:
        """A line that is half written is finished later; what does not fit before that is lost."""
        if self.is_clear():
            self._write(datagram)

    def _write(self, data: bytes) -> None:
        data = self._unsent + data
        try:
            self._unsent = data[os.write(self._device_end, data) :] if data else b""
        except BlockingIOError:
            self._unsent = data

    def hear(self) -> Heard:
        try:
            data = os.read(self._device_end, PTY_BYTES_HEARD_PER_CALL)
        except BlockingIOError:
            return []
        return [(line, SERIAL) for line in self._decoder.feed(data)]

    def close(self) -> None:
        os.close(self._device_end)
        os.close(self._edge_end)
