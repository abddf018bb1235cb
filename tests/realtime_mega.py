"""The simulated board in real time: `python tests/realtime_mega.py sketch.hex --pty ttyMega`.

Its UART 0 is a pseudo-terminal, whose opening resets it as DTR does on the real one; with --chip its Ethernet reaches
UDP sockets of this machine. With --control it takes commands, as lines, from a pipe that it makes there:
  reset | hang | power OFF_SECONDS [LOST_BITS] | cable in|out | weather LOST DOUBLED | trouble 0..4
  mains CHANNEL on|off | type TEXT (a line over the serial port) | quit
SIGUSR1 is `reset`, SIGUSR2 is `power 2`, SIGTERM is `quit`. It also ends with the process that started it, and at the
end prints what it saw as one line of JSON.
"""

import argparse
import json
import os
import pty
import select
import signal
import socket
import sys
import time
import tty
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TextIO

from mega import BOOT_LOADER, BROADCAST, OTHER_CHIP, W5100, W5500, Mega
from pzem_model import IDLE, Pzem, PzemLine, recorded

# The edge's machine as the board sees it; whatever UDP port it listens on here is the port there.
EDGE_IP, BEACON_PORT = "192.168.1.2", 8486
HERE, EVERYBODY_HERE = "127.0.0.1", "127.255.255.255"
TURN_S = 0.002
READ_BYTES = 4096
EEPROM_EVERY_S = 0.5


class Port:
    """UART 0 as a pseudo-terminal. Who opens its other end resets the board."""

    def __init__(self, mega: Mega, link: Path) -> None:
        self._mega = mega
        self.fileno, other = pty.openpty()
        tty.setraw(other)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(other))
        os.close(other)
        os.set_blocking(self.fileno, False)
        self._poll = select.poll()
        self._poll.register(self.fileno, select.POLLIN | select.POLLHUP)
        self._open = False

    def hear(self, at_us: int, data: bytes) -> None:
        if self._open:
            with suppress(OSError):  # nobody reads: lost, as on the real one
                os.write(self.fileno, data)

    def turn(self) -> None:
        events = dict(self._poll.poll(0)).get(self.fileno, 0)
        is_open = not events & select.POLLHUP
        if is_open != self._open:
            print("port opened" if is_open else "port closed", flush=True)
        if is_open and not self._open:
            self._mega.open_serial()
        self._open = is_open
        if is_open and events & select.POLLIN:
            with suppress(OSError):
                self._mega.say(0, os.read(self.fileno, READ_BYTES))


class Network:
    """The board's Ethernet: datagrams to the edge's address go to this machine, answers and beacons come back."""

    def __init__(self, mega: Mega, beacons: bool) -> None:
        self._mega = mega
        self._board = ("", 0)
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._out.bind((HERE, 0))
        self._out.setblocking(False)
        self._beacons: socket.socket | None = None
        if beacons:
            self._beacons = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._beacons.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._beacons.bind((EVERYBODY_HERE, BEACON_PORT))
            self._beacons.setblocking(False)
        mega.plug = self

    def hear(self, at_us: int, sender: tuple[str, int], to: tuple[str, int], data: bytes) -> None:
        self._board = sender
        if to[0] == EDGE_IP:
            with suppress(OSError):
                self._out.sendto(data, (HERE, to[1]))

    def turn(self) -> None:
        with suppress(OSError):
            while True:
                data, sender = self._out.recvfrom(READ_BYTES)
                self._mega.give((EDGE_IP, sender[1]), self._board, data[:READ_BYTES])
        with suppress(OSError):
            while self._beacons:
                data, sender = self._beacons.recvfrom(READ_BYTES)
                self._mega.give((EDGE_IP, sender[1]), (BROADCAST, BEACON_PORT), data)

    def close(self) -> None:
        self._out.close()
        if self._beacons:
            self._beacons.close()


class Truth:
    """What the sensors said, as lines of CSV: channel, time in us, 1 for a lie, the seven values as stored."""

    def __init__(self, sensors: Sequence[Pzem], file: TextIO) -> None:
        self._sensors, self._file = sensors, file
        self._told = [0] * len(sensors)

    def turn(self) -> None:
        for i, sensor in enumerate(self._sensors):
            for said in sensor.said[self._told[i] :]:
                print(i + 1, said.at_us, int(said.lie), *said.values, sep=",", file=self._file, flush=True)
            self._told[i] = len(sensor.said)


