"""One site with what the pages remember of it between requests: newest values, progress, the account.

Everything remembered can be lost: it is computed again from the site.
"""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from pages.catchup import Catchup, Progress
from pages.condition import CloudSide, Condition
from pages.faces import Faces
from pages.health import Account, account
from pages.last_day import LastDay
from pages.latest import Latest
from pages.overview import Overview, overview
from pages.site import Site
from pages.sync_line import SyncLine, sync_line
from store.history import History

# The account and the overview read a day of every meter; a minute old is new enough for what speaks of days.
# On the edge a job renews them (edge/main.py), so that nobody waits for them; should it be late, they last.
KEPT_MS = {"edge": 600_000, "cloud": 60_000}
# Live values are asked for twice a second; what people say of meters changes once a year.
FACES_LAST_MS = 2_000
# No settings file names more clouds than a person writes down.
MOST_CLOUDS = 16


T = TypeVar("T")


class _Kept(Generic[T]):
    """One answer that is kept for a while. Safe for threads."""

    def __init__(self, made: Callable[[History, int], T], lasts_ms: Callable[[T], int]) -> None:
        self._made, self._lasts_ms = made, lasts_ms
        self._held: tuple[int, T] | None = None
        self._lock = Lock()

    def get(self, history: History, now_ms: int) -> T:
        with self._lock:
            if self._held is None or not 0 <= now_ms - self._held[0] < self._lasts_ms(self._held[1]):
                self._held = (now_ms, self._made(history, now_ms))
            return self._held[1]

    def renew(self, history: History, now_ms: int) -> None:
        """Make it anew; who asks meanwhile gets the old one."""
        fresh = self._made(history, now_ms)
        with self._lock:
            self._held = (now_ms, fresh)


class View:
    """Safe for threads; `now_ms` is the server's clock, UTC ms."""

    def __init__(self, site: Site, now_ms: Callable[[], int]) -> None:
        self.site = site
        self.now_ms = now_ms
        self.latest = Latest(site)
        self._catchups: dict[str, Catchup] = {}
        kept_ms = KEPT_MS[site.twin]
        last_day = LastDay()
        self._account = _Kept(
            lambda history, now_ms: account(history, now_ms, last_day), lambda _held: kept_ms
        )
        self._overview = _Kept(self._made_overview, lambda held: min(kept_ms, held.window.lasts_ms))
        self._faces: tuple[int, Faces] | None = None
        self._lock = Lock()

    @property
    def api(self) -> str:
        """Where this site's read API begins."""
        return f"/api/v1/sites/{self.site.key}" if self.site.key else "/api/v1"

    @property
    def home(self) -> str:
        """Where this site's pages begin, without the last slash."""
        return f"/sites/{self.site.key}" if self.site.key else ""

    def faces(self, history: History) -> Faces:
        """How the site's meters look; a name that was given elsewhere is seen within FACES_LAST_MS."""
        now_ms = self.now_ms()
        with self._lock:
            if self._faces is None or not 0 <= now_ms - self._faces[0] < FACES_LAST_MS:
                live = [value.meter for value in self.site.live()]
                meters = sorted({*history.meters(), *live})
                self._faces = (now_ms, Faces(meters, history.profiles()))
            return self._faces[1]

    def forget_faces(self) -> None:
        with self._lock:
            self._faces = None

    def sync_line(self, condition: Condition, now_ms: int) -> SyncLine:
        return sync_line(condition, self.site.twin, now_ms, self.progress)

    def progress(self, side: CloudSide) -> Progress | None:
        with self._lock:
            if side.url not in self._catchups and len(self._catchups) >= MOST_CLOUDS:
                self._catchups.clear()
            catchup = self._catchups.setdefault(side.url, Catchup())
        return catchup.note(side.backlog_rows or 0)

    def account(self, history: History, now_ms: int) -> Account:
        return self._account.get(history, now_ms)

    def overview(self, history: History, now_ms: int) -> Overview:
        return self._overview.get(history, now_ms)

    def warm(self) -> None:
        """Make anew what a look would otherwise have to wait for."""
        now_ms = self.now_ms()
        with self.site.history() as history:
            self.latest.of(history, now_ms)
            self._overview.renew(history, now_ms)
            self._account.renew(history, now_ms)

    def _made_overview(self, history: History, now_ms: int) -> Overview:
        return overview(history, now_ms, self.site.zone)
