"""One site with what the pages remember of it between requests: newest values, progress, the account.

Everything remembered can be lost: it is computed again from the site.
"""

from collections.abc import Callable
from threading import Lock

from pages.catchup import Catchup, Progress
from pages.condition import CloudSide, Condition
from pages.health import Account, account
from pages.latest import Latest
from pages.overview import Overview, overview
from pages.site import Site
from pages.sync_line import SyncLine, sync_line
from store.history import History

# Both read a day of every meter; a minute old is new enough for what speaks of days.
ACCOUNT_KEPT_MS = 60_000
OVERVIEW_KEPT_MS = 60_000
# No settings file names more clouds than a person writes down.
MOST_CLOUDS = 16


class View:
    """Safe for threads; `now_ms` is the server's clock, UTC ms."""

    def __init__(self, site: Site, now_ms: Callable[[], int]) -> None:
        self.site = site
        self.now_ms = now_ms
        self.latest = Latest(site)
        self._catchups: dict[str, Catchup] = {}
        self._account: Account | None = None
        self._overview: Overview | None = None
        self._lock = Lock()

    @property
    def api(self) -> str:
        """Where this site's read API begins."""
        return f"/api/v1/sites/{self.site.key}" if self.site.key else "/api/v1"

    @property
    def home(self) -> str:
        """Where this site's pages begin, without the last slash."""
        return f"/sites/{self.site.key}" if self.site.key else ""

    def sync_line(self, condition: Condition, now_ms: int) -> SyncLine:
        return sync_line(condition, self.site.twin, now_ms, lambda side: self.progress(side, now_ms))

    def progress(self, side: CloudSide, now_ms: int) -> Progress | None:
        with self._lock:
            if side.url not in self._catchups and len(self._catchups) >= MOST_CLOUDS:
                self._catchups.clear()
            catchup = self._catchups.setdefault(side.url, Catchup())
        return catchup.note(now_ms, side.backlog_rows or 0)

    def account(self, history: History, now_ms: int) -> Account:
        with self._lock:
            held = self._account
            if held is None or not 0 <= now_ms - held.to_ms < ACCOUNT_KEPT_MS:
                held = self._account = account(history, now_ms)
            return held

    def overview(self, history: History, now_ms: int) -> Overview:
        with self._lock:
            held = self._overview
            if held is None or not 0 <= now_ms - held.at_ms < OVERVIEW_KEPT_MS:
                held = self._overview = overview(history, now_ms, self.site.zone)
            return held
