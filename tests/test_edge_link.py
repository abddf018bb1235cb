"""Links over real sockets and a real pseudo-terminal: lines in with their time, answers out."""

import os
import pty
import queue
import socket
import threading
import tty
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from collecting import hello, reading

from edge import link
from edge.beacon import EVERY_MS, BeaconSender
from edge.clock import Instant
from edge.collector import Heard
from edge.line import Ack, Beacon, Garbled, encode, parse
from edge.link import Inbox, SerialLink, UdpLink
from process.service import CannotGoOn

AT = Instant(5, 6, "era")
# Far more than a line needs on loopback; only a failing test waits for it.
PATIENCE_S = 10


class Listening:
    """An inbox, what was counted, and a UDP link with a device's socket."""

    def __init__(self, most: int = 100) -> None:
        self.inbox: Inbox = queue.Queue(most)
        self.counts: Counter[str] = Counter()
        self.noise = threading.Event()
        self.link = UdpLink("127.0.0.1", 0, self.inbox, lambda: AT, self.count)
        self.link.start()
        self.device = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.device.settimeout(PATIENCE_S)
        self.device.bind(("127.0.0.1", 0))

    def count(self, what: str) -> None:
        self.counts[what] += 1
        if what == "garbled":
            self.noise.set()

    def send(self, data: bytes) -> None:
        self.device.sendto(data, ("127.0.0.1", self.link.port))

    def heard(self) -> Heard:
        return self.inbox.get(timeout=PATIENCE_S)

    def close(self) -> None:
        self.link.close()
        self.device.close()


@pytest.fixture
def udp() -> Iterator[Listening]:
    made = Listening()
    yield made
    made.close()


def test_the_lines_of_a_datagram_come_together_with_the_time_they_came(udp: Listening) -> None:
    udp.send(encode(hello(1_000)) + encode(reading(1)))
    heard = udp.heard()
    assert (heard.lines, heard.at) == ([hello(1_000), reading(1)], AT)


def test_an_answer_goes_to_the_address_its_line_came_from(udp: Listening) -> None:
    udp.send(encode(reading(1)))
    udp.heard().sender.send(encode(Ack("garage", 7, 1)))
    assert udp.device.recvfrom(999) == (encode(Ack("garage", 7, 1)), ("127.0.0.1", udp.link.port))


def test_half_a_line_is_never_completed_by_the_next_datagram(udp: Listening) -> None:
    whole = encode(reading(1))
    udp.send(encode(reading(2)) + whole[:20])
    udp.send(whole[20:])
    udp.send(encode(reading(3)))
    first, second = udp.heard(), udp.heard()
    assert first.lines[0] == reading(2)
    assert isinstance(first.lines[1], Garbled)
    assert second.lines == [reading(3)]


def test_noise_is_counted_and_does_not_crowd_the_inbox(udp: Listening) -> None:
    for _ in range(20):
        udp.send(b"\x00\xff" * 50)
    udp.send(b"")
    udp.send(encode(reading(1)))
    assert udp.heard().lines == [reading(1)]
    assert (udp.counts, udp.inbox.qsize()) == ({"garbled": 21}, 0)


def test_a_datagram_of_the_largest_size_is_read_whole(udp: Listening) -> None:
    many = b"".join(encode(reading(seq)) for seq in range(1, 1_000))
    udp.send(many)
    assert len(udp.heard().lines) == 999


def test_when_the_inbox_is_full_what_comes_is_turned_away_and_counted() -> None:
    udp = Listening(most=2)
    try:
        for seq in range(1, 6):
            udp.send(encode(reading(seq)))
        udp.send(b"\x00")  # counted behind the others, so they have all been seen
        assert udp.noise.wait(PATIENCE_S)
        assert udp.counts["turned-away"] == 3
        assert [udp.heard().lines for _ in range(2)] == [[reading(1)], [reading(2)]]
    finally:
        udp.close()


def test_an_answer_to_an_address_that_cannot_be_reached_harms_nothing(udp: Listening) -> None:
    link.UdpSender(udp.link._socket, ("127.0.0.1", 0)).send(b"x")
    udp.send(encode(reading(1)))
    assert udp.heard().lines == [reading(1)]


def test_a_port_that_is_in_use_is_told_with_what_to_do(udp: Listening) -> None:
    with pytest.raises(CannotGoOn, match="in use; is another collector running"):
        UdpLink("127.0.0.1", udp.link.port, udp.inbox, lambda: AT, udp.count)


