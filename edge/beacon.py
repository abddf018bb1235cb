"""The beacon: says on the LAN every 5 s where this edge listens, so that a freshly flashed device finds it."""

import ipaddress
import logging
import socket

from edge.line import Beacon, encode

log = logging.getLogger(__name__)

EVERY_MS = 5_000
PORT = 8486


class BeaconSender:
    def __init__(self, edge: str, host: str, port: int, to_port: int = PORT) -> None:
        self._line = encode(Beacon(edge, port))
        # A link that listens on loopback only (tests, a demonstration) is announced there only.
        local = ipaddress.ip_address(host).is_loopback if host.replace(".", "").isdigit() else False
        self._to = ("127.255.255.255" if local else "255.255.255.255", to_port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if local:
            self._socket.bind((host, 0))
        self._due_ms = 0

    def tick(self, mono_ms: int) -> None:
        if mono_ms < self._due_ms:
            return
        self._due_ms = mono_ms + EVERY_MS
        try:
            self._socket.sendto(self._line, self._to)
        except OSError as error:
            log.debug("beacon not sent: %s", error)  # no network yet: the next one is 5 s away

    def close(self) -> None:
        self._socket.close()
