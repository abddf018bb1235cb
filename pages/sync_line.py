"""The header's one line about the twin: in sync, catching up, offline or silent, worst cloud first.

It judges a Condition; no words here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pages.catchup import Progress
from pages.condition import CloudSide, Condition
from pages.site import Twin

# The edge sends at least an empty batch every 30 s; three missed ones are silence.
SILENT_AFTER_MS = 90_000
_WORST_FIRST: tuple[str, ...] = ("not-admitted", "off", "offline", "catching-up", "ok")
WARNINGS: tuple[str, ...] = ("not-admitted", "off", "offline", "catching-up", "silent", "never")


@dataclass(frozen=True, slots=True)
class SyncLine:
    """`state` is a CloudState, or on the cloud "fresh", "silent", "never"; alone: no cloud is set up."""

    state: str
    backlog_rows: int | None = None
    last_ms: int | None = None
    whole_rows: int = 0

    @property
    def warns(self) -> bool:
        return self.state in WARNINGS

    @property
    def share_percent(self) -> int:
        """How much of what there is the cloud holds: the length of the mark's lower bar."""
        if self.state in ("alone", "never"):
            return 0
        missing = min(self.backlog_rows or 0, self.whole_rows)
        return 100 * (self.whole_rows - missing) // self.whole_rows if self.whole_rows else 100

    def shape(self) -> dict[str, object]:
        """As /latest carries it."""
        return {
            "state": self.state,
            "backlog_rows": self.backlog_rows,
            "last_ms": self.last_ms,
            "share_percent": self.share_percent,
        }


def sync_line(
    condition: Condition, twin: Twin, now_ms: int, progress: Callable[[CloudSide], Progress | None]
) -> SyncLine:
    """`progress` follows one cloud's backlog (pages.catchup)."""
    clouds = sorted(condition.clouds, key=lambda side: _WORST_FIRST.index(side.state))
    if not clouds:
        return SyncLine("alone")
    if twin == "cloud":
        return _seen_from_cloud(clouds[0], now_ms)
    worst = clouds[0]
    made = progress(worst)
    # What is under way at any moment is not missing.
    whole = max(made.whole, condition.edge.seq or 0) if made else 0
    return SyncLine(worst.state, worst.backlog_rows, worst.last_ack_ms, whole)


def _seen_from_cloud(side: CloudSide, now_ms: int) -> SyncLine:
    if side.last_ack_ms is None:
        return SyncLine("never")
    silent = now_ms - side.last_ack_ms > SILENT_AFTER_MS
    return SyncLine("silent" if silent else "fresh", last_ms=side.last_ack_ms)