class Cable:
    """A pseudo-terminal under a name that stays while the cable is pulled and put in again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plug()

    def plug(self) -> None:
        self.device, self._far = pty.openpty()
        tty.setraw(self._far)
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(self._far))

    def pull(self) -> None:
        self.path.unlink()
        os.close(self._far)
        os.close(self.device)

    def say_until_heard(self, data: bytes, inbox: Inbox) -> Heard:
        """Opening a port throws away what came before, so it is said until the link is there."""
        for _ in range(PATIENCE_S * 20):
            os.write(self.device, data)
            try:
                return inbox.get(timeout=0.05)
            except queue.Empty:
                continue
        raise AssertionError("nothing was heard")


class SerialHouse:
    def __init__(self, folder: Path) -> None:
        self.cable = Cable(folder / "ttyACM0")
        self.inbox: Inbox = queue.Queue(100)
        self.counts: Counter[str] = Counter()
        self.link = SerialLink(str(self.cable.path), self.inbox, lambda: AT, self.count)
        self.link.start()

    def count(self, what: str) -> None:
        self.counts[what] += 1


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SerialHouse]:
    monkeypatch.setattr(link, "REOPEN_S", 0.05)
    made = SerialHouse(tmp_path)
    yield made
    made.link.close()
    made.cable.pull()


def test_lines_come_over_a_serial_port(house: SerialHouse) -> None:
    heard = house.cable.say_until_heard(encode(reading(1)), house.inbox)
    assert (heard.lines[0], heard.at, heard.sender) == (reading(1), AT, house.link)


def test_a_line_that_comes_in_pieces_is_one_line(house: SerialHouse) -> None:
    house.cable.say_until_heard(encode(reading(1)), house.inbox)
    whole = encode(reading(2))
    os.write(house.cable.device, whole[:9])
    os.write(house.cable.device, whole[9:])
    lines = house.inbox.get(timeout=PATIENCE_S).lines
    while reading(1) in lines:  # it was said more than once
        lines = [line for line in lines if line != reading(1)] or house.inbox.get(timeout=PATIENCE_S).lines
    assert lines == [reading(2)]


def test_nothing_is_said_to_a_port_before_its_first_hello(house: SerialHouse) -> None:
    """Opening the port resets an Arduino, and its boot loader would listen."""
    house.cable.say_until_heard(encode(reading(1)), house.inbox)
    house.link.send(b"too early\n")
    house.cable.say_until_heard(encode(hello(1_000)), house.inbox)
    while not house.link._greeted:
        house.inbox.get(timeout=PATIENCE_S)
    house.link.send(b"now\n")
    assert os.read(house.cable.device, 99) == b"now\n"


def test_a_cable_that_was_out_is_opened_again_and_silent_until_a_hello(house: SerialHouse) -> None:
    house.cable.say_until_heard(encode(hello(1_000)), house.inbox)
    house.cable.pull()
    house.cable.plug()
    while not house.inbox.empty():
        house.inbox.get()
    heard = house.cable.say_until_heard(encode(reading(7)), house.inbox)
    while reading(7) not in heard.lines:
        heard = house.inbox.get(timeout=PATIENCE_S)
    assert house.counts["link-resets"] >= 1
    assert not house.link._greeted


def test_an_answer_while_the_cable_is_out_is_lost_and_harms_nothing(tmp_path: Path) -> None:
    made = SerialLink(str(tmp_path / "nothing"), queue.Queue(), lambda: AT, lambda _what: None)
    made.send(b"x")


# The beacon


@pytest.fixture
def device() -> Iterator[socket.socket]:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("", 0))
    made.settimeout(PATIENCE_S)
    yield made
    made.close()


def test_a_beacon_on_loopback_says_the_edge_s_name_and_port(device: socket.socket) -> None:
    beacon = BeaconSender("home", "127.0.0.1", 8485, device.getsockname()[1])
    beacon.tick(0)
    data, (host, _port) = device.recvfrom(999)
    beacon.close()
    assert (parse(data.removesuffix(b"\n")), host) == (Beacon("home", 8485), "127.0.0.1")


def test_a_beacon_is_sent_every_5_seconds(device: socket.socket) -> None:
    beacon = BeaconSender("home", "127.0.0.1", 8485, device.getsockname()[1])
    sent = []
    for mono_ms in range(1_000, 1_000 + 3 * EVERY_MS, 500):
        beacon.tick(mono_ms)
        device.setblocking(False)
        try:
            device.recvfrom(999)
            sent.append(mono_ms)
        except BlockingIOError:
            pass
    beacon.close()
    assert sent == [1_000, 6_000, 11_000]


def test_a_network_that_is_not_there_yet_stops_no_beacon(device: socket.socket) -> None:
    beacon = BeaconSender("home", "127.0.0.1", 8485, 0)
    beacon.tick(0)
    beacon.tick(EVERY_MS)
    beacon.close()
