"""Lines out of bytes in any portions, and never out of damaged ones."""

import pytest
from goldenlines import golden_lines
from hypothesis import given
from hypothesis import strategies as st

from edge.decoder import LineDecoder
from edge.line import LINE_BYTES_MOST, Ack, Garbled, Line, encode, parse

GOLDEN = [raw for raw, _ in golden_lines()]
PARSED = [parse(raw) for raw in GOLDEN]
GOOD = Ack("garage", 7, 12)
# A link's buffer of several seconds, in portions as a serial port gives them.
JUNK = st.lists(st.binary(max_size=400), max_size=10)


def decoded(*portions: bytes) -> list[Line | Garbled]:
    decoder = LineDecoder()
    return [line for portion in portions for line in decoder.feed(portion)] + decoder.end()


def good(lines: list[Line | Garbled]) -> list[Line | Garbled]:
    return [line for line in lines if not isinstance(line, Garbled)]


def test_golden_lines_are_decoded_whole() -> None:
    assert decoded(b"".join(raw + b"\n" for raw in GOLDEN)) == PARSED


def test_golden_lines_are_decoded_byte_by_byte() -> None:
    whole = b"".join(raw + b"\n" for raw in GOLDEN)
    assert decoded(*(whole[at : at + 1] for at in range(len(whole)))) == PARSED


def test_carriage_returns_and_empty_lines_are_skipped() -> None:
    assert decoded(b"\n\r\n" + b"\r\n\n".join(GOLDEN) + b"\r\n") == PARSED


def test_remarks_for_people_are_skipped_and_not_counted_as_noise() -> None:
    remarks = b"# Kembar 0.1.0, garage: type help\n# \n#\r\n"
    assert decoded(remarks + remarks.join(raw + b"\n" for raw in GOLDEN) + remarks) == PARSED


@pytest.mark.parametrize("raw", GOLDEN)
def test_a_golden_line_between_noise_is_decoded(raw: bytes) -> None:
    noise = b"\x00\xff*R1,gar\x80" * 50
    before, line, after = decoded(noise + b"\n" + raw + b"\n" + noise)
    assert line == parse(raw)
    assert isinstance(before, Garbled)
    assert isinstance(after, Garbled)


@pytest.mark.parametrize("raw", GOLDEN)
def test_noise_glued_to_a_golden_line_spoils_it(raw: bytes) -> None:
    for spoiled in (b"\x7f" + raw, b"R" + raw, raw + b"\x00", raw[:20] + raw):
        (line,) = decoded(spoiled + b"\n")
        assert isinstance(line, Garbled)


@pytest.mark.parametrize("raw", GOLDEN)
def test_every_single_bit_flip_is_noticed(raw: bytes) -> None:
    # The keyed tag lies outside of the CRC.
    whole = raw.partition(b".1A2B")[0] + b"\n"
    for bit in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        lines = decoded(bytes(flipped))
        assert lines, bytes(flipped)
        assert not good(lines), bytes(flipped)


def test_a_datagram_must_end_its_last_line() -> None:
    assert decoded(encode(GOOD) + GOLDEN[0]) == [GOOD, Garbled(GOLDEN[0], "cut off before its end")]


def test_an_endless_line_is_reported_once_and_never_kept() -> None:
    decoder = LineDecoder()
    lines = [line for _ in range(1000) for line in decoder.feed(b"A" * 100)]
    assert lines == [Garbled(b"A" * LINE_BYTES_MOST, "longer than 160 bytes")]
    assert len(decoder._begun) <= LINE_BYTES_MOST
    assert decoder.feed(b"\n" + encode(GOOD)) == [GOOD]


@given(JUNK)
def test_a_good_line_after_any_junk_is_decoded(junk: list[bytes]) -> None:
    decoder = LineDecoder()
    for portion in junk:
        decoder.feed(portion)
        assert len(decoder._begun) <= LINE_BYTES_MOST
    assert decoder.feed(b"\n" + encode(GOOD))[-1] == GOOD
    assert decoder.end() == []


@given(st.lists(st.sampled_from(GOLDEN) | st.binary(max_size=300), max_size=8), st.data())
def test_portions_make_no_difference(pieces: list[bytes], data: st.DataObject) -> None:
    whole = b"\n".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    portions = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert decoded(*portions) == decoded(whole)
