"""The simulator's library, built from tests/megasim/ when it is needed, and its functions as Python calls them.

Only declarations: mega.py makes a board of them. The library is GPL-3.0-or-later, see megasim/README.md.
"""

import ctypes
import os
import subprocess
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = sorted((HERE / "megasim").glob("*.[ch]"))
BUILT = HERE.parent / "build" / "megasim"

UARTS = 4
DATAGRAM_BYTES = 1472
# Bits of what mega_run() gives back; the first four are the UARTs'.
DATAGRAM, POWER_LOST, CRASHED, ENDED, BITTEN = 16, 32, 64, 128, 256

U64 = ctypes.c_uint64


class Datagram(ctypes.Structure):
    """struct datagram."""

    at_us: int
    from_ip: int
    to_ip: int
    from_port: int
    to_port: int
    length: int
    _fields_ = (
        ("at_us", U64),
        ("from_ip", ctypes.c_uint32),
        ("to_ip", ctypes.c_uint32),
        ("from_port", ctypes.c_uint16),
        ("to_port", ctypes.c_uint16),
        ("length", ctypes.c_uint16),
        ("data", ctypes.c_uint8 * DATAGRAM_BYTES),
    )


class LineNoise(ctypes.Structure):
    """struct line_noise: chances of one bit to flip, of one byte to be lost."""

    _fields_ = tuple((name, ctypes.c_double) for name in ("flips_in", "flips_out", "lost_in", "lost_out"))


class Counts(ctypes.Structure):
    """struct counts: what has happened since the board was made."""

    cycles_awake: int
    sleeps: int
    resets: int
    watchdog_resets: int
    worst_awake_us: int
    worst_awake_at_us: int
    spi_conflicts: int
    eeprom_writes: int
    eeprom_torn: int
    eeprom_misuse: int
    overruns: list[int]
    datagrams_out: int
    datagrams_in: int
    datagrams_lost: int
    datagrams_doubled: int
    _fields_ = (
        *((name, U64) for name in ("cycles_awake", "sleeps", "resets", "watchdog_resets")),
        *((name, U64) for name in ("worst_awake_us", "worst_awake_at_us")),
        *((name, U64) for name in ("spi_conflicts", "eeprom_writes", "eeprom_torn", "eeprom_misuse")),
        *((name, U64 * UARTS) for name in ("overruns", "sent", "heard", "unheard", "flipped")),
        *((f"datagrams_{name}", U64) for name in ("out", "in", "lost", "doubled")),
    )


class Misuse(ctypes.Structure):
    """struct misuse: what a driver did to the Ethernet chip that it must not."""

    _fields_ = tuple(
        (name, U64)
        for name in (
            "send_while_sending",
            "send_too_long",
            "send_unconfigured",
            "unknown_command",
            "long_frame",
        )
    )


Board = ctypes.c_void_p
_BYTES = ctypes.c_char_p
_SIGNATURES: dict[str, tuple[object, ...]] = {
    "new": (Board, _BYTES, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_int, U64, ctypes.c_int32),
    "free": (None, Board),
    "run": (ctypes.c_int, Board, U64),
    "now_us": (U64, Board),
    "pc": (ctypes.c_uint32, Board),
    "data": (ctypes.POINTER(ctypes.c_uint8), Board),
    "counts": (ctypes.POINTER(Counts), Board),
    "power_on": (None, Board, ctypes.c_double),
    "power_off": (None, Board),
    "reset_pin": (None, Board, ctypes.c_bool),
    "hang": (None, Board),
    "eeprom": (ctypes.POINTER(ctypes.c_uint8), Board),
    "eeprom_wear": (ctypes.POINTER(ctypes.c_uint32), Board),
    "eeprom_cut": (None, Board, ctypes.c_uint32),
    "serial_side": (None, Board, ctypes.c_int, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_int),
    "serial_say": (ctypes.c_uint32, Board, ctypes.c_int, U64, _BYTES, ctypes.c_uint32),
    "serial_hear": (ctypes.c_uint32, Board, ctypes.c_int, _BYTES, ctypes.c_uint32, ctypes.POINTER(U64)),
    "serial_noise": (None, Board, ctypes.c_int, ctypes.POINTER(LineNoise)),
    "datagram_give": (ctypes.c_bool, Board, ctypes.POINTER(Datagram)),
    "datagram_take": (ctypes.c_bool, Board, ctypes.POINTER(Datagram)),
    "weather": (None, Board, *(ctypes.c_double,) * 4),
    "silent_host": (None, Board, ctypes.c_int, ctypes.c_uint32),
    "other_macs": (None, Board),
    "cable": (None, Board, ctypes.c_bool),
    "chip_trouble": (None, Board, ctypes.c_int),
    "chip_forgets": (None, Board),
    "chip_resets": (U64, Board),
    "misuse": (ctypes.POINTER(Misuse), Board),
}


def build() -> Path:
    """The library of these very sources; parallel builds do not hurt each other."""
    kept = BUILT / f"libmegasim-{zlib.crc32(b''.join(path.read_bytes() for path in SOURCES)):08x}.so"
    if not kept.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}")
        flags = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "simavr"], capture_output=True, text=True, check=True
        ).stdout.split()
        files = [str(path) for path in SOURCES if path.suffix == ".c"]
        command = [
            "gcc",
            "-std=c11",
            "-O2",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fPIC",
            "-shared",
            *files,
            *flags,
        ]
        subprocess.run([*command, "-o", str(fresh)], check=True)
        fresh.replace(kept)
    return kept


def wanted(need: Callable[[str], str]) -> None:
    """`need` (tests/conftest.py) each tool that builds the simulator and programs for it."""
    for tool in ("avr-gcc", "gcc", "pkg-config"):
        need(tool)
    if subprocess.run(["pkg-config", "--exists", "simavr"], check=False).returncode:
        need("libsimavr-dev")


@cache
def library() -> ctypes.CDLL:
    loaded = ctypes.CDLL(str(build()))
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(loaded, f"mega_{name}")
        function.restype, function.argtypes = result, arguments
    return loaded
