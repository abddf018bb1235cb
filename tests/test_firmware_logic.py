"""The sketch's Arduino-free parts on this machine, and its lines against the golden ones and edge/line.py."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

from firmwarehost import ROOT, answers, build
from goldenlines import golden_lines

from edge.decoder import LineDecoder
from edge.line import Ack, Beacon, crc16_modbus

Need = Callable[[str], str]
# What a value is divided by to have the sensor's own unit again.
UNITS = {"voltage_mv": 100, "power_mw": 100, "frequency_mhz": 100, "power_factor_milli": 10}
# Lines that a sketch cannot say: a PZEM has every value, and a sketch neither adds fields nor signs.
UNSAID = ("R1,garage,1798963207,4,", "R1,garage,1798963207,5,")
# A pass of loop() has 4 ms of the Mega's 16 MHz, and writes at most one line.
PASS_CYCLES = 64_000
LINE_CYCLES_MOST = 24_000  # 1.5 ms
MUTATIONS = 30_000
# What firmware/tests/programs/cycles.cpp is made of.
PARTS = ("cause", "crc16", "flash", "linereader", "linewriter", "outbox", "record", "ring")


def test_every_part_keeps_its_promises_under_the_sanitizers(need: Need) -> None:
    ran = subprocess.run([build(need, "tests")], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]


def test_the_writer_gives_every_golden_line_that_a_device_says(need: Need) -> None:
    said = [
        (raw, command(meaning))
        for raw, meaning in golden_lines()
        if meaning.split()[0] in ("reading", "no-reading", "hello", "earlier")
        and not raw.decode().startswith(UNSAID)
    ]
    assert {raw[:2] for raw, _ in said} == {b"R1", b"N1", b"H1", b"S1"}
    assert answers(build(need, "lines"), [each for _, each in said]).splitlines() == [raw for raw, _ in said]


def command(meaning: str) -> str:
    """A golden meaning as firmware/tests/programs/lines.cpp is told it."""
    kind, *fields = meaning.split()
    named = [field.split("=") for field in fields]
    values = [str(int(value) // UNITS[name]) if name in UNITS else value for name, value in named]
    return " ".join([kind, *values])


def test_the_reader_gives_the_meaning_of_every_golden_line_that_an_edge_says(need: Need) -> None:
    meant, commands = [], []
    for raw, meaning in golden_lines():
        kind, *fields = meaning.split()
        values = [field.split("=")[1] for field in fields]
        said = {"ack": ["ack", *values[1:]], "beacon": ["beacon", *values]}.get(kind, ["other"])
        meant.append(" ".join(said))
        commands.append(f"read {raw.hex()}0A")
    assert meant.count("other") == len(meant) - 3
    assert answers(build(need, "lines"), commands).decode().splitlines() == meant


def test_the_reader_understands_exactly_what_the_edge_understands(need: Need) -> None:
    """Damaged, cut, joined, overlong lines, with right and wrong CRCs, in portions of any size."""
    random = Random(3)
    stream = b"".join(mutated(random) for _ in range(MUTATIONS))
    meant = [understood(line) for line in LineDecoder().feed(stream)]
    portions = [stream[at : at + 997].hex() for at in range(0, len(stream), 997)]
    said = answers(build(need, "lines"), [f"read {each}" for each in portions]).decode().splitlines()
    found = [each for each in said if each != "other"]
    assert found == [each for each in meant if each]
    assert MUTATIONS // 10 < len(found) < MUTATIONS // 2


def understood(line: object) -> str:
    match line:
        case Ack("garage", boot, seq):
            return f"ack {boot} {seq}"
        case Beacon(edge, port):
            return f"beacon {edge} {port}"
    return ""


EDGE_LINES = (b"A1,garage,1798963207,408", b"A1,garage,0,4294967295", b"B1,home,8485", b"A1,garden,1,2")
PIECES = (*(b"%c" % each for each in b",*\r\n!\xff\x0009-~#"), b"A1", b"4294967296", b"65536")


def mutated(random: Random) -> bytes:
    """A line of an edge, up to three times changed; its CRC is mostly made right again."""
    body = random.choice(EDGE_LINES)
    for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
        at = random.randrange(len(body) + 1)
        change = random.choice(PIECES) if random.random() < 0.7 else random.randbytes(1)
        body = body[:at] + change + body[at + random.choice((0, 0, 1, 5)) :]
    if random.random() < 0.1:
        body += b"," + b"x" * random.randrange(200)
    crc = crc16_modbus(body) ^ (random.random() < 0.1)
    tail = random.choice((b"", b"", b"", b".0123ABCD", b".0123ABC", b"\r", b" ", b".0123ABCD\r"))
    return body + b"*%04X" % crc + tail + b"\n" * (random.random() < 0.95)


def test_the_mega_does_its_work_within_a_part_of_a_pass(need: Need, tmp_path: Path) -> None:
    """Cycles counted by the real compiled parts in simavr."""
    logic = ROOT / "firmware/kembar/src/logic"
    parts = [logic / f"{part}.cpp" for part in PARTS]
    elf = tmp_path / "cycles.elf"
    compiled = subprocess.run(
        [need("avr-g++"), "-mmcu=atmega2560", "-DF_CPU=16000000L", "-Os", "-flto", "-std=gnu++11", "-Wall", "-Wextra",
         "-Werror", "-fno-exceptions", "-fno-threadsafe-statics", "-o", elf,
         ROOT / "firmware/tests/programs/cycles.cpp", *parts],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert compiled.returncode == 0, compiled.stderr
    ran = subprocess.run(
        [need("simavr"), "-m", "atmega2560", "-f", "16000000", elf],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    cycles = figures(ran.stdout + ran.stderr)
    print(cycles)
    lines = ("reading", "reading-late", "next-hello", "next-reading")
    assert max(cycles[each] for each in lines) <= LINE_CYCLES_MOST
    assert max(cycles.values()) < PASS_CYCLES
    assert cycles.keys() >= {"add-to-full", "acknowledge", "read-ack"}


def figures(printed: str) -> dict[str, int]:
    """simavr prints what the UART says, a line each, with dots where its line ends and colours around it."""
    found = {}
    for line in printed.splitlines():
        words = line.replace("\x1b[32m", "").replace("\x1b[0m", "").rstrip(".").split()
        if len(words) == 2 and words[1].isdigit():
            found[words[0].lstrip("?")] = int(words[1])
    return found
