"""The pace of commits: rarely, to spare the card; soon, when somebody waits."""

# A reading reaches the disk within 10 s; each commit rewrites a handful of pages of the card.
OLDEST_MS = 10_000
MOST_WAITING = 500
# However much a device hurries, one commit a second.
HASTE_PAUSE_MS = 1_000
# After the disk refused: not at once again, but soon enough that the devices' memory lasts.
FAILED_PAUSE_MS = 2_000


class Pace:
    def __init__(self) -> None:
        self._since: int | None = None
        self._last = -(10**12)
        self._not_before = -(10**12)
        self._hasty = False
        self._looked_ms = -(10**12)

    def dirty(self, is_dirty: bool, now_ms: int) -> None:
        """Whether anything waits; the clock of the oldest starts when it begins to."""
        if not is_dirty:
            self._since = None
        elif self._since is None:
            self._since = now_ms

    def hasten(self) -> None:
        """Somebody waits: a device repeats itself, or its memory fills up."""
        self._hasty = True

    def due(self, now_ms: int, waiting: int) -> bool:
        if self._since is None or now_ms < self._not_before:
            return False
        hurry = self._hasty and now_ms - self._last >= HASTE_PAUSE_MS
        return hurry or waiting >= MOST_WAITING or now_ms - self._since >= OLDEST_MS

    def dating_due(self, now_ms: int) -> bool:
        """Rows that wait for their date are looked at this often, also while nothing new comes."""
        return now_ms >= self._not_before and now_ms - self._looked_ms >= OLDEST_MS

    def looked(self, now_ms: int) -> None:
        self._looked_ms = now_ms

    def committed(self, now_ms: int) -> None:
        self._since, self._last, self._hasty = None, now_ms, False

    def failed(self, now_ms: int) -> None:
        self._not_before = now_ms + FAILED_PAUSE_MS
