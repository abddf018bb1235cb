"""The program megasim/programs/probe.c on a simulated board, and what it is told to do."""

import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

from mega import Mega
from megalib import BUILT, wanted

SOURCE = Path(__file__).parent / "megasim" / "programs" / "probe.c"
ANSWER_S = 0.15  # 1024 bytes of memory in hex at 115200 baud take 180 ms, twice that is waited


@cache
def _made() -> Path:
    BUILT.mkdir(parents=True, exist_ok=True)
    elf, program = BUILT / "probe.elf", BUILT / "probe.hex"
    flags = ["-mmcu=atmega2560", "-DF_CPU=16000000UL", "-Os", "-std=gnu11", "-Wall", "-Wextra", "-Werror"]
    subprocess.run(["avr-gcc", *flags, "-o", elf, SOURCE], check=True)
    subprocess.run(["avr-objcopy", "-O", "ihex", elf, program], check=True)
    return program


def program(need: Callable[[str], str]) -> Path:
    """The program as an Intel HEX file; without the tools the test is skipped."""
    wanted(need)
    return _made()


class Line:
    """What has come out of a UART: each frame with the time at which it was over."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, bytes]] = []

    def hear(self, at_us: int, data: bytes) -> None:
        self.frames.append((at_us, data))


class Probe:
    def __init__(self, program: Path, chip: int | None = None, seed: int = 1, ppm: int = 0) -> None:
        self.mega = Mega(program, chip, seed, ppm=ppm)
        self.console, self.line = Line(), Line()
        self.mega.devices[0], self.mega.devices[1] = self.console, self.line

    def tell(self, command: bytes, seconds: float = ANSWER_S) -> None:
        self.mega.say(0, command)
        self.mega.run(seconds)

    def ask(self, command: bytes, seconds: float = ANSWER_S) -> bytes:
        """The one line that it answers."""
        self.console.frames.clear()
        self.tell(command, seconds)
        while not (self.console.frames and self.console.frames[-1][1].endswith(b"\n")):
            self.mega.run(ANSWER_S)
        return bytes.fromhex(b"".join(data for _, data in self.console.frames).decode())

    def cause(self) -> int:
        """MCUSR as it was at the start."""
        return self.ask(b"r", 0.01)[0]

    def frame(self, *mosi: int) -> bytes:
        """One SPI frame with the Ethernet chip selected."""
        return self.ask(bytes([ord("x"), len(mosi), *mosi]), 0.01)
