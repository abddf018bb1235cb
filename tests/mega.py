"""An Arduino Mega 2560 in virtual time: the real program in simavr, everything around it modelled.

Rules: nothing happens but in run(); a seed gives the same run every time; times are microseconds since the board was
made. What is connected is told of whole frames (a pause, or a line's end) and of datagrams, and answers by `say` and
`give` with the time at which the answer begins. tests/megasim/ is the part in C.
"""

import ctypes
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final, Protocol

import megalib
from megalib import UARTS, Counts

FLASH_BYTES = 0x40000
BOOT_LOADER_AT = 0x3E000
# Debian's arduino-core-avr; as delivered on the boards since the end of 2011.
BOOT_LOADER = Path("/usr/share/arduino/hardware/arduino/avr/bootloaders/stk500v2/stk500boot_v2_mega2560.hex")
W5100: Final = 5100
W5500: Final = 5500
OTHER_CHIP: Final = 1
# What is wrong with the Ethernet chip: MISO stuck; no SEND ever ends; nothing is received, or by
# socket 0 alone.
HIGH, LOW, STUCK, DEAF, HALF_DEAF = 1, 2, 3, 4, 5
BROADCAST = "255.255.255.255"
HEAR_BYTES = 16384


class Crashed(Exception):
    """The program addressed memory that is not there, or slept with its interrupts off."""


class Device(Protocol):
    """What is connected to a UART."""

    def hear(self, at_us: int, data: bytes) -> None:
        """A frame has gone out; its last byte was over at `at_us`."""


class Plug(Protocol):
    """What is connected to the Ethernet plug."""

    def hear(self, at_us: int, sender: tuple[str, int], to: tuple[str, int], data: bytes) -> None: ...


@dataclass(frozen=True)
class Noise:
    """Chances: of one bit to flip, of one byte to be lost, towards the board and away from it."""

    flips_in: float = 0.0
    flips_out: float = 0.0
    lost_in: float = 0.0
    lost_out: float = 0.0


def flash_image(*files: Path) -> bytes:
    """What several Intel HEX files put into flash."""
    image = bytearray(b"\xff" * FLASH_BYTES)
    for file in files:
        base = 0
        for line in file.read_text().split():
            record = bytes.fromhex(line[1:])
            length, offset, kind, data = record[0], int.from_bytes(record[1:3]), record[3], record[4:-1]
            if kind == 0:
                image[base + offset : base + offset + length] = data
            elif kind in (2, 4):
                base = int.from_bytes(data) << (4 if kind == 2 else 16)
    return bytes(image)


