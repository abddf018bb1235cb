"""The read API answers what it describes, refuses what it does not understand, and streams every reading."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from filled_house import (
    DAY_MS,
    NOW_MS,
    OFF_MS,
    FilledHouse,
    application,
    edge_condition,
    empty_house,
    fill,
    live_value,
    served,
)

from pages.app import build
from pages.condition import Pulse
from pages.guard import HEADERS
from pages.site import Site
from store.part import Part

pytest_plugins = ("conftest_pages",)

Serve = Callable[[FilledHouse], str]
WRONG = [
    ("latest?when=now", 400, "when"),
    ("series", 400, "meter"),
    ("series?meter=garage/9", 404, "meter"),
    ("series?meter=garage/1&quantity=colour", 400, "quantity"),
    ("series?meter=garage/1&points=0", 400, "points"),
    ("series?meter=garage/1&points=99999", 400, "points"),
    ("series?meter=garage/1&from=yesterday", 400, "from"),
    ("series?meter=garage/1&from=2026-11-20&to=2026-11-19", 400, "from"),
    ("energy?meter=garage/1&period=week", 400, "period"),
    ("energy?meter=garage/1&from=0&to=1795159930000", 400, "from"),
    ("energy?meter=garage/1&from=900000000000000&to=900000003600000", 400, "from"),
    ("energy?meter=garage/1&from=-900000000000000&to=-899999990000000", 400, "from"),
    ("energy?meter=garage/1&period=day&from=253400000000000&to=253402300700000", 400, "from"),
    ("energy?meter=garage/1&to=9999-12-31", 400, "to"),
    ("gaps?after=garage/1", 400, "after"),
    ("gaps?most=0", 400, "most"),
    ("ledger?from=2026-11-01&to=2026-11-09", 400, "from"),
    ("readings?format=xml", 400, "format"),
    ("readings?raw=yes", 400, "raw"),
    ("readings?meter=" + "x" * 300, 400, "meter"),
    ("nothing", 404, "not-found"),
]


def fits(value: Any, schema: dict[str, Any], where: str = "answer") -> None:
    """As much of JSON Schema as pages.shapes uses."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    names = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
    name = names.get(type(value), "object" if isinstance(value, dict) else "array")
    assert name in kinds or (name == "integer" and "number" in kinds), f"{where}: {value!r} is not {kinds}"
    assert value in schema.get("enum", [value]), where
    if isinstance(value, list):
        for place, item in enumerate(value):
            fits(item, schema["items"], f"{where}[{place}]")
    if isinstance(value, dict):
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        assert set(schema.get("required", ())) <= set(value), f"{where}: {sorted(value)}"
        for key, item in value.items():
            assert key in properties or more is not False, f"{where}.{key} is not described"
            fits(
                item,
                properties.get(key, more if isinstance(more, dict) else {"type": [name]}),
                f"{where}.{key}",
            ) if key in properties or isinstance(more, dict) else None


def test_every_route_is_described_and_answers_as_described(url: str, house: FilledHouse) -> None:
    paths = requests.get(f"{url}/api/v1/openapi.json", timeout=9).json()["paths"]
    mounted = {rule.rule for rule in application(house).routes if "<" not in rule.rule}
    assert {path for path in mounted if path.startswith("/api/") or path == "/healthz"} == set(paths)
    for path, route in paths.items():
        wanted = "?meter=garage/1" if path.endswith(("series", "energy", "readings")) else ""
        wanted += f"&from={NOW_MS - 3_600_000}" if path.endswith("readings") else ""
        answer = requests.get(url + path + wanted, timeout=9)
        assert answer.status_code == 200, path
        fits(answer.json(), route["get"]["responses"]["200"]["content"]["application/json"]["schema"], path)


@pytest.mark.parametrize(("path", "status", "error"), WRONG)
def test_a_mistake_is_named_with_its_parameter(url: str, path: str, status: int, error: str) -> None:
    answer = requests.get(f"{url}/api/v1/{path}", timeout=9)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert len(answer.json()["message"]) > 15


def test_an_unknown_meter_is_told_the_known_ones(url: str) -> None:
    answer = requests.get(f"{url}/api/v1/energy?meter=x", timeout=9)
    assert answer.json()["message"] == "meter 'x' is not known; known: garage/1"


