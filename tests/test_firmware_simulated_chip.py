"""The simulated Ethernet chips answer over SPI as a W5100 and a W5500 do, and fail as they do."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from mega import BROADCAST, DEAF, HALF_DEAF, HIGH, LOW, OTHER_CHIP, STUCK, W5100, W5500
from probe import Probe
from probe import program as probe_program

BOARD, EDGE = ("192.168.1.177", 8485), ("192.168.1.2", 8485)
SENT, TIMEOUT, GOT_DATA = 0x10, 0x08, 0x04
OPEN, SEND, RECV, UDP = 0x01, 0x20, 0x40, 0x22
CR, IR, SR, PORT, DIPR, TX_FSR, TX_WR, RX_RSR, RX_RD = 1, 2, 3, 4, 0x0C, 0x20, 0x24, 0x26, 0x28
COMMON, REGISTERS, TRANSMIT, RECEIVE = range(4)


class Driver:
    """Registers and memories of the chip, by the frames of its kind; socket 0 unless told otherwise."""

    def __init__(self, program: Path, kind: int) -> None:
        self.probe, self.kind = Probe(program, kind), kind
        self.mega = self.probe.mega
        self.heard: list[tuple[tuple[str, int], tuple[str, int], bytes]] = []
        self.mega.plug = self
        self.mega.run(0.5)  # until its reset is over

    def hear(self, at_us: int, sender: tuple[str, int], to: tuple[str, int], data: bytes) -> None:
        assert at_us <= self.mega.now_us
        self.heard.append((sender, to, data))

    def read(self, block: int, address: int, length: int = 1) -> bytes:
        if self.kind == W5500:
            return self.probe.frame(address >> 8, address & 255, block << 3, *bytes(length))[3:]
        flat = self._flat(block, address)
        return b"".join(self._byte(0x0F, flat + i, 0) for i in range(length))

    def write(self, block: int, address: int, data: bytes) -> None:
        if self.kind == W5500:
            self.probe.frame(address >> 8, address & 255, block << 3 | 4, *data)
            return
        for i, value in enumerate(data):
            self._byte(0xF0, self._flat(block, address) + i, value)

    def _flat(self, block: int, address: int) -> int:
        return (0, 0x400, 0x4000, 0x6000)[block] + address

    def _byte(self, operation: int, address: int, value: int) -> bytes:
        answer = self.probe.frame(operation, address >> 8, address & 255, value)
        assert answer[:3] == bytes([0, 1, 2])
        return answer[3:]

    def configure(self) -> None:
        """Address, mask and gateway, 20 ms for an ARP request, and a UDP socket on port 8485."""
        self.write(
            COMMON, 1, bytes([192, 168, 1, 1, 255, 255, 255, 0, 2, 0x4B, 0x42, 1, 2, 3, 192, 168, 1, 177])
        )
        self.write(COMMON, 0x19 if self.kind == W5500 else 0x17, bytes([0, 100, 1]))
        self.write(REGISTERS, 0, bytes([2]))
        self.write(REGISTERS, PORT, BOARD[1].to_bytes(2))
        self.write(REGISTERS, CR, bytes([OPEN]))
        assert self.read(REGISTERS, SR) == bytes([UDP])

    def send(self, ip: str, data: bytes) -> None:
        self.write(REGISTERS, DIPR, bytes(map(int, ip.split("."))))
        self.write(REGISTERS, DIPR + 4, EDGE[1].to_bytes(2))
        at = int.from_bytes(self.read(REGISTERS, TX_WR, 2))
        self.write(TRANSMIT, at & 2047, data)
        self.write(REGISTERS, TX_WR, (at + len(data)).to_bytes(2))
        self.write(REGISTERS, CR, bytes([SEND]))

    def interrupts(self) -> int:
        return self.read(REGISTERS, IR)[0]

    def received(self) -> bytes:
        """Header and content of what waits; then it is passed over."""
        waits = int.from_bytes(self.read(REGISTERS, RX_RSR, 2))
        at = int.from_bytes(self.read(REGISTERS, RX_RD, 2))
        data = self.read(RECEIVE, at & 2047, waits) if waits else b""
        self.write(REGISTERS, RX_RD, (at + waits).to_bytes(2))
        self.write(REGISTERS, CR, bytes([RECV]))
        return data


@pytest.fixture
def program(need: Callable[[str], str]) -> Path:
    return probe_program(need)


@pytest.fixture(params=[W5100, W5500])
def chip(program: Path, request: pytest.FixtureRequest) -> Iterator[Driver]:
    made = Driver(program, request.param)
    with closing(made.mega):
        made.configure()
        yield made


def test_a_datagram_goes_out_and_its_end_is_told(chip: Driver) -> None:
    chip.send(EDGE[0], b"hello")
    assert chip.heard == [(BOARD, EDGE, b"hello")]
    assert chip.interrupts() == SENT
    chip.write(REGISTERS, IR, bytes([SENT]))
    assert chip.interrupts() == 0
    chip.send(EDGE[0], b"again")
    assert chip.heard[1:] == [(BOARD, EDGE, b"again")]
    assert chip.mega.misuse() == {}


def test_the_write_pointer_reads_as_the_last_send_left_it(chip: Driver) -> None:
    chip.write(REGISTERS, TX_WR, (100).to_bytes(2))
    assert chip.read(REGISTERS, TX_WR, 2) == bytes(2)
    chip.write(REGISTERS, CR, bytes([SEND]))
    assert chip.read(REGISTERS, TX_WR, 2) == (100).to_bytes(2)


@pytest.mark.parametrize("to", [BOARD[0], BROADCAST, "192.168.1.255"])
def test_a_datagram_comes_in_behind_its_header(chip: Driver, to: str) -> None:
    chip.mega.give(EDGE, (to, 8485), b"A1")
    chip.mega.run(0.001)
    assert chip.interrupts() == GOT_DATA
    assert chip.received() == bytes([192, 168, 1, 2, 0x21, 0x25, 0, 2]) + b"A1"
    assert chip.received() == b""


def test_what_is_for_others_or_finds_no_room_is_not_heard(chip: Driver) -> None:
    chip.mega.give(EDGE, ("192.168.1.178", 8485), b"another board")
    chip.mega.give(EDGE, (BOARD[0], 8486), b"another port")
    for _ in range(3):
        chip.mega.give(EDGE, BOARD, bytes(1000))
    chip.mega.run(0.001)
    assert int.from_bytes(chip.read(REGISTERS, RX_RSR, 2)) == 2016
    assert chip.mega.counts.datagrams_lost == 3


@pytest.mark.parametrize("trouble", ["host off", "other network", "cable out"])
def test_nobody_answering_the_arp_request_ends_in_a_time_out(chip: Driver, trouble: str) -> None:
    to = "10.0.0.1" if trouble == "other network" else EDGE[0]
    chip.mega.host_off(EDGE[0] if trouble == "host off" else "192.168.1.1")
    chip.mega.cable(trouble != "cable out")
    chip.send(to, b"hello")
    assert chip.interrupts() == 0
    chip.mega.run(0.025)
    assert chip.interrupts() == TIMEOUT
    assert chip.heard == []
    assert chip.read(REGISTERS, TX_FSR, 2) == (2048 - 5).to_bytes(2), "what was to be sent is still there"


@pytest.mark.parametrize("forced", [False, True])
def test_only_a_w5500_whose_arp_is_not_forced_goes_on_sending_to_an_old_mac_address(
    chip: Driver, forced: bool
) -> None:
    if forced and chip.kind == W5500:
        chip.write(COMMON, 0, bytes([0x02]))
    chip.send(EDGE[0], b"before")
    chip.mega.other_macs()
    chip.send(EDGE[0], b"after")
    assert chip.interrupts() == SENT
    deaf = chip.kind == W5500 and not forced
    assert [data for *_, data in chip.heard] == [b"before"] + [b"after"] * (not deaf)


def test_only_the_w5500_tells_that_its_cable_is_out(chip: Driver) -> None:
    told = chip.read(COMMON, 0x2E)
    chip.mega.cable(False)
    assert (chip.read(COMMON, 0x2E) != told) == (chip.kind == W5500)


@pytest.mark.parametrize(("trouble", "byte"), [(HIGH, 0xFF), (LOW, 0x00)])
def test_a_hung_chip_says_always_the_same(chip: Driver, trouble: int, byte: int) -> None:
    chip.mega.chip_trouble(trouble)
    assert chip.probe.frame(0x0F, 0, 0x39, 0, 1, 2) == bytes([byte] * 6)


def test_a_stuck_send_ends_only_by_a_software_reset(chip: Driver) -> None:
    chip.mega.chip_trouble(STUCK)
    chip.send(EDGE[0], b"hello")
    chip.mega.run(1.0)
    assert chip.interrupts() == 0
    chip.write(COMMON, 0, bytes([0x80]))
    assert chip.mega.chip_resets == 1
    assert chip.read(REGISTERS, SR) == b"\0", "its sockets are closed"
    chip.configure()
    chip.send(EDGE[0], b"hello")
    assert chip.interrupts() == SENT


def test_a_deaf_chip_sends_but_hears_nothing(chip: Driver) -> None:
    chip.mega.chip_trouble(DEAF)
    chip.mega.give(EDGE, BOARD, b"A1")
    chip.send(EDGE[0], b"hello")
    assert chip.interrupts() == SENT


def test_the_first_socket_of_a_half_deaf_chip_hears_nothing(chip: Driver) -> None:
    chip.mega.chip_trouble(HALF_DEAF)
    lost = chip.mega.counts.datagrams_lost
    chip.mega.give(EDGE, BOARD, b"A1")
    chip.mega.run(0.001)
    assert chip.interrupts() == 0
    assert chip.mega.counts.datagrams_lost == lost + 1


def test_a_reset_of_the_board_leaves_the_chip_alone_and_a_power_cycle_does_not(chip: Driver) -> None:
    chip.mega.reset_pin()
    chip.mega.run(0.01)
    assert chip.read(REGISTERS, SR) == bytes([UDP])
    chip.mega.power_cycle(0.1)
    chip.mega.run(0.01)
    assert chip.probe.frame(0x0F, 0, 0, 0) == b"\xff\xff\xff\xff", "it is held in reset"
    chip.mega.run(0.5)
    assert chip.read(REGISTERS, SR) == b"\0"


def test_a_share_of_datagrams_is_lost_and_doubled_both_ways(chip: Driver) -> None:
    chip.mega.weather(lost=0.3, doubled=0.2)
    for _ in range(100):
        chip.mega.give(EDGE, BOARD, b"A1")
        chip.send(EDGE[0], b"hello")
        chip.received()
    counts = chip.mega.counts
    assert 65 < len(chip.heard) < 110
    assert 30 < counts.datagrams_lost < 100
    assert 15 < counts.datagrams_doubled < 50


def test_a_driver_that_sends_too_early_or_too_much_is_found(chip: Driver) -> None:
    chip.write(REGISTERS, TX_WR, (3000).to_bytes(2))
    chip.write(REGISTERS, CR, bytes([SEND]))
    chip.mega.host_off(EDGE[0])
    chip.write(COMMON, 0x19 if chip.kind == W5500 else 0x17, bytes([0x07, 0xD0]))  # 200 ms
    chip.send(EDGE[0], b"hello")
    chip.send(EDGE[0], b"hello")
    assert chip.mega.misuse() == {"send_too_long": 1, "send_while_sending": 1}


def test_a_transfer_while_the_card_is_not_deselected_is_counted(chip: Driver) -> None:
    assert chip.mega.counts.spi_conflicts == 0
    port_g, card = 0x34, 0x20
    chip.mega.poke(port_g, chip.mega.memory(port_g, port_g + 1)[0] & ~card)
    chip.read(COMMON, 0)
    assert chip.mega.counts.spi_conflicts > 0


def test_something_else_in_its_place_gives_back_what_it_was_told(program: Path) -> None:
    made = Probe(program, OTHER_CHIP)
    with closing(made.mega):
        made.mega.run(0.5)
        assert made.frame(1, 2, 3, 4)[1:] == bytes([1, 2, 3])
