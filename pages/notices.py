"""What a person should know at the top of a page: notices of the edge and what the condition itself says.

Red only where somebody must act; grey where things mend themselves.
"""

from dataclasses import dataclass

from pages.condition import CloudSide, Condition, Notice
from pages.figures import Figures
from pages.health_page import host_of
from pages.site import Twin
from pages.sync_line import SILENT_AFTER_MS
from pages.words import Words

# Kinds of the edge that want a person; every other kind is grey.
RED: tuple[str, ...] = (
    "collector-silent",
    "disk",
    "policy-dropped",
    "disk-crowded",
    "second-board",
    "too-many",
    "restart-under-used-number",
    "rival-copy",
)


@dataclass(frozen=True, slots=True)
class Said:
    """One banner: level "" (grey), "warn" or "over"; `sign` is its icon."""

    level: str
    sign: str
    text: str
    head: str = ""


class NoticeWriter:
    """Writes banners in one language."""

    def __init__(self, words: Words, figures: Figures, now_ms: int) -> None:
        self._t, self._f, self._now_ms = words, figures, now_ms

    def all(self, condition: Condition, twin: Twin) -> list[Said]:
        said = [self._notice(notice) for notice in condition.edge.notices]
        if twin == "cloud":
            return said + self._home_is_silent(condition)
        return said + [banner for side in condition.clouds for banner in self._cloud(side)]

    def _notice(self, notice: Notice) -> Said:
        """A kind without a text is still shown, with its own word."""
        key = f"notice.{notice.kind}"
        level, sign = ("over", "over") if notice.kind in RED else ("", "old")
        if not self._t.has(key):
            return Said(level, sign, self._t("notice.other", kind=notice.kind))
        return Said(level, sign, self._t.filled(key, notice.fields))

    def _cloud(self, side: CloudSide) -> list[Said]:
        if side.state == "not-admitted":
            places = {"url": host_of(side.url), "reason": side.reason or "?"}
            return [Said("over", "over", self._t("notice.not-admitted", **places))]
        if side.state == "off":
            places = {"url": host_of(side.url), "reason": side.reason or ""}
            key = "notice.off-because" if side.reason else "notice.off"
            return [Said("warn", "off", self._t(key, **places))]
        if side.state == "offline" and side.last_ack_ms is not None:
            at = self._f.since(side.last_ack_ms, self._now_ms)
            return [Said("", "off", self._t("notice.offline", at=at))]
        return []

    def _home_is_silent(self, condition: Condition) -> list[Said]:
        heard_ms = condition.clouds[0].last_ack_ms if condition.clouds else None
        if heard_ms is None:
            return [Said("", "old", self._t("notice.never-heard"))]
        if self._now_ms - heard_ms <= SILENT_AFTER_MS:
            return []
        return [Said("warn", "old", self._t("notice.edge-silent", at=self._f.since(heard_ms, self._now_ms)))]
