"""How an edge asks a cloud for a token, exchanges it and gives it up: RFC 8628 over HTTP; nothing is kept here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from sync import grant as words
from sync.failure import NotAdmitted, Unreachable
from sync.uplink import Uplink, refused

# What people are shown; a longer one is not from a cloud of ours.
CODE_MOST_CHARS, ADDRESS_MOST_CHARS, NAME_MOST_CHARS = 16, 200, 100
# A cloud that says otherwise is asked no faster, and waited for no longer.
LEAST_INTERVAL_S, MOST_EXPIRES_S = 1, 3_600
# An edge whose line is bad asks this seldom at most: a person stands beside it.
MOST_INTERVAL_S = 60

_CODE = re.compile(rf"[A-Z0-9-]{{1,{CODE_MOST_CHARS}}}")
_ADDRESS = re.compile(rf"https?://[!-~]{{1,{ADDRESS_MOST_CHARS}}}")
_TOKEN = re.compile(r"[!-~]{1,1024}")


class Refused(NotAdmitted):
    """The cloud gives no token; `word` is the error of RFC 8628 3.5 or RFC 6749 5.2, or "" when it said none."""

    def __init__(self, word: str, message: str) -> None:
        super().__init__(message)
        self.word = word


class TooLate(Exception):
    """Nobody confirmed the pairing in time, or whoever started it does not want it any more."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A pairing that waits for a person: `user_code` is typed at `page`, or `link` leads there with it."""

    device_code: str
    user_code: str
    page: str
    link: str
    expires_s: int
    interval_s: int


@dataclass(frozen=True, slots=True)
class Granted:
    """`site` and `title` as the cloud calls the home; they may be empty."""

    token: str
    site: str
    title: str


class Granting:
    """Asks over an uplink: one without a token to get one, one with the token to exchange it or give it up."""

    def __init__(self, uplink: Uplink) -> None:
        self._uplink = uplink

    def wish(self, edge: str, version: str) -> Wish:
        """Raises Unreachable, Refused."""
        told = self._asked(words.PAIR, {"client_id": words.CLIENT_ID, "edge": edge, "version": version})
        try:
            wish = Wish(
                told["device_code"],
                told["user_code"],
                told["verification_uri"],
                told.get("verification_uri_complete") or told["verification_uri"],
                min(int(told["expires_in"]), MOST_EXPIRES_S),
                max(int(told.get("interval", 5)), LEAST_INTERVAL_S),
            )
            good = _TOKEN.fullmatch(wish.device_code) and _CODE.fullmatch(wish.user_code)
            if good and _is_page(wish.page) and _is_page(wish.link):
                return wish
        except (KeyError, TypeError, ValueError):
            pass
        raise Unreachable(
            "the answer is not that of a pairing; is this the address of a hosted site of Kembar?"
        )

    def granted(
        self,
        wish: Wish,
        old_token: str | None,
        wait: Callable[[float], bool],
        clock_s: Callable[[], float],
    ) -> Granted:
        """Ask until a person has decided; raises Refused, TooLate.

        `wait` pauses for so many seconds; True: do not go on. A bad line only makes it ask more slowly.
        """
        until_s, interval_s = clock_s() + wish.expires_s, float(wish.interval_s)
        while clock_s() < until_s:
            if wait(interval_s):
                raise TooLate("given up")
            try:
                return self._fetch(wish, old_token)
            except Unreachable:
                interval_s += words.SLOWER_BY_S
            except Refused as refusal:
                if refusal.word not in (words.PENDING, words.SLOW_DOWN):
                    raise
                interval_s += words.SLOWER_BY_S if refusal.word == words.SLOW_DOWN else 0
            interval_s = min(interval_s, MOST_INTERVAL_S)
        raise TooLate(f"nobody confirmed the code {wish.user_code} in time")

    def rotated(self) -> Granted:
        """A new token; the old one ends when the new one is first used. Raises Unreachable, Refused."""
        return _granted(self._asked(words.ROTATE, {}))

    def revoke(self) -> None:
        """The uplink's own token is refused from now on; raises Unreachable, Refused."""
        self._asked(words.REVOKE, {})

    def _fetch(self, wish: Wish, old_token: str | None) -> Granted:
        fields = {
            "client_id": words.CLIENT_ID,
            "grant_type": words.GRANT_TYPE,
            "device_code": wish.device_code,
        }
        return _granted(
            self._asked(words.PAIR_TOKEN, fields | ({"old_token": old_token} if old_token else {}))
        )

    def _asked(self, path: str, fields: Mapping[str, str]) -> Mapping[str, Any]:
        status, headers, body = self._uplink.form(path, fields)
        told = _object(body)
        if status == 200:
            return told
        word, said = str(told.get("error", "")), str(told.get("error_description", ""))[:200]
        if status == 429 and word == words.SLOW_DOWN and path == words.PAIR:
            raise Refused(word, f"HTTP 429: {said}")
        if 400 <= status < 500 and status not in (408, 425, 429) and word:
            raise Refused(word, f"HTTP {status}: {said or word}")
        failure = refused(status, headers, body)
        raise failure if isinstance(failure, Unreachable) else Refused("", str(failure))


def _granted(told: Mapping[str, Any]) -> Granted:
    token = told.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise Unreachable("the answer holds no token")
    return Granted(token, _name(told.get("site")), _name(told.get("title")))


def _name(given: object) -> str:
    """For a terminal: a title with control characters in it could do anything there."""
    return "".join(letter for letter in str(given or "") if letter.isprintable())[:NAME_MOST_CHARS]


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _is_page(address: str) -> bool:
    return bool(_ADDRESS.fullmatch(address) and urlsplit(address).hostname)
