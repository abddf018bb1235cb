"""What stands between several processes and their callers: bodies read as a whole, requests that are too slow."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from process.arrivals import Arrivals
from process.bodies import PIECE_BYTES, Bodies

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MOST_BYTES = 2 * PIECE_BYTES


class Arriving:
    """A body as a socket gives it: in pieces of its own choice; `read` counts what was taken."""

    def __init__(self, body: bytes, piece_bytes: int) -> None:
        self._body, self._piece_bytes, self.read_bytes = BytesIO(body), piece_bytes, 0

    def read(self, most_bytes: int) -> bytes:
        piece = self._body.read(min(most_bytes, self._piece_bytes))
        self.read_bytes += len(piece)
        return piece


def sent(body: bytes, length: str | None, piece_bytes: int = 1_000) -> tuple[str, bytes, int]:
    """Status, answer (the body as the application saw it), and how many bytes were read."""
    told: list[str] = []

    def echo(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        assert "HTTP_TRANSFER_ENCODING" not in environ
        start("200 OK", [])
        return [environ["CONTENT_LENGTH"].encode(), b" ", environ["wsgi.input"].read()]

    arriving = Arriving(body, piece_bytes)
    environ: dict[str, Any] = {"wsgi.input": arriving, "HTTP_TRANSFER_ENCODING": "chunked"}
    environ |= {} if length is None else {"CONTENT_LENGTH": length}
    answer = Bodies(echo, MOST_BYTES)(environ, lambda status, *_: told.append(status) or print)  # type: ignore[func-returns-value]
    return told[0], b"".join(answer), arriving.read_bytes


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, MOST_BYTES])
@pytest.mark.parametrize("piece_bytes", [999, 10 * MOST_BYTES])
@pytest.mark.parametrize("is_told", [True, False])
def test_a_body_within_the_bound_comes_whole_and_with_its_length(
    size: int, piece_bytes: int, is_told: bool
) -> None:
    body = bytes(size)
    status, answer, _read = sent(body, str(size) if is_told else None, piece_bytes)
    assert (status, answer) == ("200 OK", b"%d " % size + body)


def test_a_body_that_says_it_is_too_long_is_refused_unread() -> None:
    status, answer, read_bytes = sent(bytes(MOST_BYTES + 1), str(MOST_BYTES + 1))
    assert (status[:3], read_bytes) == ("413", 0)
    assert b"more than %d bytes" % MOST_BYTES in answer


def test_of_a_body_without_an_end_no_more_than_the_bound_and_a_byte_is_read() -> None:
    status, _answer, read_bytes = sent(bytes(10 * MOST_BYTES), None)
    assert (status[:3], read_bytes) == ("413", MOST_BYTES + 1)


def test_a_body_that_breaks_off_never_reaches_the_application() -> None:
    status, answer, _read = sent(b"half", "8")
    assert (status[:3], answer) == ("400", b"the body ended after 4 of 8 bytes")


def test_who_waits_for_the_request_is_told_before_the_application_works() -> None:
    seen: list[str] = []

    def slow(_environ: "WSGIEnvironment", start: "StartResponse") -> Iterator[bytes]:
        seen.append("works")
        start("200 OK", [])
        yield b""

    environ: dict[str, Any] = {"wsgi.input": BytesIO(b"")}
    list(Bodies(slow, MOST_BYTES, lambda _: seen.append("arrived"))(environ, lambda *_: print))
    assert seen == ["arrived", "works"]


def test_a_request_that_takes_too_long_is_told_once() -> None:
    now_s = [0.0]
    arrivals = Arrivals[str](10.0, lambda: now_s[0])
    arrivals.begins("slow")
    now_s[0] = 9.0
    arrivals.begins("later")
    assert arrivals.overdue() == []
    now_s[0] = 10.0
    assert arrivals.overdue() == ["slow"]
    assert arrivals.overdue() == []
    now_s[0] = 19.0
    assert arrivals.overdue() == ["later"]


def test_a_request_that_is_here_is_late_no_more_and_the_next_one_counts_anew() -> None:
    now_s = [0.0]
    arrivals = Arrivals[str](10.0, lambda: now_s[0])
    arrivals.begins("caller")
    arrivals.ended("caller")
    arrivals.ended("nobody")
    now_s[0] = 60.0
    assert arrivals.overdue() == []
    arrivals.begins("caller")
    now_s[0] = 69.9
    assert arrivals.overdue() == []
    now_s[0] = 70.0
    assert arrivals.overdue() == ["caller"]
