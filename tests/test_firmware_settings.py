"""What the simulated board keeps over a start, and what another start, name or version makes of it.

The real sketch; its EEPROM, USB port and registers are looked at from outside.
"""

from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from firmwarehouse import FirmwareHouse, sketch
from firmwareverdict import PASS_MOST_US
from mega import W5500, Mega

from edge.decoder import LineDecoder
from edge.line import Earlier, Hello, NoReading, Reading, crc16_modbus

# firmware/kembar/src/logic/storage.h and settings.h: two copies of generation, block and CRC.
SETTINGS_AT, BLOCK_BYTES = 64, 90
COPY_BYTES = BLOCK_BYTES + 3
SETTINGS_KIND = 0x4B53
PRR0, PRR1 = 0x64, 0x65


@pytest.fixture
def program(need: Callable[[str], str]) -> Path:
    return sketch(need)


class Monitor:
    """Hears all that a board without a shield says over USB; acknowledges nothing."""

    def __init__(self, mega: Mega) -> None:
        self.mega = mega
        mega.devices[0] = self
        self._decoder = LineDecoder()
        self.heard: list[Hello | Earlier | Reading | NoReading] = []
        self.remarks: list[str] = []

    def hear(self, _: int, data: bytes) -> None:
        self.remarks += [raw.decode("ascii") for raw in data.split(b"\n") if raw.startswith(b"#")]
        known = (Hello, Earlier, Reading, NoReading)
        self.heard += [line for line in self._decoder.feed(data) if isinstance(line, known)]

    def types(self, line: str) -> None:
        self.mega.say(0, line.encode() + b"\n", self.mega.now_us)

    def hello(self) -> Hello:
        return [line for line in self.heard if isinstance(line, Hello)][-1]


def crc_from(start: int, data: bytes) -> int:
    """CRC-16/MODBUS from another start: linear, so the difference of the starts is a CRC of its own."""
    difference = (start ^ 0xFFFF).to_bytes(2, "little")
    other = bytes([data[0] ^ difference[0], data[1] ^ difference[1]]) + data[2:]
    return crc16_modbus(other)


def of_another_version(eeprom: bytes) -> bytes:
    """The same settings, whole in every respect but for a version that this sketch does not know."""
    changed = bytearray(eeprom)
    found = 0
    for at in (SETTINGS_AT, SETTINGS_AT + COPY_BYTES):
        copy = eeprom[at : at + COPY_BYTES - 2]
        kept = int.from_bytes(eeprom[at + COPY_BYTES - 2 : at + COPY_BYTES], "little")
        if crc_from(SETTINGS_KIND, copy) == kept:
            found += 1
            copy = bytes([copy[0], 99, *copy[2:]])
            changed[at : at + COPY_BYTES] = copy + crc_from(SETTINGS_KIND, copy).to_bytes(2, "little")
    assert found
    return bytes(changed)


def test_settings_of_another_version_are_left_alone(program: Path, tmp_path: Path) -> None:
    """Also when the board, which now runs on defaults, finds an edge."""
    with FirmwareHouse(tmp_path, program, W5500) as house:
        house.run(8)
        house.mega.power_off()
        other = of_another_version(house.mega.eeprom())
        house.mega.set_eeprom(other)
        house.power_on()
        house.run(20)
        house.edge.stop()
        assert len(house.seen.known) == 2, "the edge has been found again"
        assert (
            house.mega.eeprom()[SETTINGS_AT : SETTINGS_AT + 2 * COPY_BYTES]
            == (other[SETTINGS_AT : SETTINGS_AT + 2 * COPY_BYTES])
        )


def test_nothing_is_told_twice_under_a_new_name(program: Path) -> None:
    mega = Mega(program)
    with closing(mega):
        monitor = Monitor(mega)
        mega.run(8)
        before = monitor.hello()
        assert before.queued
        monitor.types("set device=garage")
        mega.run(8)
        garage = [line for line in monitor.heard if line.device == "garage"]
        assert monitor.hello().device == "garage"
        assert {line.boot for line in garage} == {before.boot + 1}
        monitor.types("set interval=2000")
        mega.run(8)
        assert monitor.hello().interval_ms == 2000
        assert monitor.hello().earlier == 1, "under the same name they wait on"


def test_noise_at_line_rate_starves_nobody(program: Path) -> None:
    mega = Mega(program)
    with closing(mega):
        monitor = Monitor(mega)
        mega.run(3.25)  # between two questions
        before = list(mega.counts.sent)
        for tenth in range(100):
            mega.at(mega.now_us + tenth * 100_000, lambda: mega.say(0, b"X\n" * 570, mega.now_us))
        mega.run(10)
        hellos = [line.uptime_ms for line in monitor.heard if isinstance(line, Hello)]
        assert max(later - sooner for sooner, later in pairwise(hellos)) < 1100
        noisy = list(mega.counts.sent)
        mega.run(10)
        # A tick that nobody had the time to ask for would say `timeout`, as one of a silent sensor does.
        for uart in (1, 2, 3):
            assert noisy[uart] - before[uart] == mega.counts.sent[uart] - noisy[uart] > 0
        assert mega.counts.worst_awake_us <= PASS_MOST_US


def test_a_restart_without_the_watchdog_begins_with_every_clock_on(program: Path) -> None:
    """As after a reset: the noise of the ADC is part of what numbers are drawn from."""
    mega = Mega(program)
    with closing(mega):
        monitor = Monitor(mega)
        mega.run(2)
        monitor.types("set watchdog=off")
        mega.run(2)
        monitor.types("set device=garage")
        found = False
        for _ in range(5000):
            mega.run(0.0002)
            found = found or mega.memory(PRR0, PRR1 + 1) == b"\0\0"
        mega.run(2)
        assert monitor.hello().device == "garage"
        assert monitor.hello().reset_cause == "restart"
        assert found


def test_nobody_listens_to_a_sensor_while_the_watchdog_restarts_the_board(program: Path) -> None:
    """Its 15 ms with interrupts off are 15 bytes of a reply: heard by a UART that is on, and lost in its two bytes."""
    mega = Mega(program)
    with closing(mega):
        monitor = Monitor(mega)
        mega.run(2)
        before = mega.counts.unheard[2]
        for hundredth in range(150):
            mega.at(mega.now_us + hundredth * 10_000, lambda: mega.say(2, bytes(10), mega.now_us))
        monitor.types("set device=garage")
        mega.run(2)
        assert monitor.hello().reset_cause == "restart"
        assert mega.counts.unheard[2] - before >= 10
        assert list(mega.counts.overruns) == [0, 0, 0, 0]
