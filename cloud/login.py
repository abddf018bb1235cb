"""Browsers in which the token of a site was typed: a signed cookie remembers which sites they have opened.

A new token of a site ends what was remembered of it. Programs send the token as a bearer instead; people have accounts.
"""

import os
from hmac import digest as hmac_digest
from pathlib import Path
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from cloud.sites import HostedSite, Sites

COOKIE = "kembar"
# A phone on the wall stays logged in for half a year; changing the token ends it sooner.
REMEMBERED_S = 180 * 86_400
# A browser that opened more sites than this forgets the oldest: a cookie has 4 kB.
MOST_SITES = 40
KEY_BYTES = 32


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

    def opened_sites(self, cookie: str | None) -> list[HostedSite]:
        """The sites whose token this browser has shown, and whose token is still the same."""
        found = [(self._sites.by_key(key), mark) for key, mark in self._opened(cookie).items()]
        return [site for site, mark in found if site and site.digest and self._mark(site) == mark]

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
        return hmac_digest(self._key, site.key.encode() + (site.digest or b""), "sha256").hex()[:32]