def test_a_write_is_not_understood(url: str) -> None:
    assert requests.post(f"{url}/api/v1/latest", timeout=9).status_code == 405


def test_a_foreign_host_gets_nothing(url: str) -> None:
    answer = requests.get(f"{url}/api/v1/latest", headers={"Host": "evil.example"}, timeout=9)
    assert (answer.status_code, answer.json()["error"]) == (421, "host")
    assert requests.get(url, headers={"Host": "kembar.test"}, timeout=9).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/latest", "/api/v1/nothing", "/nothing", "/static/base.css"])
def test_every_answer_carries_the_headers_that_protect_it(url: str, path: str) -> None:
    headers = requests.get(url + path, timeout=9).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert "Access-Control-Allow-Origin" not in headers


def test_the_newest_value_is_live_and_says_how_old_it_is(url: str, house: FilledHouse) -> None:
    house.live = [live_value(NOW_MS - 700, 1321.0)]
    (meter,) = requests.get(f"{url}/api/v1/latest", timeout=9).json()["meters"]
    assert (meter["values"]["power_w"], meter["age_ms"], meter["stale"]) == (1321.0, 700, False)
    assert house.watched == 1


@pytest.mark.parametrize(("age_ms", "stale"), [(3_900, False), (4_100, True)])
def test_a_value_is_stale_after_three_missed_intervals(
    url: str, house: FilledHouse, age_ms: int, stale: bool
) -> None:
    house.still_ms = NOW_MS + 600_000
    house.live = [live_value(house.still_ms - age_ms)]
    (meter,) = requests.get(f"{url}/api/v1/latest", timeout=9).json()["meters"]
    assert meter["stale"] is stale


def test_a_series_leaves_the_gap_empty_and_names_it(url: str) -> None:
    span = f"from={OFF_MS[0] - 600_000}&to={OFF_MS[1] + 600_000}&points=80"
    found = requests.get(f"{url}/api/v1/series?meter=garage/1&{span}", timeout=9).json()
    assert len(found["t"]) <= 80
    assert [found["t"][place + 1] - found["t"][place] for place in range(3)] == [found["bucket_ms"]] * 3
    (gap,) = found["gaps"]
    assert gap["cause"] == "device-off"
    inside = [
        m
        for t, m in zip(found["t"], found["mean"], strict=True)
        if OFF_MS[0] + 60_000 < t < OFF_MS[1] - 60_000
    ]
    assert set(inside) == {None}


def test_the_csv_holds_every_reading_once(url: str) -> None:
    text = requests.get(f"{url}/api/v1/readings?format=csv", timeout=30).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert text.splitlines()[0] == (
        "meter,boot,seq,taken_ms,voltage_v,current_a,power_w,energy_wh,frequency_hz,power_factor,alarm"
    )
    keys = {(row["boot"], row["seq"]) for row in rows}
    assert len(keys) == len(rows) == 3 * DAY_MS // 10_000 - 318 - 72
    assert all(float(row["voltage_v"]) > 200 for row in rows)


def test_raw_readings_are_the_stored_integers(url: str) -> None:
    span = f"from={NOW_MS - 20_000}&to={NOW_MS}"
    rows = requests.get(f"{url}/api/v1/readings?raw=1&{span}", timeout=9).json()["readings"]
    assert len(rows) == 2
    assert rows[0]["voltage_mv"] % 100 == 0
    assert isinstance(rows[0]["power_mw"], int)


def test_a_missing_value_is_an_empty_field_and_null(tmp_path: Path) -> None:
    house = empty_house(tmp_path)
    fill(house, [Part("garage", 1, 0, [(1, 1, NOW_MS - 5, None, 0, 0, None, None, None, None)])])
    with served(application(house)) as url:
        lines = requests.get(f"{url}/api/v1/readings?format=csv", timeout=9).text.splitlines()
        (row,) = requests.get(f"{url}/api/v1/readings", timeout=9).json()["readings"]
    assert lines[1] == f"garage/1,1,1,{NOW_MS - 5},,0.0,0.0,,,,"
    assert (row["voltage_v"], row["current_a"]) == (None, 0.0)


