"""Who may see a site until accounts exist: everybody if it is public, else who showed its token once.

A signed cookie remembers the sites a browser has opened; a new token of a site ends what was remembered of
it. Programs send the token as a bearer instead.
"""

import os
from collections import OrderedDict
from collections.abc import Callable
from hmac import digest as hmac_digest
from pathlib import Path
from threading import Lock
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from cloud.sites import HostedSite, Sites, bearer_of

COOKIE = "kembar"
# A phone on the wall stays logged in for half a year; changing the token ends it sooner.
REMEMBERED_S = 180 * 86_400
# A browser that opened more sites than this forgets the oldest: a cookie has 4 kB.
MOST_SITES = 40
KEY_BYTES = 32
# Wrong tokens from one address: ten at once, then one in six seconds. A token should have 16 characters or more
# (the server says so at its start); then this protects its time more than the token.
MOST_TRIES = 10
TRY_BACK_S = 6.0
# Addresses remembered; the one that tried longest ago is forgotten first.
MOST_ADDRESSES = 1_000


def signing_key(path: Path) -> bytes:
    """The key that signs cookies: made at the first start, readable by this server alone."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(os.urandom(KEY_BYTES))
            # A power cut within the next half minute would leave an empty file, and the server would not start again.
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        pass
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise ValueError(f"{path} is cut off; remove it, everybody then logs in again")
    return key


class Login:
    """What a browser's cookie lets it see."""

    def __init__(self, sites: Sites, key: bytes) -> None:
        self._sites, self._key = sites, key
        self._signer = URLSafeTimedSerializer(key, salt="kembar sites")

    def visible(self, cookie: str | None) -> list[HostedSite]:
        """The sites that the holder of this cookie may see, public ones included, in the settings' order."""
        opened = self._opened(cookie)
        return [s for s in self._sites.all() if s.public or opened.get(s.key) == self._mark(s)]

    def sees(self, key: str, cookie: str | None, bearer: str | None) -> bool:
        site = self._sites.by_key(key)
        return site is not None and (
            site.public or self.has_opened(key, cookie, bearer) or self._sites.by_bearer(bearer) == site
        )

    def has_opened(self, key: str, cookie: str | None, bearer: str | None) -> bool:
        """Whether the site's token of the settings was shown, now or once by this browser.

        That of a paired edge lets its holder look and send, and no more.
        """
        site = self._sites.by_key(key)
        if site is None:
            return False
        return self._sites.by_token(bearer_of(bearer)) == site or self._opened(cookie).get(key) == self._mark(
            site
        )

    def opened(self, cookie: str | None, site: HostedSite) -> str:
        """The new cookie of a browser that has shown the site's token."""
        marks = {key: mark for key, mark in self._opened(cookie).items() if key != site.key}
        marks[site.key] = self._mark(site)
        return str(self._signer.dumps(dict(list(marks.items())[-MOST_SITES:])))

    def _opened(self, cookie: str | None) -> dict[str, str]:
        if not cookie:
            return {}
        try:
            marks: Any = self._signer.loads(cookie, max_age=REMEMBERED_S)
        except BadData:
            return {}
        return marks if isinstance(marks, dict) else {}

    def _mark(self, site: HostedSite) -> str:
        """Stands for the token in the cookie and tells nothing of it."""
        return hmac_digest(self._key, site.key.encode() + site.digest, "sha256").hex()[:32]


class Tries:
    """Wrong tokens by address; bounded, safe for threads."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        with self._lock:
            return max(0.0, (self._now(address) - MOST_TRIES + 1) * TRY_BACK_S)

    def failed(self, address: str) -> None:
        with self._lock:
            self._spent[address] = (self._now(address) + 1, self._clock_s())
            self._spent.move_to_end(address)
            while len(self._spent) > MOST_ADDRESSES:
                self._spent.popitem(last=False)

    def _now(self, address: str) -> float:
        spent, at_s = self._spent.get(address, (0.0, 0.0))
        return max(0.0, spent - (self._clock_s() - at_s) / TRY_BACK_S)