class Run:
    """The board, and the commands that it is given."""

    def __init__(self, asked: argparse.Namespace, opened: ExitStack) -> None:
        self.mega = Mega(asked.program, asked.chip, asked.seed, BOOT_LOADER if asked.boot_loader else None)
        opened.callback(self.mega.close)
        self._eeprom: Path | None = asked.eeprom
        if self._eeprom and self._eeprom.exists():
            self.mega.set_eeprom(self._eeprom.read_bytes())
        self.sensors = [Pzem(1, recorded(uart) if asked.recorded else lambda _: IDLE) for uart in (1, 2, 3)]
        for uart, sensor in enumerate(self.sensors, 1):
            PzemLine(self.mega, uart, [sensor])
        self.turns: list[Port | Network | Truth] = []
        if asked.pty:
            self.turns.append(port := Port(self.mega, asked.pty))
            self.mega.devices[0] = port
        if asked.chip:
            self.turns.append(network := Network(self.mega, asked.beacons))
            opened.callback(network.close)
        if asked.said:
            self.turns.append(Truth(self.sensors, opened.enter_context(asked.said.open("a"))))
        self._control, self._typed = -1, b""
        if asked.control:
            os.mkfifo(asked.control)
            # Open for writing too, so that it does not end when one writer closes it.
            self._control = os.open(asked.control, os.O_RDWR | os.O_NONBLOCK)
            opened.callback(os.close, self._control)
        self._parent = os.getppid()
        self.late_ms = 0.0
        self.ended = False

    def obey(self, line: str) -> None:
        match line.split(maxsplit=1) if line.startswith("type") else line.split():
            case ["reset"]:
                self.mega.reset_pin()
            case ["hang"]:
                self.mega.hang()
            case ["power", off_s, *lost_bits]:
                self._power(float(off_s), float(lost_bits[0]) if lost_bits else 1.0)
            case ["cable", state]:
                self.mega.cable(state == "in")
            case ["weather", lost, doubled]:
                self.mega.weather(float(lost), float(doubled))
            case ["trouble", kind]:
                self.mega.chip_trouble(int(kind))
            case ["mains", channel, state]:
                self.sensors[int(channel) - 1].mains(state == "on", self.mega.now_us)
            case ["type", text]:
                self.mega.say(0, text.encode() + b"\n")
            case ["quit"]:
                self.ended = True
            case _:
                print(f"not understood: {line}", file=sys.stderr, flush=True)

    def _power(self, off_s: float, lost_bits: float) -> None:
        self.mega.power_off()
        self.mega.at(self.mega.now_us + round(off_s * 1e6), lambda: self.mega.power_on(lost_bits))

    def keep_eeprom(self) -> None:
        if self._eeprom:
            fresh = self._eeprom.with_name(self._eeprom.name + ".new")
            fresh.write_bytes(self.mega.eeprom())
            fresh.replace(self._eeprom)

    def _read_commands(self) -> None:
        with suppress(BlockingIOError):
            self._typed += os.read(self._control, READ_BYTES)
        *lines, self._typed = self._typed.split(b"\n")
        for line in filter(None, lines):
            self.obey(line.decode())

    def turn(self, now_s: float) -> None:
        """Everything up to now; then to the outside and back."""
        self.late_ms = max(self.late_ms, now_s * 1000 - self.mega.now_us / 1000)
        self.mega.run_until(round(now_s * 1e6))
        for each in self.turns:
            each.turn()
        if self._control >= 0:
            self._read_commands()
        # Not `self.ended or ...`: a SIGTERM between reading and writing it would be forgotten.
        if os.getppid() != self._parent:
            self.ended = True

    def report(self) -> str:
        counts = self.mega.counts
        return json.dumps(
            {
                "seconds": round(self.mega.now_us / 1e6, 3),
                "late_ms": round(self.late_ms, 1),
                "worst_pass_ms": counts.worst_awake_us / 1000,
                "overruns": list(counts.overruns),
                "spi_conflicts": counts.spi_conflicts,
                "resets": counts.resets,
                "watchdog_resets": counts.watchdog_resets,
                "misuse": self.mega.misuse(),
            }
        )


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", type=Path, help="an Intel HEX file")
    parser.add_argument("--chip", type=int, choices=(W5100, W5500, OTHER_CHIP), help="the Ethernet chip")
    parser.add_argument("--pty", type=Path, help="a link to the pseudo-terminal is made here")
    parser.add_argument("--beacons", action="store_true", help="beacons of this machine's loopback reach it")
    parser.add_argument("--control", type=Path, help="a pipe for commands is made here")
    parser.add_argument("--eeprom", type=Path, help="its content is kept in this file")
    parser.add_argument("--said", type=Path, help="what the sensors say is added to this file")
    parser.add_argument(
        "--recorded", action="store_true", help="sensors replay the recording, else one reading"
    )
    parser.add_argument("--boot-loader", action="store_true", help="start through the boot loader")
    parser.add_argument("--seed", type=int, default=1)
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    with ExitStack() as opened:
        run = Run(options().parse_args(argv), opened)
        signal.signal(signal.SIGUSR1, lambda *_: run.obey("reset"))
        signal.signal(signal.SIGUSR2, lambda *_: run.obey("power 2"))
        signal.signal(signal.SIGTERM, lambda *_: run.obey("quit"))
        print("running", flush=True)
        _pace(run)
        run.keep_eeprom()
        print(run.report(), flush=True)


def _pace(run: Run) -> None:
    begun_s, kept_s = time.monotonic(), 0.0
    while not run.ended:
        now_s = time.monotonic() - begun_s
        run.turn(now_s)
        if now_s - kept_s >= EEPROM_EVERY_S:
            kept_s = now_s
            run.keep_eeprom()
        time.sleep(TURN_S)


if __name__ == "__main__":
    main()