def test_two_exports_at_once_and_no_third(url: str) -> None:
    running = [requests.get(f"{url}/api/v1/readings", stream=True, timeout=9) for _ in range(2)]
    # Both exports are larger than the sockets' buffers, so they are still being sent.
    third = requests.get(f"{url}/api/v1/readings", timeout=9)
    assert (third.status_code, third.json()["error"], third.headers["Retry-After"]) == (503, "busy", "30")
    for answer in running:
        answer.close()


def test_a_house_without_readings_answers_and_shows_every_page(tmp_path: Path) -> None:
    with served(application(empty_house(tmp_path))) as url:
        assert requests.get(f"{url}/api/v1/meters", timeout=9).json() == {"meters": []}
        assert requests.get(f"{url}/api/v1/readings", timeout=9).json() == {"readings": []}
        for path in ("/", "/history", "/health"):
            assert requests.get(url + path, timeout=9).status_code == 200
        assert "Belum ada meter." in requests.get(url, timeout=9).text


def test_a_cloud_serves_many_sites_to_those_it_admits(tmp_path: Path) -> None:
    import bottle

    house = empty_house(tmp_path, "edge")
    house.condition = edge_condition(NOW_MS)
    sites = {key: house.site(key, key.title()) for key in ("ibu", "kos")}

    def admit(request: Any, site: Site) -> Any:
        if request.get_header("Authorization") == f"Bearer {site.key}":
            return None
        return bottle.HTTPResponse(json.dumps({"error": "login", "message": "who are you?"}), 401)

    app = build(
        sites.get,
        pulse=lambda: Pulse(False, 2.5, 7, "disk"),
        hosts=None,
        admit=admit,
        listed=lambda _request: list(sites.values()),
        now_ms=house.now_ms,
    )
    with served(app) as url:
        ours, path = {"Authorization": "Bearer ibu"}, "/api/v1/sites/ibu/meters"
        assert requests.get(url + path, headers=ours, timeout=9).status_code == 200
        assert requests.get(url + path, timeout=9).status_code == 401
        assert requests.get(f"{url}/sites/kos/health", headers=ours, timeout=9).status_code == 401
        assert requests.get(f"{url}/sites/nobody/", headers=ours, timeout=9).status_code == 404
        assert requests.get(f"{url}/sites/ibu", headers=ours, timeout=9).url == f"{url}/sites/ibu/"
        assert '<a href="/sites/kos/">Kos</a>' in requests.get(url, timeout=9).text
        pulse = requests.get(f"{url}/healthz", timeout=9)
        assert (pulse.status_code, pulse.json()["lag_rows"]) == (503, 7)
        described = requests.get(f"{url}/api/v1/openapi.json", timeout=9).json()["paths"]
        assert "/api/v1/sites/{site}/latest" in described


def test_the_table_of_a_day_can_be_had_as_csv(url: str) -> None:
    rows = list(
        csv.DictReader(io.StringIO(requests.get(f"{url}/history.csv?day=2026-11-19", timeout=9).text))
    )
    assert len(rows) == 24
    assert rows[0]["from"] == "2026-11-19T00:00:00+07:00"
    assert sum(int(row["energy_wh"]) for row in rows) > 5_000
    assert [row["missing_s"] != "0" for row in rows].count(True) == 2


@pytest.mark.parametrize("day", ["2026-13-01", "0001-01-01", "9999-12-31", "x"])
def test_a_day_that_is_none_is_refused_with_a_page(url: str, day: str) -> None:
    answer = requests.get(f"{url}/history?day={day}", timeout=9)
    assert answer.status_code == 400
    assert "is not a date" in answer.text
    assert answer.headers["Content-Type"].startswith("text/html")


def test_nothing_of_the_server_can_be_had_as_a_static_file(url: str) -> None:
    for name in ("../app.py", "%2e%2e/app.py", "..%2fapp.py", "/etc/passwd"):
        assert requests.get(f"{url}/static/{name}", timeout=9).status_code in (403, 404)


def test_every_public_route_stands_in_the_documents(house: FilledHouse) -> None:
    text = (Path(__file__).parent.parent / "docs" / "api.md").read_text("utf-8")
    paths = {route.rule.replace("<name:path>", "{name}") for route in application(house).routes}
    assert sorted(path for path in paths if f"GET {path}\n" not in text and f"`GET {path}`" not in text) == []
