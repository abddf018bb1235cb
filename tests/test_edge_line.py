"""What one line means, which lines are refused, and that the CRC is the sensor's own."""

import pytest
from goldenlines import golden_lines, meaning_of
from hypothesis import given
from hypothesis import strategies as st

from edge.field import Number
from edge.line import (
    LINE_BYTES_MOST,
    MEASURED,
    Ack,
    Beacon,
    Earlier,
    Garbled,
    Hello,
    Line,
    NoReading,
    Reading,
    Refused,
    crc16_modbus,
    encode,
    parse,
)
from metering.quantity import QUANTITIES

# Frames of the PZEM-004T (data sheet, Tasmota and ESPHome captures): the CRC's low byte is sent first.
PZEM_FRAMES = """
    01 04 00 00 00 0A 70 0D
    F8 04 00 00 00 0A 64 64
    01 04 14 08 D1 00 6C 00 00 00 F4 00 00 00 26 00 00 01 F4 00 64 00 00 51 34
    01 04 14 04 D5 65 9C 00 01 9B D1 00 00 1E A9 00 02 02 57 00 23 00 00 C5 BE
    01 06 00 01 08 FC DF 8B
    01 42 80 11
    01 84 02 C2 C1
    01 04 04 43 66 33 33 5A FA
"""

U32 = st.integers(0, 2**32 - 1)
SEQ = st.integers(1, 2**32 - 1)
NAME = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=16)
SHORT = st.text("abcXYZ019.+_-", max_size=8)
UPTIME = st.integers(0, 2**63 - 1)


def raw_value(field: Number) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(field.least, field.most).map(lambda raw: raw * field.factor)


VALUES = st.tuples(*map(raw_value, MEASURED))
LINES = st.one_of(
    st.builds(Reading, NAME, U32, SEQ, UPTIME, st.integers(1, 16), VALUES),
    st.builds(NoReading, NAME, U32, SEQ, UPTIME, st.integers(1, 16), NAME.filter(lambda w: w != "lost"), SEQ),
    SEQ.flatmap(
        lambda seq: st.builds(
            NoReading, NAME, U32, st.just(seq), UPTIME, st.just(0), st.just("lost"), st.integers(1, seq)
        )
    ),
    st.builds(Hello, NAME, U32, UPTIME, SHORT, SHORT, U32, U32, SEQ, U32, U32, U32, U32, st.integers(0, 4)),
    st.tuples(SEQ, SEQ).flatmap(
        lambda pair: st.builds(Earlier, NAME, U32, st.just(min(pair)), st.just(max(pair)), U32)
    ),
    st.builds(Ack, NAME, U32, U32),
    st.builds(Beacon, NAME, st.integers(1, 65535)),
)


def with_crc(body: str) -> bytes:
    return b"%s*%04X" % (body.encode(), crc16_modbus(body.encode()))


@pytest.mark.parametrize(("raw", "meaning"), golden_lines())
def test_a_golden_line_means_what_is_written_beside_it(raw: bytes, meaning: str) -> None:
    assert meaning_of(parse(raw)) == meaning


@pytest.mark.parametrize("raw", [raw for raw, _ in golden_lines() if b".1A2B3C4D" not in raw])
def test_a_golden_line_is_written_as_it_was_read(raw: bytes) -> None:
    line = parse(raw)
    assert not isinstance(line, Garbled)
    assert encode(line) == raw + b"\n"


@pytest.mark.parametrize("frame", [bytes.fromhex(text) for text in PZEM_FRAMES.split("\n") if text.strip()])
def test_the_crc_is_the_one_that_the_sensor_itself_uses(frame: bytes) -> None:
    assert crc16_modbus(frame[:-2]).to_bytes(2, "little") == frame[-2:]


def test_a_reading_carries_the_quantities_in_the_order_and_within_the_limits_of_metering() -> None:
    assert [field.name for field in MEASURED] == [quantity.column for quantity in QUANTITIES]
    for field, quantity in zip(MEASURED, QUANTITIES, strict=True):
        assert field.most * field.factor <= quantity.most


@given(LINES)
def test_every_line_is_read_back_as_it_was_written(line: Line) -> None:
    encoded = encode(line)
    assert parse(encoded[:-1]) == line
    assert len(encoded) <= LINE_BYTES_MOST
    assert b"!" not in encoded


