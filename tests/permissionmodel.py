"""What a browser, an invitation and a share are to the model of tests/test_cloud_permissions.py; no database here."""

from dataclasses import dataclass, field
from typing import Any

from cloud.access import Role
from cloud.sessions import IDLE_MS, SEEN_EVERY_MS


@dataclass
class Session:
    """A browser. `share` None: of an account."""

    secret: str
    until_ms: int
    seen_ms: int
    share: "Share | None" = None

    def sees(self, now_ms: int) -> bool:
        """As the model has it; who is seen stays in."""
        good = self.until_ms > now_ms and self.seen_ms > now_ms - IDLE_MS
        if good and now_ms - self.seen_ms >= SEEN_EVERY_MS:
            self.seen_ms = now_ms
        return good


@dataclass
class Invited:
    secret: str
    home: int
    role: Role
    by: int
    until_ms: int


@dataclass
class Share:
    secret: str
    home: int
    until_ms: int
    revoked: bool = False
    browsers: list[Session] = field(default_factory=list)


class Request:
    """As much of a request as tells who asks."""

    def __init__(self, cookies: dict[str, str]) -> None:
        self._cookies, self.environ = cookies, dict[str, Any]()

    def get_cookie(self, name: str) -> str | None:
        return self._cookies.get(name)

    def get_header(self, _name: str) -> None:
        return None
