"""Layers around the hosted site: who calls, how often, and several real processes that serve it."""

import os
import signal
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import requests
from hosted import hosted
from processes import Program, command, free_port, wait_until
from visiting import Visiting

from cloud.rates import ADDRESS_AT_ONCE, Rates
from pages.guard import HEADERS
from process.allowance import Allowance
from process.proxies import Proxied, network_of
from process.serve import HEADER_MOST_BYTES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def called(peer: str, forwarded: str, scheme: str = "") -> tuple[str, str]:
    seen: list[dict[str, Any]] = []

    def application(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        seen.append(dict(environ))
        return []

    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http"}
    environ |= {"HTTP_X_FORWARDED_FOR": forwarded, "HTTP_X_FORWARDED_PROTO": scheme}
    Proxied(application, ["127.0.0.1", "10.0.0.0/24"])(environ, lambda *_: lambda _: None)
    return seen[0]["REMOTE_ADDR"], seen[0]["wsgi.url_scheme"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "scheme", "expected"),
    [
        ("127.0.0.1", "203.0.113.9", "https", ("203.0.113.9", "https")),
        ("127.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.7", "http,https", ("203.0.113.9", "https")),
        ("198.51.100.1", "203.0.113.9", "https", ("198.51.100.1", "http")),
        ("127.0.0.1", "nonsense", "gopher", ("127.0.0.1", "http")),
        ("127.0.0.1", "[2001:db8::1]:443", "", ("2001:db8::1", "http")),
    ],
)
def test_the_right_most_address_that_is_no_proxy_counts(
    peer: str, forwarded: str, scheme: str, expected: tuple[str, str]
) -> None:
    assert called(peer, forwarded, scheme) == expected


def test_an_allowance_comes_back_and_forgets_who_was_heard_longest_ago() -> None:
    now_s = [0.0]
    allowance = Allowance(2, 1, callers_most=2, clock_s=lambda: now_s[0])
    assert [allowance.spend("a") for _ in range(3)] == [0, 0, 1]
    now_s[0] = 1.0
    assert allowance.spend("a") == 0
    assert (allowance.spend("b"), allowance.spend("c"), len(allowance)) == (0, 0, 2)


def test_invented_tokens_spend_their_address_and_a_known_token_does_not() -> None:
    def application(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        start("200 OK" if environ["HTTP_AUTHORIZATION"] == "Bearer right" else "401 No", [])
        return []

    told: list[str] = []
    rates = Rates(application, lambda: 0.0)

    def ask(token: str) -> str:
        environ = {"PATH_INFO": "/api/v1/batches", "REMOTE_ADDR": "2001:db8::1"}
        rates(environ | {"HTTP_AUTHORIZATION": f"Bearer {token}"}, lambda s, *_: told.append(s) or print)  # type: ignore[func-returns-value]
        return told[-1][:3]

    assert ask("right") == "200"
    assert [ask(f"no{n}") for n in range(ADDRESS_AT_ONCE)][-1] == "429"
    assert ask("right") == "200"
    assert network_of("2001:db8::1") == network_of("2001:db8::2") != network_of("2001:db8:0:1::1")


def lacking(answer: requests.Response) -> list[str]:
    return [name for name, value in HEADERS.items() if answer.headers.get(name) != value]


PATHS = (
    "/",
    "/nothing",
    "/static/base.css",
    "/static/no",
    "/healthz",
    "/sites/rumah/",
    "/api/v1/sites/kos/latest",
)


def test_every_answer_has_the_headers_under_waitress(tmp_path: Path) -> None:
    with hosted(tmp_path / "cloud.db") as site:
        answers = [requests.get(site.url + path, timeout=20) for path in PATHS]
        answers.append(site.post("/api/v1/batches", b"x", "wrong"))
        answers.append(requests.get(site.url, headers={"X-Long": "x" * HEADER_MOST_BYTES}, timeout=20))
        assert {answer.url: missing for answer in answers if (missing := lacking(answer))} == {}


def test_several_processes_serve_replace_a_dead_one_and_stop(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "cloud.toml").write_text(
        f'[cloud]\nlisten = "127.0.0.1:{port}"\ndatabase = "sqlite:///cloud.db"\nprocesses = 2\n'
        '[[site]]\nname = "rumah"\ntoken = "a-token-of-the-house"\n'
    )
    url = f"http://127.0.0.1:{port}"
    with Program("cloud", command("kembar-cloud", "serve", "--config", "cloud.toml"), tmp_path) as cloud:
        cloud.start().wait_for("serving on")
        children = Path(f"/proc/{cloud.pid}/task/{cloud.pid}/children")
        assert not any("cloud.db" in str(fd.readlink()) for fd in Path(f"/proc/{cloud.pid}/fd").iterdir())
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        answers = [requests.get(url + path, timeout=5) for path in PATHS]
        answers.append(requests.get(url, headers={"X-Long": "x" * HEADER_MOST_BYTES}, timeout=5))
        assert {answer.url: missing for answer in answers if (missing := lacking(answer))} == {}
        assert [answer.url for answer in answers if "Server" in answer.headers] == []
        with Visiting(url) as browser:
            fields = urlencode({"token": "a-token-of-the-house", "csrf": browser.csrf()}).encode()
            chunked = browser.post(
                f"{url}/login",
                data=iter([fields]),
                timeout=5,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                allow_redirects=False,
            )
        assert chunked.status_code == 303
        assert requests.post(f"{url}/login", data=iter([b"x" * 65_536] * 20), timeout=5).status_code == 413
        for each in silent:
            each.close()
        first = children.read_text().split()
        os.kill(int(first[0]), signal.SIGKILL)
        wait_until(lambda: len(set(children.read_text().split()) - {first[0]}) == 2, 10, children.read_text)
        assert requests.get(f"{url}/healthz", timeout=5).status_code == 200
        assert cloud.stop() == 0