@pytest.mark.parametrize(
    "body",
    [
        "R1,garage,1,2,3,1,70000,0,0,0,500,0,0",
        "R1,garage,1,2,3,1,-1,0,0,0,500,0,0",
        "R1,garage,1,2,3,1,2257.5,0,0,0,500,0,0",
        "R1,garage,1,2,3,1,2257,0,0,0,500,0,2",
        "R1,garage,1,2,3,17,2257,0,0,0,500,0,0",
        "R1,garage,1,2,9223372036854775808,1,2257,0,0,0,500,0,0",
        "R1,garage,1,2,3,1,2257",
        "N1,garage,1,2,3,1,Timeout,1",
        "N1,garage,1,2,3,1,lost,1",
        "N1,garage,1,2,3,0,lost,3",
        "N1,garage,1,2,3,1,timeout,0",
        "NX,garage,1,2",
    ],
)
def test_an_impossible_record_is_refused_under_its_own_identity(body: str) -> None:
    refused = parse(with_crc(body))
    assert isinstance(refused, Refused)
    assert (refused.device, refused.boot, refused.seq) == ("garage", 1, 2)
    assert refused.raw == with_crc(body)
    assert encode(refused) == with_crc(body) + b"\n"


@pytest.mark.parametrize(
    "body",
    [
        "R1,Garage,1,2,3,1,2257,0,0,0,500,0,0",
        "R1,garage-seventeen-x,1,2,3,1,2257,0,0,0,500,0,0",
        "R1,garage,4294967296,2,3,1,2257,0,0,0,500,0,0",
        "R1,garage,1,0,3,1,2257,0,0,0,500,0,0",
        "R1,garage,1,1_0,3,1,2257,0,0,0,500,0,0",
        "R1,garage,1",
        "R1",
        "X1,garage,1,2",
        "A1,garage,1,-2",
        "S1,garage,1,9,8",
        "B1,home,0",
        "H1,garage,1,12,1.0.0,power,5230,0,1,1000,0,0,160,5",
        "H1,garage,1,12,1.0.0.1234,power,5230,0,1,1000,0,0,160,0",
    ],
)
def test_what_carries_no_records_identity_is_garbled(body: str) -> None:
    assert isinstance(parse(with_crc(body)), Garbled)


@pytest.mark.parametrize(
    "raw",
    [b"", b"*FFFF", b"A1,garage,1,2", with_crc("A1,garage,1,2").lower(), with_crc("A1,garage,1,2") + b".12",
     with_crc("A1,garage,1,2") + b" ", with_crc("A1,garage,1,2!"), with_crc("A1,garage,1,2\t"), b"\xff" * 40],
)  # fmt: skip
def test_what_is_not_framed_is_garbled(raw: bytes) -> None:
    assert parse(raw) == Garbled(raw, "not of the form fields*CRC")


def test_a_line_of_160_bytes_is_read_and_a_longer_one_is_not() -> None:
    longest = with_crc("A1,garage,1,2," + "x" * (LINE_BYTES_MOST - 1 - len("A1,garage,1,2,*1234")))
    assert len(longest + b"\n") == LINE_BYTES_MOST
    assert parse(longest) == Ack("garage", 1, 2)
    too_long = with_crc("A1,garage,1,2," + "x" * 500)
    assert parse(too_long) == Garbled(too_long[:LINE_BYTES_MOST], "longer than 160 bytes")


@pytest.mark.parametrize(
    "line",
    [Ack("Garage", 1, 2), Ack("garage", 1, -1), Beacon("home\nA1", 8485), NoReading("g", 1, 2, 3, 0, "x", 1),
     Reading("g", 1, 2, 3, 1, (225_750, 1, 100, 1, 50_000, 1000, 0))],
)  # fmt: skip
def test_nothing_is_written_that_would_be_read_differently(line: Line) -> None:
    with pytest.raises(ValueError, match="does not fit into a line"):
        encode(line)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_raise(raw: bytes) -> None:
    parse(raw)


@given(
    st.text(
        st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="*!"), min_size=1, max_size=150
    )
)
def test_an_arbitrary_body_with_a_right_crc_never_raises(body: str) -> None:
    found = parse(with_crc(body))
    if not isinstance(found, Garbled):
        assert parse(encode(found)[:-1]) == found or isinstance(found, Refused)
