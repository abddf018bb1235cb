"""Batches as bytes: the golden files of docs/protocol.md, round trips, and every way to be malformed."""

import gzip
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.quantity import MOST_EXACT
from store.part import CHANGES, Hole, Part
from sync import batch as bounds
from sync.answer import Answer, BadAnswer, Refused
from sync.batch import Batch
from sync.packing import MOST_PACKED_BYTES, MOST_PLAIN_BYTES, pack, unpack
from sync.rejection import BadCompression, BadRows, BadShape, OverSize, Rejection, WrongVersion

NOW_MS = 1_795_168_800_000
GOLDEN = Path(__file__).parent / "golden"
PAGE = Path(__file__).parent.parent / "docs" / "protocol.md"

PARTS = [
    Part(
        "garage",
        1798963207,
        40,
        rows=[
            (41, 1, NOW_MS, 225_700, 108, 24_400, 38, 50_000, 1_000, 0),
            (43, 1, NOW_MS + 1000, 225_500, 107, 24_300, 38, 50_000, 1_000, 0),
            (45, 1, NOW_MS + 2000, 225_600, 110, 24_900, 39, 50_000, 990, 0),
            (42, 2, NOW_MS + 1000, None, 110, None, 1_239, 50_000, 990, 0),
            (44, 2, NOW_MS + 2000, 226_000, None, None, 1_239, 50_000, 990, 0),
        ],
        holes=[Hole(46, 50, "device-memory", NOW_MS + 2000, NOW_MS + 5000)],
        fills=[(17, 1, NOW_MS - 12_000, 226_100, *[None] * 6)],
        fill_holes=[Hole(18, 19, "device-memory", NOW_MS - 12_000, NOW_MS - 10_000)],
    ),
    Part("rumah", 3, 0, rows=[(1, "timezone", "", 1, '"Asia/Jakarta"')], holes=[], kind=CHANGES),
    Part("cellar", 65537, 99, [], [Hole(100, 103, "sensor")], [], [], first=100, uncertain=True),
]


def golden(name: str = "batch.json") -> Any:
    return orjson.loads((GOLDEN / name).read_bytes())


def packed(fields: Any) -> bytes:
    return pack(orjson.dumps(fields))


def test_the_golden_batch_means_these_parts() -> None:
    read = Batch.decode(packed(golden()), NOW_MS)
    assert list(read.parts) == PARTS
    assert (read.edge, list(read.refused)) == ("rumah", [])


def test_these_parts_are_written_as_the_golden_batch() -> None:
    assert orjson.loads(unpack(Batch(PARTS, "rumah").encode())) == golden()


def test_the_golden_answer_is_read_and_written() -> None:
    answer = Answer.decode((GOLDEN / "batch-answer.json").read_bytes())
    why = "voltage_mv=9000000 outside [0, 6553500]"
    assert answer.refused == (Refused("garage", 1798963207, 43, why),)
    assert (answer.cursors["garage", 1798963207], answer.watch_s) == (50, 45)
    assert orjson.loads(answer.encode()) == golden("batch-answer.json")


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("batch*.json")), ids=lambda path: path.name)
def test_the_protocol_page_shows_the_golden_file(file: Path) -> None:
    shown = dict(re.findall(r"<!-- (\S+) -->\n```json\n(.*?)\n```", PAGE.read_text("utf-8"), re.DOTALL))
    assert shown[file.name] == file.read_text("utf-8").rstrip("\n")


@pytest.mark.parametrize(
    "body", [b"<html>Hotel</html>", b"", b"[]", b"{}", b'{"cursors":[[1]],"refused":[],"watch_s":0}']
)
def test_what_is_no_answer_of_ours_is_known_as_such(body: bytes) -> None:
    with pytest.raises(BadAnswer, match="not an answer"):
        Answer.decode(body)


def test_the_same_batch_is_the_same_bytes() -> None:
    assert Batch(PARTS).encode() == Batch(PARTS).encode()


def test_an_impossible_reading_is_split_off_and_the_rest_stays() -> None:
    good, bad = PARTS[0].rows[0], (42, 1, NOW_MS, 9_000_000, *[None] * 6)
    read = Batch.decode(Batch([Part("garage", 7, 40, [good, bad])]).encode(), NOW_MS)
    assert (read.parts[0].rows, read.parts[0].holes) == ([good], [Hole(42, 42, "refused")])
    (refused,) = read.refused
    assert (refused.source, refused.boot, refused.seq, refused.row) == ("garage", 7, 42, bad)
    assert refused.why == "voltage_mv=9000000 outside [0, 6553500]"


