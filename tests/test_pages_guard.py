"""Only pages of this server may speak to it through a browser."""

import pytest

from pages.guard import HEADERS, Guard, own_names
from pages.query import Refused

GUARD = Guard(own_names("Kembar.fritz.box"))


@pytest.mark.parametrize(
    "host",
    [
        "192.168.1.7",
        "192.168.1.7:8480",
        "[fe80::1]:8480",
        "[::1]",
        "localhost:8480",
        "LOCALHOST",
        "kembar",
        "kembar.local",
        "kembar.lan:80",
        "kembar.fritz.box",
        "kembar.local.",
    ],
)
def test_addresses_and_own_names_are_this_server(host: str) -> None:
    assert GUARD.admits_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "kembar.evil.example",
        "192.168.1.7.evil.example",
        "",
        None,
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "[::1",
        "kembar:port",
    ],
)
def test_a_name_that_a_foreign_page_can_carry_is_refused(host: str | None) -> None:
    with pytest.raises(Refused) as caught:
        GUARD.check("GET", {"Host": host}.get)
    assert caught.value.status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://[bad"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost:9999"},
    ],
)
def test_a_write_from_another_page_is_refused(headers: dict[str, str]) -> None:
    given = {"Host": "localhost:8480", **headers}
    with pytest.raises(Refused) as caught:
        GUARD.check("POST", given.get)
    assert caught.value.status == 403
    GUARD.check("GET", given.get)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:8480", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_a_write_from_a_program_or_our_own_page_passes(headers: dict[str, str]) -> None:
    GUARD.check("POST", {"Host": "localhost:8480", **headers}.get)


def test_a_hosted_site_may_be_reached_by_any_name() -> None:
    assert Guard(None).admits_host("anything.example")


def test_nothing_inline_and_nothing_from_elsewhere_may_run() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
