"""The fleet: what a cloud knows of many homes, and which of them is worst; pure, without SQL and HTML."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from cloud.edges import Edge
from cloud.sites import HostedSite
from metering.quantity import DAY_MS
from pages.sync_line import SILENT_AFTER_MS
from store.comparisons import Proof
from sync.answer import Rival
from sync.progress import UNDER_WAY_ROWS

GAPS_MS = 30 * DAY_MS
# A board's readings come within a minute of being measured; what is under way must not look like silence.
BOARD_SILENT_MS = 10 * 60_000


class State(IntEnum):
    """The worst that is known of a home, in the order in which people should look."""

    SILENT, UNEXPLAINED, WARNED, NEW, BEHIND, WELL = range(6)


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Gaps without a cause in GAPS_MS: how many, their time within it, and of how many the time is not known."""

    gaps: int = 0
    ms: int = 0
    untimed: int = 0


@dataclass(frozen=True, slots=True)
class Home:
    """`heard_ms` None: never. `edges`: the one heard last first, without those that were replaced.

    `boards`: those whose readings stay away, with the date of the last one; while an edge is silent or catching up that
    is no news.
    """

    site: HostedSite
    heard_ms: int | None = None
    edges: tuple[Edge, ...] = ()
    unexplained: Unexplained = Unexplained()
    rivals: tuple[Rival, ...] = ()
    boards: tuple[tuple[str, int], ...] = ()
    proof: Proof | None = None

    def silent_ms(self, now_ms: int) -> int:
        """How long the edge that is silent longest has been so; 0 when all speak or none was ever heard."""
        heard = [edge.heard_ms for edge in self.edges] or [ms for ms in (self.heard_ms,) if ms is not None]
        longest_ms = now_ms - min(heard, default=now_ms)
        return longest_ms if longest_ms > SILENT_AFTER_MS else 0

    @property
    def waiting(self) -> int:
        """Records that are known to wait at its edges."""
        return sum(edge.waiting or 0 for edge in self.edges)

    def silent_boards(self, now_ms: int) -> tuple[tuple[str, int], ...]:
        return () if self.silent_ms(now_ms) or self.waiting > UNDER_WAY_ROWS else self.boards

    @property
    def differs(self) -> bool:
        """Whether its twins were found to hold something unlike."""
        return self.proof is not None and bool(self.proof.rows - self.proof.equal or self.proof.conflicts)

    def state(self, now_ms: int) -> State:
        if self.heard_ms is None:
            return State.NEW
        if self.silent_ms(now_ms):
            return State.SILENT
        if self.unexplained.gaps:
            return State.UNEXPLAINED
        if self.rivals or self.differs or self.silent_boards(now_ms):
            return State.WARNED
        return State.BEHIND if self.waiting > UNDER_WAY_ROWS else State.WELL


def worst_first(homes: Iterable[Home], now_ms: int) -> list[Home]:
    """Silent longest, then most time in unexplained gaps, then as State has it; what is alike by its title."""
    return sorted(homes, key=lambda home: _place(home, now_ms))


def _place(home: Home, now_ms: int) -> tuple[int, int, int, str, int]:
    state, gaps = home.state(now_ms), home.unexplained
    worse = {
        State.SILENT: (home.silent_ms(now_ms), gaps.ms),
        State.UNEXPLAINED: (gaps.ms, gaps.gaps),
        State.BEHIND: (home.waiting, 0),
    }.get(state, (0, 0))
    return state, -worse[0], -worse[1], home.site.title.casefold(), home.site.number
