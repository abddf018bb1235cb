"""The way to one cloud over HTTP: requests with every time and size bounded, and every outcome sorted.

What a status means for the sender is decided here and nowhere else. No redirect is followed, no proxy and no
.netrc of the environment is used: the token goes to the configured address only.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import orjson
import requests
from requests import Response
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set
from tenacity import sleep_using_event as sleeping
from tenacity.wait import wait_random_exponential

from sync.answer import Answer, BadAnswer
from sync.failure import Failure, NotAdmitted, RowsRefused, TooLarge, Unreachable
from sync.grant import FORM
from sync.packing import MOST_PACKED_BYTES

# A mobile line that has to be woken needs seconds; a server that commits 20 000 rows on a slow disk, too.
CONNECT_S, ANSWER_S = 15.0, 60.0
# 1 000 cursors are 40 kB; what is longer is not from a cloud of ours.
MOST_ANSWER_BYTES = 2**20
# 20 000 rows as columns are 400 kB, a month of digests of 64 meters 4 MB.
MOST_EVIDENCE_BYTES = 8 * 2**20
LONGEST_PAUSE_S = 60.0
# A server in maintenance may ask for patience; beyond this it is asked again anyway.
MOST_RETRY_AFTER_S = 600.0
# A wrong token does not mend itself; someone who has corrected it should see it work soon.
NOT_ADMITTED_PAUSE_S = 300.0
USER_AGENT = "kembar-sync/1"

_WAIT_AND_ASK_AGAIN = (408, 425, 429)


class InsecureUrl(ValueError):
    """A token must not travel where others can read it."""


def checked_url(url: str) -> str:
    """The address of a cloud without a trailing slash: https, or http to this machine alone."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url.rstrip("/")
    if parts.scheme == "http" and parts.hostname and _is_loopback(parts.hostname):
        return url.rstrip("/")
    raise InsecureUrl(f"cloud url {url!r}: https expected, or http to 127.0.0.1")


