"""Links: where lines come from, one thread each, which decodes, stamps the time and does nothing else.

What is heard goes into one bounded queue; the collector's thread takes it from there. A line's time is taken
here, at the socket, because a hello is only worth what its stamp is.
"""

import logging
import queue
import socket
import termios
import threading
from collections.abc import Callable

import serial

from edge.clock import Instant
from edge.collector import Heard
from edge.decoder import LineDecoder
from edge.line import Garbled, Hello, Line
from process.service import CannotGoOn

log = logging.getLogger(__name__)

# Some seconds of a whole house; beyond it datagrams are dropped, counted, and sent again by the devices.
MOST_QUEUED = 2_000
# The largest UDP datagram: what is longer than a device would send is decoded as noise, not cut to look whole.
DATAGRAM_BYTES = 65_535
# Room in the kernel for what arrives while a commit is on its way to a slow card.
RECEIVE_BUFFER_BYTES = 1 << 20
SERIAL_BAUD = 115_200
SERIAL_READ_BYTES = 512
READ_TIMEOUT_S = 0.2
WRITE_TIMEOUT_S = 1.0
# A cable that is out is tried again this often; opening resets an Arduino, so not more often.
REOPEN_S = 2.0

Now = Callable[[], Instant]
Inbox = queue.Queue[Heard]


class UdpSender:
    """Answers one device over the socket its lines came by."""

    def __init__(self, sock: socket.socket, address: tuple[str, int]) -> None:
        self._socket = sock
        self._address = address

    def send(self, data: bytes) -> None:
        try:
            self._socket.sendto(data, self._address)
        except OSError as error:
            # No route, no buffer: an answer that is lost is said again when the device repeats itself.
            log.debug("answer to %s not sent: %s", self._address, error)


class UdpLink(threading.Thread):
    """Listens on one UDP address; every datagram has a decoder of its own."""

    def __init__(self, host: str, port: int, inbox: Inbox, now: Now, count: Callable[[str], None]) -> None:
        super().__init__(name=f"udp:{host}:{port}", daemon=True)
        self._inbox, self._now, self._count = inbox, now, count
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._socket.settimeout(READ_TIMEOUT_S)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise CannotGoOn(
                f"link udp://{host}:{port} cannot be opened: {error.strerror}; is another collector running?"
            ) from error
        self.port: int = self._socket.getsockname()[1]
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                data, address = self._socket.recvfrom(DATAGRAM_BYTES)
            except OSError:
                continue  # the timeout, or an ICMP error that an answer of ours came back with
            at, decoder = self._now(), LineDecoder()
            lines = [*decoder.feed(data), *decoder.end()]
            self._put(lines, UdpSender(self._socket, address), at)

    def _put(self, lines: list[Line | Garbled], sender: UdpSender, at: Instant) -> None:
        if all(isinstance(line, Garbled) for line in lines):
            self._count("garbled")  # noise at line rate must not crowd out what can be read
            return
        try:
            self._inbox.put_nowait(Heard(lines, sender, at))
        except queue.Full:
            self._count("turned-away")

    def close(self) -> None:
        self._ended.set()
        self.join()
        self._socket.close()


class SerialLink(threading.Thread):
    """One serial port or any other pyserial URL. It is opened again for ever; its answers go to the port.

    Opening the port resets an Arduino, and what is sent to it then could talk to its boot loader. So nothing
    is said before its first hello.
    """

    def __init__(self, url: str, inbox: Inbox, now: Now, count: Callable[[str], None]) -> None:
        super().__init__(name=url, daemon=True)
        self._url, self._inbox, self._now, self._count = url, inbox, now, count
        self._port: serial.SerialBase | None = None
        self._greeted = False
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self._listen()
            except (serial.SerialException, OSError, ValueError, termios.error) as error:
                log.warning("link %s: %s; trying again", self._url, error)
                self._count("link-resets")
                self._ended.wait(REOPEN_S)

    def send(self, data: bytes) -> None:
        port = self._port
        if port is not None and self._greeted:
            try:
                port.write(data)
            except (serial.SerialException, OSError) as error:
                log.debug("answer over %s not sent: %s", self._url, error)

    def close(self) -> None:
        self._ended.set()
        self.join()

    def _listen(self) -> None:
        self._greeted = False
        with serial.serial_for_url(
            self._url, baudrate=SERIAL_BAUD, timeout=READ_TIMEOUT_S, write_timeout=WRITE_TIMEOUT_S
        ) as port:
            self._port, decoder = port, LineDecoder()
            try:
                while not self._ended.is_set():
                    # One byte waits for the timeout, the rest is what has come with it.
                    data = port.read(1)
                    data += port.read(min(port.in_waiting, SERIAL_READ_BYTES)) if data else b""
                    self._take(decoder.feed(data))
            finally:
                self._port = None

    def _take(self, lines: list[Line | Garbled]) -> None:
        if lines:
            self._greeted = self._greeted or any(isinstance(line, Hello) for line in lines)
            try:
                self._inbox.put(Heard(lines, self, self._now()), timeout=WRITE_TIMEOUT_S)
            except queue.Full:
                self._count("turned-away")
