"""Questions about a cloud's content and their answers: golden files, and every malformed one."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from cloud.ingest import PATHS
from metering.quantity import COLUMNS
from metering.reading import Meter
from store.comparisons import Proof
from store.digest import Held, HeldRow, HourDigest, digest_of
from store.part import Hole
from store.streams import Stream
from sync.evidence import (
    Asked,
    MendedThere,
    StreamPage,
    read_changes,
    read_digests,
    read_holes,
    read_rows,
    tell_changes,
    tell_digests,
    tell_holes,
    tell_rows,
)
from sync.failure import Unreachable
from sync.rejection import Rejection
from sync.verify import understood

GOLDEN = Path(__file__).parent / "golden"
PAGE = (Path(__file__).parent.parent / "docs" / "protocol.md").read_text("utf-8")
NOW_MS = 1_795_168_800_000
VALUES = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)
ROWS = Held({(7, seq): HeldRow(1, NOW_MS + 1000 * seq, VALUES) for seq in (1, 2)}, 1)
DIGEST = digest_of([[7, seq, NOW_MS + 1000 * seq, *VALUES] for seq in (1, 2)])
HOLES = [Hole(4, 5, "sensor", NOW_MS + 3000, NOW_MS + 6000)]
STREAMS = StreamPage(
    [Stream(0, "garage", 7, "readings", 1, 40, False), Stream(0, "~rumah", 3, "changes", 1, 1, False)],
    None,
    (NOW_MS + 1000, NOW_MS + 40_000),
)
MENDED = MendedThere(
    12, 3, {("garage", 7, 3): NOW_MS + 3000}, frozenset({("garage", 7, 4)}), {("garage", 7, 5): "no"}
)
ASKED = Asked(NOW_MS, NOW_MS + 3_600_000, proof=Proof(30, 2_592_000, 2_591_987, 13, 0, NOW_MS + 3_600_000))
UPTO_MS = NOW_MS + 3_600_000

# file -> (its value, how it is told, how it is read)
TOLD: dict[str, tuple[Any, bytes, Callable[[bytes], Any]]] = {
    "compare-digests.json": (ASKED, ASKED.encode(), lambda body: Asked.read(orjson.loads(body))),
    "compare-digests-answer.json": (
        ([HourDigest(Meter("garage", 1), NOW_MS, 2, DIGEST)], UPTO_MS),
        tell_digests([HourDigest(Meter("garage", 1), NOW_MS, 2, DIGEST)], UPTO_MS),
        read_digests,
    ),
    "compare-rows-answer.json": ((ROWS, UPTO_MS), tell_rows(ROWS, UPTO_MS), read_rows),
    "compare-mends-answer.json": (MENDED, MENDED.encode(), MendedThere.read),
    "compare-streams-answer.json": (STREAMS, STREAMS.encode(), StreamPage.read),
    "compare-gaps-answer.json": ((HOLES, 40), tell_holes(HOLES, 40), read_holes),
}


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("compare-*.json")), ids=lambda path: path.name)
def test_each_golden_file_is_told_read_and_shown_on_the_page(file: Path) -> None:
    value, told, read = TOLD[file.name]
    assert orjson.loads(told) == orjson.loads(file.read_bytes())
    assert read(file.read_bytes()) == value
    shown = dict(re.findall(r"<!-- (\S+) -->\n```json\n(.*?)\n```", PAGE, re.DOTALL))
    assert shown[file.name] == file.read_text("utf-8").rstrip("\n")


def test_changes_come_back_as_they_were() -> None:
    rows = [(1, "timezone", "", 1, '"Asia/Jakarta"'), (2, "name", "garage/1", 3, '{"a":1}')]
    assert read_changes(tell_changes(rows)) == rows


def test_the_page_names_every_route_of_the_intake() -> None:
    assert [path for path in PATHS if f"`{path}`" not in PAGE and f"POST {path}`" not in PAGE] == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>Hotel</html>", b"[]", b"{}", b'{"v":2}', b'{"v":1}', b'{"v":1,"upto_ms":-1,"digests":[]}',
        b'{"v":1,"upto_ms":0,"digests":[[1]],"boots":[[1]],"damaged":0,"streams":[[1]],"holes":[[1]],"upto_seq":0}',
        b'{"v":1,"upto_ms":0,"damaged":0,"boots":[[7,{"seq":[1,1]}]],"streams":7,"other_dates":[[1]],"conflicts":[]}',
        b'{"v":1,"upto_ms":0,"damaged":0,"boots":[7],"changed":1,"other_dates":7,"conflicts":7,"changes":[[1]]}',
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "read", [read_digests, read_rows, StreamPage.read, read_holes, MendedThere.read, read_changes]
)
def test_what_is_no_answer_of_ours_is_like_no_answer(body: bytes, read: Callable[[bytes], Any]) -> None:
    with pytest.raises(Unreachable, match="not an answer of a Kembar cloud"):
        understood(read, body)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"v": 2}, "version"),
        ({"from_ms": None}, "from_ms"),
        ({"to_ms": NOW_MS - 1}, "at most 744 hours"),
        ({"to_ms": NOW_MS + 10**11}, "at most 744 hours"),
        ({"columns": ["voltage_mv", "phase"]}, "phase not known"),
        ({"source": "a b"}, "source"),
        ({"proof": [1, 2]}, "proof"),
        ({"proof": ["x"] * 6}, "proof"),
    ],
)
def test_a_malformed_question_is_refused_in_words(fields: dict[str, Any], words: str) -> None:
    asked = {"v": 1, "from_ms": NOW_MS, "to_ms": UPTO_MS} | fields
    with pytest.raises(Rejection, match=words):
        Asked.read(asked)


def test_an_asker_that_knows_fewer_columns_is_answered_for_those() -> None:
    assert Asked.read({"v": 1, "from_ms": 0, "to_ms": 0, "columns": ["power_mw"]}).columns == ("power_mw",)
    assert Asked.read({"v": 1, "from_ms": 0, "to_ms": 0}).columns == COLUMNS