class Uplink:
    """One connection, kept open, used by one thread; `send` lets that thread go on while the cloud works.

    `advice`: what helps when the cloud does not know the token, for the status page.
    """

    def __init__(self, url: str, token: str | None, advice: str = "") -> None:
        self._url, self._advice = checked_url(url), advice
        self._session = requests.Session()
        self._session.trust_env = False
        # Only what is needed: a home sends some ten thousand requests a day over a line that may cost.
        self._session.headers.clear()
        self._session.headers["User-Agent"] = USER_AGENT
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["Accept-Encoding"] = "identity"
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="uplink")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._session.close()

    def cursors(self, streams: list[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """What the cloud has of each of these (source, boot)."""
        body = orjson.dumps(streams)
        return self._pool.submit(lambda: self._post("/api/v1/streams/cursors", body).cursors).result()

    def send(self, body: bytes) -> Callable[[], Answer]:
        """Send one packed batch; the result waits for the answer."""
        if len(body) > MOST_PACKED_BYTES:
            raise TooLarge(f"the batch has {len(body)} bytes packed; at most {MOST_PACKED_BYTES}")
        return self._pool.submit(self._post, "/api/v1/batches", body, "gzip").result

    def latest(self, body: bytes) -> Answer:
        return self._post("/api/v1/latest", body)

    def ask(self, path: str, body: bytes, encoding: str | None = None) -> bytes:
        """The answer's body to a question about the cloud's content (sync/evidence.py reads it)."""
        status, headers, said = self._json(path, body, encoding, MOST_EVIDENCE_BYTES)
        if status == 200:
            return said
        raise refused(status, headers, said)

    def form(self, path: str, fields: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and content of the answer to a form; raises Unreachable."""
        body = urlencode(fields).encode("ascii")
        return self._exchange(path, body, {"Content-Type": FORM}, MOST_ANSWER_BYTES)

    def _post(self, path: str, body: bytes, encoding: str | None = None) -> Answer:
        return answered(*self._json(path, body, encoding, MOST_ANSWER_BYTES))

    def _json(
        self, path: str, body: bytes, encoding: str | None, most_bytes: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        headers = {"Content-Type": "application/json"} | ({"Content-Encoding": encoding} if encoding else {})
        status, said, content = self._exchange(path, body, headers, most_bytes)
        if status == 401 and self._advice:
            word, message = _error(content)
            raise NotAdmitted(f"HTTP 401: {message or word or 'the token is refused'}; {self._advice}")
        return status, said, content

    def _exchange(
        self, path: str, body: bytes, headers: Mapping[str, str], most_bytes: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and content of the answer; raises Unreachable."""
        try:
            with self._session.post(
                self._url + path,
                data=body,
                headers=headers,
                timeout=(CONNECT_S, ANSWER_S),
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code, response.headers, _content(response, most_bytes)
        except requests.RequestException as error:
            raise Unreachable(_reason(error)) from error


def answered(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """The answer in a response, or the failure that it is."""
    if status in (200, 409):
        try:
            return Answer.decode(body)
        except BadAnswer as error:
            raise Unreachable(str(error)) from error
    raise refused(status, headers, body)


def refused(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The failure that a response without an answer is."""
    word, message = _error(body)
    said = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    if status in _WAIT_AND_ASK_AGAIN or status >= 500:
        return Unreachable(said, _retry_after_s(headers))
    if status == 413:
        return TooLarge(said)
    if status == 422 and word == "rows":
        return RowsRefused(said, _date_ms(headers))
    if 300 <= status < 400:
        said = f"HTTP {status}: the address redirects; write the final one into the settings"
    return NotAdmitted(said)


def retrying(stop: threading.Event, failed: Callable[[Failure], None]) -> Retrying:
    """Calls again after each failure, for ever, with the pause that its kind asks for; ends when told to.

    `failed` hears of each failure before the pause.
    """
    return Retrying(
        retry=retry_if_exception_type((Unreachable, NotAdmitted)),
        wait=pause_s,
        sleep=sleeping(stop),
        stop=stop_when_event_set(stop),
        before_sleep=lambda state: failed(_failure(state)),
    )


def pause_s(state: RetryCallState) -> float:
    """Seconds until the next try: full jitter, so that a thousand homes do not come back at once."""
    failure = _failure(state)
    if isinstance(failure, NotAdmitted):
        return NOT_ADMITTED_PAUSE_S
    pause = wait_random_exponential(multiplier=1, max=LONGEST_PAUSE_S)(state)
    asked_s = failure.retry_after_s if isinstance(failure, Unreachable) else None
    return max(pause, min(asked_s or 0.0, MOST_RETRY_AFTER_S))


def _failure(state: RetryCallState) -> Failure:
    failure = state.outcome.exception() if state.outcome else None
    assert isinstance(failure, Failure)
    return failure


def _content(response: Response, most_bytes: int) -> bytes:
    """The body, given up when it is longer than any answer of ours."""
    body = bytearray()
    for piece in response.iter_content(chunk_size=65_536):
        body += piece
        if len(body) > most_bytes:
            raise Unreachable(f"HTTP {response.status_code}: more than {most_bytes} bytes")
    return bytes(body)


def _error(body: bytes) -> tuple[str, str]:
    """(error, message) of our error JSON; empty when the body is something else."""
    try:
        fields: Any = orjson.loads(body)
        return str(fields["error"]), str(fields["message"])[:200]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "", ""


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header; a date counts from the server's own Date, our clock may be wrong."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked[:9])
    try:
        return (parsedate_to_datetime(asked) - parsedate_to_datetime(headers["Date"])).total_seconds()
    except (ValueError, TypeError, KeyError):
        return None


def _date_ms(headers: Mapping[str, str]) -> int | None:
    """What the server's clock shows, to the second."""
    try:
        return int(parsedate_to_datetime(headers["Date"]).timestamp()) * 1000
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


def _reason(error: requests.RequestException) -> str:
    """What went wrong, in the few words that help: requests' own repeat the address and its objects."""
    kinds = (
        (requests.exceptions.SSLError, "the cloud's certificate is not trusted"),
        (requests.ConnectTimeout, f"no connection within {CONNECT_S:g} s"),
        (requests.ReadTimeout, f"no answer within {ANSWER_S:g} s"),
        (requests.ConnectionError, "no connection"),
    )
    said = next((words for kind, words in kinds if isinstance(error, kind)), "the request failed")
    return f"{said} ({str(error).rpartition(': ')[2].strip(chr(34) + ')>(')[:80]})"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
