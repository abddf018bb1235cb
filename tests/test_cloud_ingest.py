"""Taking batches in over real HTTP: what is right is kept, what is wrong is told, and good input goes on."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from engines import AddressOf
from hosted import OTHER_TOKEN, TOKEN, Hosted, hosted

from cloud.ingest import PATHS
from metering.quantity import DAY_MS
from store.changes import TIMEZONE
from store.part import CHANGES, Hole, Part
from store.quarantine import Quarantine
from sync.batch import MOST_ROWS, Batch
from sync.packing import MOST_PACKED_BYTES, MOST_PLAIN_BYTES

NOW_MS = time.time_ns() // 1_000_000
VALUES = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)


@pytest.fixture
def cloud(address_of: AddressOf) -> Iterator[Hosted]:
    with hosted(address_of("cloud")) as here:
        yield here


def rows(low: int, high: int, **changed: int) -> list[tuple[Any, ...]]:
    taken_ms = changed.get("taken_ms", NOW_MS - DAY_MS)
    return [(seq, 1, taken_ms + 1000 * seq, *VALUES) for seq in range(low, high + 1)]


def count(cloud: Hosted) -> int:
    with cloud.database() as db:
        return int(db.execute("SELECT count(*) FROM readings").fetchone()[0])


def test_a_batch_is_kept_and_its_cursor_answered(cloud: Hosted) -> None:
    answer = cloud.batch(Part("garage", 7, 0, rows(1, 5), [Hole(6, 8, "sensor")]))
    assert (answer.status_code, answer.json()) == (
        200,
        {"cursors": [["garage", 7, 8]], "refused": [], "watch_s": 0},
    )
    assert cloud.get("/api/v1/sites/rumah/meters")["meters"][0]["meter"] == "garage/1"


def test_the_same_batch_again_changes_nothing_and_says_where_to_go_on(cloud: Hosted) -> None:
    part = Part("garage", 7, 0, rows(1, 5))
    cloud.batch(part)
    again = cloud.batch(part)
    assert (again.status_code, again.json()["cursors"]) == (409, [["garage", 7, 5]])
    assert count(cloud) == 5


def test_parts_that_fit_are_applied_beside_one_that_does_not(cloud: Hosted) -> None:
    answer = cloud.batch(Part("garage", 7, 3, rows(4, 5)), Part("cellar", 1, 0, rows(1, 2)))
    assert (answer.status_code, answer.json()["cursors"]) == (200, [["garage", 7, 0], ["cellar", 1, 2]])
    assert count(cloud) == 2


def test_cursors_are_told_for_known_and_unknown_streams(cloud: Hosted) -> None:
    cloud.batch(Part("garage", 7, 0, rows(1, 5)))
    answer = cloud.post("/api/v1/streams/cursors", orjson.dumps([["garage", 7], ["garage", 8]]))
    assert answer.json()["cursors"] == [["garage", 7, 5], ["garage", 8, 0]]


def test_a_site_sees_nothing_of_another(cloud: Hosted) -> None:
    cloud.batch(Part("garage", 7, 0, rows(1, 5)))
    body = orjson.dumps([["garage", 7]])
    assert cloud.post("/api/v1/streams/cursors", body, OTHER_TOKEN).json()["cursors"] == [["garage", 7, 0]]
    assert cloud.get("/api/v1/sites/kos/meters", OTHER_TOKEN)["meters"] == []


def test_the_time_zone_arrives_and_moves_the_pages(cloud: Hosted) -> None:
    cloud.batch(Part("rumah", 1, 0, [(1, TIMEZONE, "", 1, '"Asia/Makassar"')], kind=CHANGES))
    assert cloud.get("/api/v1/sites/rumah/latest")["timezone"] == "Asia/Makassar"
    cloud.batch(Part("rumah", 1, 1, [(2, TIMEZONE, "", 2, '"Nowhere/Atall"')], kind=CHANGES))
    assert cloud.get("/api/v1/sites/rumah/latest")["timezone"] == "Asia/Jakarta"


def test_an_impossible_reading_leaves_a_gap_is_kept_raw_and_told(cloud: Hosted) -> None:
    bad = (3, 1, NOW_MS, 9_000_000, *VALUES[1:])
    answer = cloud.batch(Part("garage", 7, 0, [*rows(1, 2), bad, *rows(4, 5)]))
    why = "voltage_mv=9000000 outside [0, 6553500]"
    assert answer.json()["refused"] == [["garage", 7, 3, why]]
    (gap,) = cloud.get("/api/v1/sites/rumah/gaps")["gaps"]
    assert (gap["from_seq"], gap["to_seq"], gap["cause"]) == (3, 3, "refused")
    with cloud.database() as db:
        (kept,) = Quarantine(db, 1).newest(10)
    assert (kept.seq, kept.why, orjson.loads(kept.raw)["voltage_mv"]) == (3, why, 9_000_000)


def test_a_value_of_more_than_64_bits_is_refused_like_any_other(cloud: Hosted) -> None:
    column = (
        b'"seq":[1,1,1],"channel":[1,1,0],"taken_ms":[1,%d,1],"power_mw":[18014398509481982,1,99999]' % NOW_MS
    )
    answer = cloud.plain(
        b'{"v":1,"parts":[{"source":"garage","boot":7,"kind":"readings","prev_seq":0,"columns":{%s}}]}'
        % column
    )
    assert [each[2] for each in answer.json()["refused"]] == [2]
    assert count(cloud) == 1


def test_a_row_dated_far_off_is_refused(cloud: Hosted) -> None:
    far = rows(2, 2, taken_ms=NOW_MS + 3 * DAY_MS)
    answer = cloud.batch(Part("garage", 7, 0, [*rows(1, 1), *far, *rows(3, 3)]))
    assert "2020 ... tomorrow" in answer.json()["refused"][0][3]
    assert count(cloud) == 2


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Part("garage", 7, 0, [*rows(1, 2), *rows(4, 5)]), "seq 3 is neither a row nor in a hole"),
        (Part("garage", 7, 0, rows(1, 5), [Hole(5, 6, "link")]), "seq 5 is there twice"),
        (Part("garage", 7, 0, [(1, TIMEZONE, "", 1, "1")], kind=CHANGES), "a stream of readings"),
        (Part("garage", 7, 0, rows(1, 101, taken_ms=0)), "101 impossible readings"),
    ],
)
def test_rows_that_spoil_a_batch_are_told_and_nothing_of_it_is_kept(
    cloud: Hosted, part: Part, words: str
) -> None:
    cloud.batch(Part("garage", 7, 0, []))
    answer = cloud.batch(Part("cellar", 1, 0, rows(1, 2)), part)
    assert (answer.status_code, answer.json()["error"]) == (422, "rows")
    assert words in answer.json()["message"]
    assert count(cloud) == 0


BAD_BODIES = {
    "wrong version": (gzip.compress(b'{"v":2,"parts":[]}'), 400, "version 2 is not spoken here; expected 1"),
    "truncated gzip": (Batch([Part("garage", 7, 0, rows(1, 9))]).encode()[:-20], 400, "ends too early"),
    "not gzip": (b'{"v":1}', 400, "not gzip"),
    "not JSON": (gzip.compress(b"hello"), 400, "not JSON"),
    "a bomb": (gzip.compress(b" " * (40 * MOST_PLAIN_BYTES)), 413, "unpacks to more than"),
    "too long a body": (b"x" * (MOST_PACKED_BYTES + 1), 413, "at most"),
    "too many rows": (Batch([Part("garage", 7, 0, rows(1, MOST_ROWS + 1))]).encode(), 413, "rows; at most"),
    "no object": (gzip.compress(b"[[[[[[[["), 400, "not JSON"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_gets_its_status_in_words_and_good_ones_go_on(cloud: Hosted, name: str) -> None:
    body, status, words = BAD_BODIES[name]
    answer = cloud.body(body)
    assert answer.status_code == status
    assert words in answer.json()["message"]
    assert cloud.batch(Part("garage", 7, 0, rows(1, 5))).status_code == 200
    assert count(cloud) == 5


def test_a_hole_that_ends_before_it_begins_is_told_and_spoils_nothing(cloud: Hosted) -> None:
    cloud.batch(Part("garage", 7, 0, rows(11, 11), [Hole(1, 10, "elsewhere")]))
    for cause in ("sensor", "device-memory"):
        answer = cloud.batch(Part("garage", 7, 11, fill_holes=[Hole(5, 3, cause)]))
        assert (answer.status_code, answer.json()["error"]) == (400, "shape")
        assert "hole to" in answer.json()["message"]
    assert cloud.batch(Part("garage", 7, 11, fills=rows(4, 4))).status_code == 200


def test_rows_that_the_database_contradicts_are_refused_in_words(cloud: Hosted) -> None:
    cloud.batch(Part("garage", 7, 0, rows(1, 5)))
    with cloud.database() as db:
        db.execute("UPDATE streams SET cursor = 3")
    answer = cloud.batch(Part("garage", 7, 3, rows(4, 6)))
    assert (answer.status_code, answer.json()["error"]) == (422, "rows")
    assert count(cloud) == 5


def test_a_10_mb_body_is_refused_before_it_is_read(cloud: Hosted) -> None:
    host, port = cloud.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=10)) as line:
        line.sendall(
            b"POST /api/v1/batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Encoding: gzip\r\nContent-Length: 10000000\r\n\r\n"
        )
        assert line.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "tökén"])
@pytest.mark.parametrize("path", PATHS)
def test_without_the_right_token_nothing_is_taken(cloud: Hosted, token: str | None, path: str) -> None:
    body = Batch([Part("garage", 7, 0, rows(1, 5))]).encode()
    sent = token.encode("utf-8").decode("latin-1") if token is not None else None
    answer = cloud.post(path, body, sent, Content_Encoding="gzip")
    assert (answer.status_code, answer.json()["error"]) == (401, "token")
    assert count(cloud) == 0


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Content_Encoding": "zstd"}, "zstd"),
        ({}, "Content-Encoding none; expected gzip"),
        ({"Content_Encoding": "gzip", "Content_Type": "text/csv"}, "text/csv"),
    ],
)
def test_another_encoding_or_type_is_told(cloud: Hosted, headers: dict[str, str], words: str) -> None:
    answer = cloud.post("/api/v1/batches", Batch().encode(), TOKEN, **headers)
    assert answer.status_code == 415
    assert words in answer.json()["message"]


def test_other_methods_are_refused_as_json(cloud: Hosted) -> None:
    answer = requests.get(f"{cloud.url}/api/v1/batches", timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (405, "method")


def test_more_than_1000_streams_cannot_be_asked_for_at_once(cloud: Hosted) -> None:
    asked = [["garage", boot] for boot in range(1001)]
    assert cloud.post("/api/v1/streams/cursors", orjson.dumps(asked)).status_code == 413
    assert len(cloud.post("/api/v1/streams/cursors", orjson.dumps(asked[:1000])).json()["cursors"]) == 1000


def test_an_empty_batch_tells_that_the_edge_lives(cloud: Hosted) -> None:
    before = cloud.get("/api/v1/sites/rumah/health")["clouds"][0]
    assert (before["state"], before["last_ack_ms"]) == ("offline", None)
    assert cloud.batch().json() == {"cursors": [], "refused": [], "watch_s": 0}
    after = cloud.get("/api/v1/sites/rumah/health")["clouds"][0]
    assert after["state"] == "ok"
    assert abs(after["last_ack_ms"] - time.time_ns() // 1_000_000) < 10_000


def test_a_database_that_takes_nothing_now_is_503_and_nothing_is_lost(tmp_path: Path) -> None:
    with hosted(tmp_path / "cloud.db") as cloud:
        with cloud.database() as db:
            db.execute("ALTER TABLE readings RENAME TO away")
        answer = cloud.batch(Part("garage", 7, 0, rows(1, 5)))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        with cloud.database() as db:
            db.execute("ALTER TABLE away RENAME TO readings")
        assert cloud.batch(Part("garage", 7, 0, rows(1, 5))).status_code == 200


def test_batches_of_many_homes_at_once_are_all_kept(cloud: Hosted) -> None:
    answers: list[int] = []

    def send(source: str) -> None:
        for prev in range(0, 100, 10):
            answers.append(cloud.batch(Part(source, 7, prev, rows(prev + 1, prev + 10))).status_code)

    threads = [threading.Thread(target=send, args=(f"home{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 60
    assert count(cloud) == 600
