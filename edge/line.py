"""The lines that a device and the edge say to each other, as values and as bytes.

No I/O, no buffering (edge/decoder.py), no memory of earlier lines. docs/protocol.md shows every line.

1. One table per tag says which fields follow it; parse and encode both walk that table.
2. A line whose CRC is wrong is noise. A line whose CRC is right but whose content cannot be is an error
   of the sender: if it carries a record's identity it is Refused, so that it can take its record's place.
3. Limits are those of the sensor's registers and of our integers, never what seems plausible.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from edge.field import Field, Impossible, Number, Word

# Longest whole line with its "\n": the Arduino builds a line in one buffer of this size.
LINE_BYTES_MOST = 160
U16_MOST = 0xFFFF
U32_MOST = 0xFFFF_FFFF
# SQLite's and PostgreSQL's integers are signed.
UPTIME_MS_MOST = 2**63 - 1
CHANNELS_MOST = 16
# The channel of a record that is about the device and about no sensor: only `lost`.
NO_CHANNEL = 0
LOST = "lost"
POWER_FACTOR_MOST = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """R1: one reading; values in the order and the small units of metering.quantity, None = missing."""

    device: str
    boot: int
    seq: int
    uptime_ms: int
    channel: int
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class NoReading:
    """N1: a record that says why there is no reading; `lost` stands for seq - count + 1 … seq."""

    device: str
    boot: int
    seq: int
    uptime_ms: int
    channel: int
    cause: str
    count: int


@dataclass(frozen=True, slots=True)
class Hello:
    """H1: "my uptime is now", and how the device is; `earlier` Earlier lines follow it."""

    device: str
    boot: int
    uptime_ms: int
    firmware: str
    reset_cause: str
    free_ram: int
    queued: int
    oldest: int
    interval_ms: int
    dropped: int
    link_resets: int
    capacity: int
    earlier: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """S1: an earlier boot of which records are still held; `dropped` of its records the device gave up."""

    device: str
    boot: int
    oldest: int
    newest: int
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Ack:
    """A1: everything of that boot up to seq is on disk or accounted for."""

    device: str
    boot: int
    seq: int


@dataclass(frozen=True, slots=True)
class Beacon:
    """B1: an edge of this name listens on this UDP port of the sender's address."""

    edge: str
    port: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A record with a right CRC and an impossible or unknown content; raw is the line without its end."""

    device: str
    boot: int
    seq: int
    raw: bytes
    why: str


@dataclass(frozen=True, slots=True)
class Garbled:
    """Bytes that are no line of ours, cut to LINE_BYTES_MOST."""

    raw: bytes
    why: str


Line = Reading | NoReading | Hello | Earlier | Ack | Beacon | Refused

NAME = re.compile(r"[a-z0-9-]{1,16}")
SHORT = re.compile(r"[A-Za-z0-9.+_-]{0,8}")

IDENTITY = (Word("device", NAME), Number("boot", 0, U32_MOST), Number("seq", 1, U32_MOST))
UPTIME = Number("uptime_ms", 0, UPTIME_MS_MOST)

# What R1 measures, in the order of metering.quantity, with the greatest value of the PZEM's register.
MEASURED = (
    Number("voltage_mv", 0, U16_MOST, factor=100, empty=True),
    Number("current_ma", 0, U32_MOST, empty=True),
    Number("power_mw", 0, U32_MOST, factor=100, empty=True),
    Number("energy_wh", 0, U32_MOST, empty=True),
    Number("frequency_mhz", 0, U16_MOST, factor=100, empty=True),
    Number("power_factor_milli", 0, POWER_FACTOR_MOST, factor=10, empty=True),
    Number("alarm", 0, 1, empty=True),
)

FIELDS: dict[str, tuple[Field, ...]] = {
    "R1": (*IDENTITY, UPTIME, Number("channel", 1, CHANNELS_MOST), *MEASURED),
    "N1": (*IDENTITY, UPTIME, Number("channel", NO_CHANNEL, CHANNELS_MOST), Word("cause", NAME),
           Number("count", 1, U32_MOST)),
    "H1": (*IDENTITY[:2], UPTIME, Word("firmware", SHORT), Word("reset_cause", SHORT),
           *(Number(name, 0, U32_MOST) for name in ("free_ram", "queued")), Number("oldest", 1, U32_MOST),
           *(Number(name, 0, U32_MOST) for name in ("interval_ms", "dropped", "link_resets", "capacity")),
           Number("earlier", 0, 4)),
    "S1": (*IDENTITY[:2], Number("oldest", 1, U32_MOST), Number("newest", 1, U32_MOST),
           Number("dropped", 0, U32_MOST, left_out="0")),
    "A1": (*IDENTITY[:2], Number("seq", 0, U32_MOST)),
    "B1": (Word("edge", NAME), Number("port", 1, U16_MOST)),
}  # fmt: skip


def reading(device: str, boot: int, seq: int, uptime_ms: int, channel: int, *values: int | None) -> Reading:
    return Reading(device, boot, seq, uptime_ms, channel, values)


MAKE: dict[str, Callable[..., Line]] = {
    "R1": reading,
    "N1": NoReading,
    "H1": Hello,
    "S1": Earlier,
    "A1": Ack,
    "B1": Beacon,
}
TAGS: dict[type, str] = {
    Reading: "R1",
    NoReading: "N1",
    Hello: "H1",
    Earlier: "S1",
    Ack: "A1",
    Beacon: "B1",
}


def crc_of_byte(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


CRC_OF_BYTE = tuple(crc_of_byte(value) for value in range(256))


def crc16_modbus(data: bytes) -> int:
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_OF_BYTE[(crc ^ byte) & 0xFF]
    return crc


# Printable ASCII without "*", which ends the body, and "!": three of those stop an Arduino's boot loader.
FRAME = re.compile(rb"([ \"-)+-~]+)\*([0-9A-F]{4})(?:\.[0-9A-F]{8})?")


def parse(raw: bytes) -> Line | Garbled:
    """Read one line without its "\\n". Never raises."""
    if len(raw) >= LINE_BYTES_MOST:
        return Garbled(raw[:LINE_BYTES_MOST], f"longer than {LINE_BYTES_MOST} bytes")
    frame = FRAME.fullmatch(raw)
    if not frame:
        return Garbled(raw, "not of the form fields*CRC")
    if int(frame[2], 16) != crc16_modbus(frame[1]):
        return Garbled(raw, f"CRC is not {crc16_modbus(frame[1]):04X}")
    tag, *texts = frame[1].decode("ascii").split(",")
    if tag not in FIELDS:
        return refused_or_garbled(raw, tag, texts, f"tag {tag!r} is not known")
    try:
        return coherent(MAKE[tag](*read_fields(FIELDS[tag], texts)))
    except Impossible as error:
        return refused_or_garbled(raw, tag, texts, str(error))


def read_fields(fields: tuple[Field, ...], texts: list[str]) -> list[int | str | None]:
    """Fields beyond the known ones are ignored: a newer device may say more."""
    texts = texts + [field.left_out for field in fields[len(texts) :] if field.left_out is not None]
    if len(texts) < len(fields):
        raise Impossible(f"{fields[len(texts)].name} is not there")
    return [field.read(text) for field, text in zip(fields, texts, strict=False)]


def coherent(line: Line) -> Line:
    """The line itself, unless its fields contradict each other."""
    if isinstance(line, NoReading):
        if (line.cause == LOST) != (line.channel == NO_CHANNEL):
            raise Impossible(f"channel {line.channel} with cause {line.cause!r}: 0 is for {LOST!r} alone")
        if line.cause == LOST and line.count > line.seq:
            raise Impossible(f"count {line.count} is more than seq {line.seq}: seq starts at 1")
    if isinstance(line, Earlier) and line.oldest > line.newest:
        raise Impossible(f"oldest {line.oldest} is beyond newest {line.newest}")
    return line


def refused_or_garbled(raw: bytes, tag: str, texts: list[str], why: str) -> Refused | Garbled:
    try:
        device, boot, seq = read_fields(IDENTITY, texts)
    except Impossible:
        return Garbled(raw, why)
    if tag[:1] not in ("R", "N"):
        return Garbled(raw, why)
    return Refused(device, boot, seq, raw, why)  # type: ignore[arg-type]


def encode(line: Line) -> bytes:
    """The line with CRC and "\\n". Raises ValueError where parse would not give the same line back."""
    encoded = line.raw + b"\n" if isinstance(line, Refused) else framed(line)
    if parse(encoded[:-1]) != line:
        raise ValueError(f"{line} does not fit into a line")
    return encoded


def framed(line: Line) -> bytes:
    tag = TAGS[type(line)]
    fields = FIELDS[tag]
    values = [getattr(line, field.name) for field in fields if field not in MEASURED]
    if isinstance(line, Reading):
        values += line.values
    texts = [field.write(value) for field, value in zip(fields, values, strict=True)]
    while fields[len(texts) - 1].left_out == texts[-1]:
        texts.pop()
    body = ",".join([tag, *texts]).encode("ascii", "replace")
    return b"%s*%04X\n" % (body, crc16_modbus(body))
