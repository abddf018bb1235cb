"""The OpenAPI document of the hosted site: every route of its API is in it, and every answer is one that it tells."""

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import requests
import schemathesis
from doors import paired
from hosted import TOKEN, Hosted, hosted
from hypothesis import HealthCheck, settings
from jsonschema_rs import Draft202012Validator
from madeparts import row
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    status_code_conformance,
)

from cloud import described, rates
from pages import openapi
from store.part import Part
from sync import grant as words
from sync.packing import pack

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
]
Test = Callable[..., None]
PACKED = ("/api/v1/batches", "/api/v1/mends")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    # What is asked here in seconds is more than one edge may ask.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rates, "TOKEN_AT_ONCE", 100_000)
        patch.setattr(rates, "ADDRESS_AT_ONCE", 100_000)
        with hosted(tmp_path_factory.mktemp("openapi") / "cloud.db") as here:
            here.batch(Part("garage", 7, 0, [row(n) for n in range(1, 4)]))
            yield here


# Told by the program itself; the last test holds it against what the server tells.
DOCUMENT = openapi.description(True, described.paths())
BOUNDED = settings(
    max_examples=8, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def each(*, edges: bool, **which: Any) -> Callable[[Test], Test]:
    """The test with some requests to each of these routes; `edges`: with each edge of each parameter too."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    # 405 to other methods is asked for elsewhere. Each edge of each field of a batch would be 500 requests.
    schema.config.phases.coverage.unexpected_methods = set()
    schema.config.phases.coverage.enabled = edges
    chosen: Any = schema.include(**which)
    return lambda test: cast(Test, chosen.parametrize()(BOUNDED(test)))


@each(edges=True, method="GET")
def test_every_answer_to_a_reader_is_one_that_is_described(case: Any, cloud: Hosted) -> None:
    if case.path_parameters and len(str(case.path_parameters["site"])) % 4:
        case.path_parameters["site"] = "rumah"
    if case.query and "meter" in case.query and len(str(case.query["meter"])) % 2 == 0:
        case.query["meter"] = "garage/1"
    fits(case, case.call(base_url=cloud.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20))


@each(edges=False, path=[path for path in described.paths() if path not in PACKED])
def test_every_answer_to_an_edge_is_one_that_is_described(case: Any, cloud: Hosted) -> None:
    token = paired(cloud, 1) if case.path in (words.ROTATE, words.REVOKE) else TOKEN
    fits(case, case.call(base_url=cloud.url, headers={"Authorization": f"Bearer {token}"}, timeout=20))


@each(edges=False, path=list(PACKED))
def test_every_answer_to_a_batch_is_one_that_is_described(case: Any, cloud: Hosted) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    body = pack(json.dumps(case.body, default=str).encode())
    fits(case, case.call(base_url=cloud.url, headers={**headers, "Content-Encoding": "gzip"}, data=body))


def fits(case: Any, answer: Any) -> None:
    case.validate_response(answer, checks=CHECKS)
    # Schemathesis 4.32 takes prefixItems of 3.1 for the items of an older draft; so shapes are compared here.
    told = DOCUMENT["paths"][case.path][case.method.lower()]["responses"][str(answer.status_code)]
    if answer.headers["content-type"][0] == "application/json":
        Draft202012Validator(told["content"]["application/json"]["schema"]).validate(answer.json())


def test_every_route_for_programs_is_described(cloud: Hosted) -> None:
    told = requests.get(f"{cloud.url}/api/v1/openapi.json", timeout=20).json()
    assert told == DOCUMENT
    routes = {
        (method, path.replace("<key>", "{site}"))
        for method, path in cloud.routes
        if path.startswith("/api/") or path == "/healthz"
    }
    assert routes == {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    assert {words.PAIR, words.ROTATE, *PACKED} <= set(told["paths"])