def test_an_impossible_fill_renames_its_gap() -> None:
    part = Part("garage", 7, 40, fills=[(17, 1, 5, *[None] * 7)])
    read = Batch.decode(Batch([part]).encode(), NOW_MS)
    assert (read.parts[0].fills, read.parts[0].fill_holes) == ([], [Hole(17, 17, "refused")])


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, "ends too early"),
        (b"hello", 400, "not gzip"),
        (packed(golden())[:-9], 400, "ends too early"),
        (packed(golden()) + b"x", 400, "follow the end"),
        (pack(b"{nonsense"), 400, "not JSON"),
        (pack(b"[]"), 400, "object expected"),
        (packed({**golden(), "v": 2}), 400, "version 2"),
        (packed({"parts": []}), 400, "version None"),
        (packed({"v": 1}), 400, "parts: a list"),
        (gzip.compress(b" " * (MOST_PLAIN_BYTES + 1)), 413, "unpacks to more"),
        (b"x" * (MOST_PACKED_BYTES + 1), 413, "bytes"),
    ],
)
def test_a_malformed_body_is_rejected_in_words(body: bytes, status: int, words: str) -> None:
    with pytest.raises(Rejection, match=words) as caught:
        Batch.decode(body, NOW_MS)
    assert caught.value.status == status


def test_a_bomb_is_not_unpacked_beyond_the_bound() -> None:
    bomb = gzip.compress(b"\0" * (100 * 2**20), 9)
    assert len(bomb) < MOST_PACKED_BYTES
    with pytest.raises(OverSize):
        unpack(bomb)


def change(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda part: part.update(fields)


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        (change(source=""), BadShape),
        (change(source="a b"), BadShape),
        (change(source=7), BadShape),
        (change(boot=-1), BadShape),
        (change(boot=1.5), BadShape),
        (change(prev_seq=MOST_EXACT + 1), BadShape),
        (change(first=0), BadShape),
        (change(uncertain=1), BadShape),
        (change(kind="rollups"), BadShape),
        (change(columns=[]), BadShape),
        (change(columns={"seq": [1, 41]}), BadShape),
        (change(holes=[[1, 2]]), BadShape),
        (change(holes=[[1, 2, "a cause", None, None]]), BadShape),
        (change(holes=[[0, 2, "sensor", None, None]]), BadShape),
        (change(fills=[]), BadShape),
        (change(kind="changes", changes=[[1, "timezone", "", 0, 1]]), BadShape),
        (change(columns={"seq": [1, 0], "channel": [1, 1]}), BadRows),
        (change(columns={"seq": [1, 2**60], "channel": [1, 1]}), BadRows),
        (change(holes=[[1, 2, "sensor", None, None]] * (bounds.MOST_HOLES + 1)), OverSize),
        (change(columns={"seq": [1] * (bounds.MOST_ROWS + 2), "channel": [1]}), OverSize),
    ],
)
def test_a_malformed_part_rejects_the_batch(
    changed: Callable[[dict[str, Any]], None], kind: type[Rejection]
) -> None:
    fields = golden()
    changed(fields["parts"][0])
    with pytest.raises(kind):
        Batch.decode(packed(fields), NOW_MS)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a JSON value."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


@given(st.integers(0, 10_000), anything)
def test_whatever_stands_anywhere_in_a_batch_it_is_read_or_rejected(place: int, wrong: Any) -> None:
    fields = golden()
    found = list(places(fields))
    container, key = found[place % len(found)]
    container[key] = wrong
    with suppress(Rejection):
        Batch.decode(packed(fields), NOW_MS)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_rejected(body: bytes) -> None:
    with pytest.raises(Rejection):
        Batch.decode(body, NOW_MS)
    with suppress(Rejection):
        Batch.decode(pack(body), NOW_MS)


def test_parts_and_meters_are_bounded() -> None:
    with pytest.raises(OverSize, match="parts"):
        Batch.decode(packed({"v": 1, "parts": [{}] * (bounds.MOST_PARTS + 1)}), NOW_MS)
    rows = [(seq, seq, NOW_MS, *[None] * 7) for seq in range(1, bounds.MOST_METERS + 2)]
    with pytest.raises(OverSize, match="meters"):
        Batch.decode(Batch([Part("garage", 7, 0, rows)]).encode(), NOW_MS)


def test_every_kind_of_rejection_has_its_own_word_and_a_status_of_its_kind() -> None:
    kinds = [BadCompression, BadShape, WrongVersion, OverSize, BadRows]
    assert len({kind.word for kind in kinds}) == len(kinds)
    assert [kind.status for kind in kinds] == [400, 400, 400, 413, 422]
