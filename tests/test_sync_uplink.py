"""The way to a cloud: what each status means, real sockets that misbehave, and how long to wait."""

import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from answering import saying, server
from tenacity import RetryCallState, Retrying

from sync import uplink
from sync.answer import Answer
from sync.failure import Failure, NotAdmitted, RowsRefused, TooLarge, Unreachable
from sync.packing import MOST_PACKED_BYTES
from sync.uplink import InsecureUrl, Uplink, answered, checked_url, pause_s, retrying

TOKEN = "a-token-of-a-site"
ANSWER = Answer({("garage", 7): 12}, (), 45)


def test_an_answer_comes_back_and_the_token_went_out() -> None:
    seen: list[Any] = []

    def respond(handler: Any) -> None:
        seen.append((handler.path, handler.headers["Authorization"], handler.headers["Content-Encoding"]))
        saying(200, ANSWER.encode())(handler)

    with server(respond) as url, Uplink(url, TOKEN) as up:
        assert up.send(b"packed")() == ANSWER
        assert up.cursors([("garage", 7)]) == {("garage", 7): 12}
        assert up.latest(b"{}") == ANSWER
    assert seen == [
        ("/api/v1/batches", f"Bearer {TOKEN}", "gzip"),
        ("/api/v1/streams/cursors", f"Bearer {TOKEN}", None),
        ("/api/v1/latest", f"Bearer {TOKEN}", None),
    ]


def test_409_is_an_answer_too() -> None:
    assert answered(409, {}, ANSWER.encode()) == ANSWER


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>Welcome to the hotel</html>", Unreachable),
        (200, b"{}", Unreachable),
        (409, b"conflict", Unreachable),
        (408, b"", Unreachable),
        (425, b"", Unreachable),
        (429, b"", Unreachable),
        (500, b"", Unreachable),
        (502, b"<html>", Unreachable),
        (503, b'{"error":"storage","message":"disk full"}', Unreachable),
        (422, b'{"error":"rows","message":"seq 7 is neither"}', RowsRefused),
        (422, b"", NotAdmitted),
        (413, b"", TooLarge),
        (400, b'{"error":"version","message":"batch version 2"}', NotAdmitted),
        (401, b"", NotAdmitted),
        (403, b"", NotAdmitted),
        (404, b"", NotAdmitted),
        (405, b"", NotAdmitted),
        (415, b"", NotAdmitted),
        (301, b"", NotAdmitted),
        (307, b"", NotAdmitted),
    ],
)
def test_a_status_means_what_the_sender_should_do(status: int, body: bytes, kind: type[Failure]) -> None:
    with pytest.raises(kind) as caught:
        answered(status, {}, body)
    assert str(caught.value)


def test_a_redirect_is_not_followed() -> None:
    with server(saying(200, ANSWER.encode())) as other:
        moved = saying(307, Location=f"{other}/api/v1/batches")
        with server(moved) as url, Uplink(url, TOKEN) as up, pytest.raises(NotAdmitted, match="redirects"):
            up.send(b"packed")()


def test_nobody_listening_is_unreachable() -> None:
    with server(saying(200)) as url:
        pass
    with Uplink(url, TOKEN) as up, pytest.raises(Unreachable, match="no connection"):
        up.send(b"packed")()


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uplink, "ANSWER_S", 0.05)
    done = threading.Event()

    def never(_handler: BaseHTTPRequestHandler) -> None:
        done.wait(5)

    with server(never) as url, Uplink(url, TOKEN) as up:
        with pytest.raises(Unreachable, match="no answer"):
            up.send(b"packed")()
        done.set()


def test_a_connection_that_breaks_in_the_answer_is_unreachable() -> None:
    with (
        server(saying(200, ANSWER.encode()[:20], Content_Length="500")) as url,
        Uplink(url, TOKEN) as up,
        pytest.raises(Unreachable),
    ):
        up.send(b"packed")()


def test_an_endless_answer_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uplink, "MOST_ANSWER_BYTES", 1000)
    with (
        server(saying(200, b" " * 200_000)) as url,
        Uplink(url, TOKEN) as up,
        pytest.raises(Unreachable, match="more than 1000 bytes"),
    ):
        up.send(b"packed")()


def test_a_body_beyond_the_bound_is_not_even_sent() -> None:
    with Uplink("https://cloud.example", TOKEN) as up, pytest.raises(TooLarge):
        up.send(b"x" * (MOST_PACKED_BYTES + 1))


def test_nothing_of_the_environment_leads_the_token_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with server(saying(200, ANSWER.encode())) as url, Uplink(url, TOKEN) as up:
        assert up.send(b"packed")() == ANSWER


@pytest.mark.parametrize("url", ["https://cloud.example/", "http://127.0.0.1:8490", "http://[::1]:8490/"])
def test_https_and_loopback_are_safe_for_a_token(url: str) -> None:
    assert checked_url(url) == url.rstrip("/")


@pytest.mark.parametrize("url", ["http://cloud.example", "ftp://127.0.0.1", "cloud.example", "https://", ""])
def test_every_other_address_is_refused(url: str) -> None:
    with pytest.raises(InsecureUrl):
        checked_url(url)


def after(failure: Failure, attempt: int = 1) -> RetryCallState:
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    state.set_exception((type(failure), failure, None))
    return state


def test_pauses_grow_with_jitter_up_to_a_minute() -> None:
    longest = [max(pause_s(after(Unreachable("x"), attempt)) for _ in range(300)) for attempt in (1, 4, 30)]
    assert longest == sorted(longest)
    assert 50 < longest[-1] <= 60
    assert len({pause_s(after(Unreachable("x"), 9)) for _ in range(9)}) > 1


def test_a_wish_to_be_left_alone_is_heeded_up_to_a_bound() -> None:
    assert pause_s(after(Unreachable("x", 90.0))) == 90
    assert pause_s(after(Unreachable("x", 1e9))) == 600
    assert pause_s(after(NotAdmitted("x"))) == 300


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "soon"}, None),
        ({}, None),
        (
            {"Retry-After": "Thu, 19 Nov 2026 10:01:30 GMT", "Date": "Thu, 19 Nov 2026 10:00:00 GMT"},
            90,
        ),
        ({"Retry-After": "Thu, 19 Nov 2026 10:01:30 GMT"}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_against_the_servers_own_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    with pytest.raises(Unreachable) as caught:
        answered(503, headers, b"")
    assert caught.value.retry_after_s == seconds


def test_it_is_tried_again_until_it_works_and_each_failure_is_told() -> None:
    stop, told, outcomes = threading.Event(), [], [Unreachable("a"), NotAdmitted("b"), None]

    def work() -> str:
        failure = outcomes.pop(0)
        if failure:
            raise failure
        return "done"

    again = retrying(stop, lambda failure: told.append(str(failure)))
    again.sleep = lambda _seconds: None
    assert again(work) == "done"
    assert told == ["a", "b"]


def test_the_end_cuts_a_pause_short() -> None:
    stop = threading.Event()
    stop.set()
    again = retrying(stop, lambda _failure: None)
    with pytest.raises(again.retry_error_cls):
        again(lambda: answered(503, {}, b""))
