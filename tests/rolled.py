"""A twin whose rollups are made."""

from zoneinfo import ZoneInfo

from madeparts import NOW_MS, Twin

from metering.quantity import DAY_MS
from store.rolling import Rolling

JAKARTA = ZoneInfo("Asia/Jakarta")
LATER_MS = NOW_MS + 400 * DAY_MS


def roll(twin: Twin, zone: ZoneInfo = JAKARTA, now_ms: int = LATER_MS) -> None:
    rolling = Rolling(twin.db, twin.layout, twin.site)
    while rolling.slice(now_ms, zone):
        pass
