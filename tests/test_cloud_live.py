"""Live values over real HTTP: shown before their batch comes, and one that is wrong hurts no other."""

import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from engines import AddressOf
from hosted import OTHER_TOKEN, Hosted, hosted

NOW_MS = time.time_ns() // 1_000_000
VALUES = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)
LIVE = {
    "source": "garage", "channel": 1, "boot": 7, "seq": 51, "taken_ms": NOW_MS, "interval_ms": 1000,
    "estimated": True, "values": [*VALUES],
}  # fmt: skip


@pytest.fixture
def cloud(address_of: AddressOf) -> Iterator[Hosted]:
    with hosted(address_of("cloud")) as here:
        yield here


def live(cloud: Hosted, *meters: Any) -> Any:
    return cloud.post("/api/v1/latest", orjson.dumps({"v": 1, "meters": meters}))


def test_a_live_value_is_shown_before_its_batch_comes(cloud: Hosted) -> None:
    assert live(cloud, LIVE).status_code == 200
    (meter,) = cloud.get("/api/v1/sites/rumah/latest")["meters"]
    assert (meter["seq"], meter["values"]["voltage_v"], meter["estimated"]) == (51, 225.7, True)
    live(cloud, {**LIVE, "seq": 52, "values": [None, *VALUES[1:]]})
    (meter,) = cloud.get("/api/v1/sites/rumah/latest")["meters"]
    assert (meter["seq"], meter["values"]["voltage_v"]) == (52, None)


@pytest.mark.parametrize(
    "wrong", [{"taken_ms": 5}, {"values": [9_000_000, *VALUES[1:]]}, {"channel": 70_000}, {"interval_ms": 0}]
)
def test_an_impossible_live_value_is_left_out_and_the_others_stay(
    cloud: Hosted, wrong: dict[str, Any]
) -> None:
    assert live(cloud, {**LIVE, "source": "cellar", **wrong}, LIVE).status_code == 200
    assert [m["meter"] for m in cloud.get("/api/v1/sites/rumah/latest")["meters"]] == ["garage/1"]


@pytest.mark.parametrize(
    "wrong", [{"values": [1]}, {"values": [1.5, *VALUES[1:]]}, {"source": "a b"}, {"seq": 0}]
)
def test_a_malformed_live_value_is_told(cloud: Hosted, wrong: dict[str, Any]) -> None:
    assert (live(cloud, {**LIVE, **wrong}).status_code) == 400


@pytest.mark.parametrize("said", [{}, {"v": 2}])
def test_a_live_post_of_another_version_is_told(cloud: Hosted, said: dict[str, int]) -> None:
    answer = cloud.post("/api/v1/latest", orjson.dumps({**said, "meters": [LIVE]}))
    assert (answer.status_code, answer.json()["error"]) == (400, "version")


def test_answers_tell_an_edge_that_somebody_looks_at_its_site(cloud: Hosted) -> None:
    cloud.get("/api/v1/sites/rumah/latest")
    assert 40 <= cloud.batch().json()["watch_s"] <= 45
    assert 40 <= live(cloud, LIVE).json()["watch_s"] <= 45
    assert cloud.batch(token=OTHER_TOKEN).json()["watch_s"] == 0