class Mega:
    """`chip`: None, W5100, W5500 or OTHER_CHIP; `ppm`: by how much its crystal runs fast."""

    def __init__(
        self,
        program: Path,
        chip: int | None = None,
        seed: int = 1,
        boot_loader: Path | None = None,
        ppm: int = 0,
    ) -> None:
        self._lib = megalib.library()
        image = flash_image(program, *([boot_loader] if boot_loader else []))
        start = BOOT_LOADER_AT if boot_loader else 0
        self._board = self._lib.mega_new(image, len(image), start, chip or 0, seed, ppm)
        assert self._board
        self._buffer = ctypes.create_string_buffer(HEAR_BYTES)
        self._datagram = megalib.Datagram()
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._reached_us = 0
        self.devices: list[Device | None] = [None] * UARTS
        self.plug: Plug | None = None
        self.powered = False
        self.on_reset: Callable[[], None] | None = None
        self.serial_side(0, 115_200, frame_end=ord("\n"))
        self.power_on()

    def close(self) -> None:
        self._lib.mega_free(self._board)
        self._board = None

    @property
    def now_us(self) -> int:
        return int(self._lib.mega_now_us(self._board))

    @property
    def counts(self) -> Counts:
        counts: Counts = self._lib.mega_counts(self._board).contents
        return counts

    def at(self, at_us: int, what: Callable[[], None]) -> None:
        """Call it when that time has come; what is in the past comes at once."""
        heapq.heappush(self._agenda, (at_us, next(self._order), what))

    def run(self, seconds: float) -> None:
        self.run_until(self._reached_us + round(seconds * 1e6))

    def run_until(self, end_us: int) -> None:
        """What happens at the very end has happened when it returns."""
        while True:
            while self._agenda and self._agenda[0][0] <= self._reached_us:
                heapq.heappop(self._agenda)[2]()
            if self._reached_us >= end_us:
                return
            until = min(end_us, self._agenda[0][0]) if self._agenda else end_us
            events = self._lib.mega_run(self._board, until)
            self._reached_us = min(self.now_us, until) if events else until
            self._happened(events)

    def _happened(self, events: int) -> None:
        for number in range(UARTS):
            if events >> number & 1:
                self._heard(number)
        if events & megalib.DATAGRAM:
            self._sent()
        if events & megalib.POWER_LOST:
            self.powered = False
        if events & megalib.BITTEN:
            self._was_reset()
        if events & (megalib.CRASHED | megalib.ENDED):
            raise Crashed(f"at pc {self._lib.mega_pc(self._board):#x}, {self.now_us / 1e6:.6f} s")

    def _heard(self, number: int) -> None:
        last_us = ctypes.c_uint64()
        length = self._lib.mega_serial_hear(
            self._board, number, self._buffer, HEAR_BYTES, ctypes.byref(last_us)
        )
        device = self.devices[number]
        if device is not None and length:
            device.hear(last_us.value, self._buffer.raw[:length])

    def _sent(self) -> None:
        sent = self._datagram
        while self._lib.mega_datagram_take(self._board, ctypes.byref(sent)):
            if self.plug is not None:
                sender = str(IPv4Address(sent.from_ip)), sent.from_port
                to = str(IPv4Address(sent.to_ip)), sent.to_port
                self.plug.hear(sent.at_us, sender, to, ctypes.string_at(sent.data, sent.length))

    # Power and resets

    def power_on(self, lost_bits: float = 1.0) -> None:
        """`lost_bits`: the share of the SRAM's bits that have lost their value; short cuts leave some."""
        self._lib.mega_power_on(self._board, lost_bits)
        self.powered = True
        self._was_reset()

    def power_off(self) -> None:
        self._lib.mega_power_off(self._board)
        self.powered = False

    def power_cycle(self, off_s: float, lost_bits: float = 1.0) -> None:
        """EEPROM keeps what is in it, a byte that is being written is torn, the Ethernet chip starts anew."""
        self.power_off()
        self.run(off_s)
        self.power_on(lost_bits)

    def reset_pin(self, chip_too: bool = False) -> None:
        """SRAM stays; the Ethernet chip too, but on shields that join its reset to this pin."""
        self._lib.mega_reset_pin(self._board, chip_too)
        self._was_reset()

    def open_serial(self) -> None:
        """Somebody opens the USB serial port: DTR pulls the reset pin."""
        self.reset_pin()

    def hang(self) -> None:
        """The program does nothing any more, wherever it is, until it is reset."""
        self._lib.mega_hang(self._board)

    def _was_reset(self) -> None:
        if self.on_reset is not None:
            self.on_reset()

    # Serial lines

    def serial_side(self, number: int, baud: int, gap_us: int | None = None, frame_end: int = -1) -> None:
        """How the other side speaks; when what the board sends is a whole frame (3.5 bytes of silence, or a byte)."""
        gap_us = 35_000_000 // baud if gap_us is None else gap_us
        self._lib.mega_serial_side(self._board, number, baud, gap_us, frame_end)

    def say(self, number: int, data: bytes, at_us: int = 0) -> None:
        """Send to the board from `at_us` on, or when the line is free, at the other side's pace."""
        taken = self._lib.mega_serial_say(self._board, number, at_us, data, len(data))
        assert taken == len(data), "the line's queue is full"

    def noise(self, number: int, noise: Noise) -> None:
        told = megalib.LineNoise(noise.flips_in, noise.flips_out, noise.lost_in, noise.lost_out)
        self._lib.mega_serial_noise(self._board, number, ctypes.byref(told))

    # Network

    def give(self, sender: tuple[str, int], to: tuple[str, int], data: bytes, at_us: int = 0) -> None:
        """A datagram arrives at the plug at `at_us`."""
        told = megalib.Datagram(
            max(at_us, self.now_us),
            int(IPv4Address(sender[0])),
            int(IPv4Address(to[0])),
            sender[1],
            to[1],
            len(data),
        )
        ctypes.memmove(told.data, data, len(data))
        given = self._lib.mega_datagram_give(self._board, ctypes.byref(told))
        assert given, "too many datagrams on their way"

    def weather(self, lost: float = 0.0, doubled: float = 0.0) -> None:
        """Chances of a datagram, both ways."""
        self._lib.mega_weather(self._board, lost, lost, doubled, doubled)

    def host_off(self, ip: str | None) -> None:
        """That host answers no ARP request from now on; None: all do."""
        self._lib.mega_silent_host(self._board, 0, int(IPv4Address(ip)) if ip else 0)

    def other_macs(self) -> None:
        """Every host has another MAC address from now on, as a Pi whose card is put into another one."""
        self._lib.mega_other_macs(self._board)

    def cable(self, plugged: bool) -> None:
        self._lib.mega_cable(self._board, plugged)

    def chip_trouble(self, trouble: int) -> None:
        self._lib.mega_chip_trouble(self._board, trouble)

    def chip_forgets(self) -> None:
        """The Ethernet chip alone loses its settings."""
        self._lib.mega_chip_forgets(self._board)

    @property
    def chip_resets(self) -> int:
        return int(self._lib.mega_chip_resets(self._board))

    def misuse(self) -> dict[str, int]:
        """What the driver did that the chip's data sheet forbids; empty for a good one."""
        told = self._lib.mega_misuse(self._board).contents
        return {name: count for name, *_ in megalib.Misuse._fields_ if (count := getattr(told, name))}

    # Memories

    def eeprom(self) -> bytes:
        return ctypes.string_at(self._lib.mega_eeprom(self._board), 4096)

    def set_eeprom(self, content: bytes) -> None:
        ctypes.memmove(self._lib.mega_eeprom(self._board), content, 4096)

    def eeprom_wear(self) -> list[int]:
        """How often each cell has been written."""
        return list(self._lib.mega_eeprom_wear(self._board)[:4096])

    def eeprom_cut(self, in_writes: int) -> None:
        """The power goes while the n-th byte from now is written; that byte is torn. `powered` tells when."""
        self._lib.mega_eeprom_cut(self._board, in_writes)

    def memory(self, first: int, end: int) -> bytes:
        """Registers, I/O and SRAM as the program addresses them."""
        return bytes(self._lib.mega_data(self._board)[first:end])

    def poke(self, address: int, value: int) -> None:
        self._lib.mega_data(self._board)[address] = value
