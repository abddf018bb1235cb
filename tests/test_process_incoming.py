"""Requests as they arrive under several processes: whole whatever the pieces, within bounds, read as RFC 9112 says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.incoming import HEAD_MOST_BYTES, LINE_MOST_BYTES, LINES_MOST, Incoming, Refusal

MOST_BYTES = 1_000
POST = (
    b"POST /a%20b/x?q=1&r=%41 HTTP/1.1\r\nHost: kembar\r\nX-One: 1\r\nX-One: 2\r\nX_Forwarded_For: 6.6.6.6\r\n"
    b"Content-Type: text/plain\r\nCookie: a=1\r\nCookie: b=2\r\nContent-Length: 5\r\n\r\nhello"
)
CHUNKED = (
    b"POST /a%20b/x?q=1&r=%41 HTTP/1.1\r\nHost: kembar\r\nX-One: 1\r\nX-One: 2\r\nX_Forwarded_For: 6.6.6.6\r\n"
    b"Content-Type: text/plain\r\nCookie: a=1\r\nCookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n"
)


def came(*pieces: bytes) -> Incoming:
    incoming = Incoming(MOST_BYTES)
    for piece in pieces:
        incoming.feed(piece)
    return incoming


def read(incoming: Incoming) -> dict[str, Any]:
    assert incoming.is_whole
    environ = dict(incoming.environ())
    return environ | {"wsgi.input": environ["wsgi.input"].read()}


@given(st.sampled_from([POST, CHUNKED]), st.lists(st.integers(1, 250), max_size=8))
def test_it_is_the_same_in_whatever_pieces_it_comes(request_: bytes, cuts: list[int]) -> None:
    ends = sorted({cut for cut in cuts if cut < len(request_)})
    pieces = [request_[a:b] for a, b in zip([0, *ends], [*ends, len(request_)], strict=True)]
    assert read(came(*pieces)) == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b/x",
        "QUERY_STRING": "q=1&r=%41",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "kembar",
        "HTTP_X_ONE": "1,2",
        "HTTP_COOKIE": "a=1; b=2",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "5",
        "wsgi.input": b"hello",
    }


@pytest.mark.parametrize("end", range(0, len(CHUNKED) - 1, 7))
def test_a_part_of_it_is_not_whole(end: int) -> None:
    assert not came(CHUNKED[:end]).is_whole


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/", "/", ""),
        (b"http://kembar/x?y", "/x", "y"),
        (b"http://kembar", "/", ""),
        (b"/%ff/%2e%2e/?", "/\xff/../", ""),
        (b"//x", "//x", ""),
    ],
)
def test_where_it_asks(target: bytes, path: str, query: str) -> None:
    found = read(came(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert (found["PATH_INFO"], found["QUERY_STRING"]) == (path, query)


def test_options_of_the_server_itself() -> None:
    assert read(came(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"))["PATH_INFO"] == "*"


def test_a_request_of_http_1_0_has_no_chunks_in_its_answer() -> None:
    assert not came(b"GET / HTTP/1.0\r\n\r\n").is_version_1_1
    assert came(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").is_version_1_1


def test_what_comes_behind_it_changes_nothing() -> None:
    assert read(came(POST + b"GET /second HTTP/1.1\r\nX-One: 3\r\n\r\n")) == read(came(POST))


def test_nobody_has_to_do_what_upgrade_asks_for() -> None:
    ask = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert read(came(ask))["PATH_INFO"] == "/x"


@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_body_up_to_the_bound_is_taken_and_one_byte_more_is_not(is_chunked: bool) -> None:
    def ask(size: int) -> bytes:
        head = b"POST / HTTP/1.1\r\nHost: a\r\n"
        if is_chunked:
            return head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
        return head + b"Content-Length: %d\r\n\r\n%b" % (size, b"x" * size)

    assert len(read(came(ask(MOST_BYTES)))["wsgi.input"]) == MOST_BYTES
    with pytest.raises(Refusal, match="413"):
        came(ask(MOST_BYTES + 1))


def test_a_body_that_says_it_is_too_long_is_refused_before_it_comes() -> None:
    with pytest.raises(Refusal, match="413"):
        came(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (MOST_BYTES + 1))


def test_who_waits_for_a_word_is_known() -> None:
    ask = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: %b\r\n\r\n"
    assert came(ask % b"100-continue").waits_for_word
    with pytest.raises(Refusal, match="417"):
        came(ask % b"miracles")


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (b"GET /%b HTTP/1.1\r\n\r\n" % (b"x" * LINE_MOST_BYTES), "414"),
        (b"GET / HTTP/1.1\r\nX: %b\r\n\r\n" % (b"x" * LINE_MOST_BYTES), "431"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * (LINES_MOST + 1) + b"\r\n", "431"),
        (b"GET / HTTP/1.1\r\nX: %b" % (b"x" * HEAD_MOST_BYTES), "431"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", "400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"),
        (b"POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nhi", "501"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"),
    ],
)
def test_what_is_refused(ask: bytes, status: str) -> None:
    with pytest.raises(Refusal, match=status):
        came(ask)


def test_a_target_that_is_no_address() -> None:
    incoming = came(b"GET http://:99999999/ HTTP/1.1\r\nHost: a\r\n\r\n")
    with pytest.raises(Refusal, match="400"):
        incoming.environ()
