"""The page "fleet": all homes at which an account has a role, the worst first, as texts for its template."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import bottle

from cloud.access import Role
from cloud.desk import Desk, redirect
from cloud.edges import Edge
from cloud.fleet import GAPS_MS, Home, State, Unexplained, worst_first
from cloud.fleet_facts import read
from cloud.forms import whole
from pages.figures import DAY_MS, Figures
from pages.sync_line import SILENT_AFTER_MS
from pages.words import Words

# Of an installer's homes; what is worst stands on the first page.
PAGE_HOMES = 100
# The facts of a home, in their order.
WORDS: tuple[str, ...] = ("heard", "waits", "version", "gaps", "twins")
# How a state looks: the level and the sign of its badge.
_LOOKS: dict[State, tuple[str, str]] = {
    State.SILENT: ("over", "off"),
    State.UNEXPLAINED: ("over", "over"),
    State.WARNED: ("warn", "over"),
    State.NEW: ("old", "old"),
    State.BEHIND: ("", "old"),
    State.WELL: ("", "ok"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """`quiet`: as it should be, so that a phone leaves it out."""

    word: str
    value: str
    level: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """`lines`: one for each edge, the home's own facts at the end of the first."""

    title: str
    url: str
    role: str
    level: str
    sign: str
    state: str
    warnings: list[str]
    lines: list[list[Fact]]


class FleetPage:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self) -> Any:
        desk, visitor = self._desk, self._desk.visitor()
        if visitor.account is None:
            return redirect("/?next=/fleet")
        words, now_ms = desk.screens.look().words, desk.now_ms()
        homes = worst_first(read(desk.db, desk.sites.by_numbers(visitor.roles), now_ms), now_ms)
        last = max(1, -(-len(homes) // PAGE_HOMES))
        number = min(_asked_page(), last)
        telling = Telling(words, now_ms)
        begin = (number - 1) * PAGE_HOMES
        some = homes[begin : begin + PAGE_HOMES]
        return desk.screens.page(
            "fleet.html",
            heads=WORDS,
            days=str(GAPS_MS // DAY_MS),
            summary=telling.summary(homes),
            rows=[telling.row(home, visitor.roles[home.site.number]) for home in some],
            shown=telling.shown(begin, len(some), len(homes)) if last > 1 else "",
            before=number - 1,
            after=number + 1 if number < last else 0,
        )


class Telling:
    """What is known of homes, in the language of `words`."""

    def __init__(self, words: Words, now_ms: int) -> None:
        # Every time is told by its age: homes lie in several zones.
        self._t, self._f, self._now_ms = words, Figures(words, ZoneInfo("UTC")), now_ms

    def summary(self, homes: Sequence[Home]) -> str:
        """12 homes, 2 silent, 1 with unexplained gaps"""
        states = [home.state(self._now_ms) for home in homes]
        counts = (
            ("silent", states.count(State.SILENT)),
            ("unexplained", sum(home.unexplained.gaps > 0 for home in homes)),
            ("warned", states.count(State.WARNED)),
            ("new", states.count(State.NEW)),
        )
        said = [self._counted(f"count_{name}", n) for name, n in counts if n]
        return ", ".join([self._counted("homes", len(homes)), *(said or [self._t("fleet.all_well")])])

    def shown(self, begin: int, count: int, whole: int) -> str:
        first, last, of = map(self._f.count, (begin + 1, begin + count, whole))
        return self._t("fleet.shown", first=first, last=last, of=of)

    def row(self, home: Home, role: Role) -> Row:
        state = home.state(self._now_ms)
        first, *others = self._edges(home)
        lines = [first + self._home(home), *others]
        return Row(
            home.site.title,
            f"/sites/{home.site.key}/",
            self._t(f"role.{role}"),
            *_LOOKS[state],
            self._state(home, state),
            self._warnings(home),
            lines,
        )

    def _state(self, home: Home, state: State) -> str:
        if state is State.SILENT:
            return self._t("fleet.silent", span=self._f.duration(home.silent_ms(self._now_ms)))
        return self._t(f"fleet.state_{state.name.lower()}")

    def _warnings(self, home: Home) -> list[str]:
        said = [
            self._t.filled(f"notice.rival-{rival.kind}", {"about": rival.about, "other": rival.other})
            for rival in home.rivals
            if self._t.has(f"notice.rival-{rival.kind}")
        ]
        return said + [
            self._t("fleet.board", board=source, age=self._age(last_ms))
            for source, last_ms in home.silent_boards(self._now_ms)
        ]

    def _edges(self, home: Home) -> list[list[Fact]]:
        if home.heard_ms is None:
            return [[Fact("heard", self._t("fleet.never"))]]
        several = len(home.edges) > 1
        # An edge without a name says nothing of itself.
        edges = home.edges or (Edge("", None, None, home.heard_ms),)
        return [self._edge(edge, f"{edge.name}: " if several else "") for edge in edges]

    def _edge(self, edge: Edge, name: str) -> list[Fact]:
        silent = self._is_silent(edge)
        return [
            Fact("heard", name + self._age(edge.heard_ms), "over" if silent else ""),
            Fact("waits", self._waits(edge), quiet=edge.waiting == 0 and not silent),
            Fact("version", edge.version or self._t("fleet.not_told")),
        ]

    def _waits(self, edge: Edge) -> str:
        if edge.waiting is None:
            return self._t("fleet.not_told")
        rows = self._counted("rows", edge.waiting)
        # What came to wait since, nobody here knows.
        return self._t("fleet.then", rows=rows) if self._is_silent(edge) else rows

    def _home(self, home: Home) -> list[Fact]:
        return [] if home.heard_ms is None else [self._gaps(home.unexplained), self._proof(home)]

    def _gaps(self, gaps: Unexplained) -> Fact:
        if not gaps.gaps:
            return Fact("gaps", self._t("fleet.none"), quiet=True)
        least = "≥\u00a0" if gaps.untimed else ""
        lasted = self._t("fleet.untimed") if gaps.untimed == gaps.gaps else least + self._f.brief(gaps.ms)
        return Fact("gaps", f"{self._counted('times', gaps.gaps)}, {lasted}", "over")

    def _proof(self, home: Home) -> Fact:
        proof = home.proof
        if proof is None or proof.at_ms is None:
            return Fact("twins", self._t("fleet.not_compared"))
        age = self._age(proof.at_ms)
        if proof.conflicts:
            said = self._t("fleet.contradict", n=self._f.count(proof.conflicts), age=age)
            return Fact("twins", said, "over")
        if home.differs:
            unequal = self._f.count(proof.rows - proof.equal)
            return Fact("twins", self._t("fleet.differ", n=unequal, age=age), "warn")
        return Fact("twins", self._t("fleet.alike", age=age))

    def _is_silent(self, edge: Edge) -> bool:
        return self._now_ms - edge.heard_ms > SILENT_AFTER_MS

    def _counted(self, key: str, n: int) -> str:
        return self._t.counted(f"fleet.{key}", n, self._f.count(n))

    def _age(self, ms: int) -> str:
        return self._f.age(max(0, self._now_ms - ms))


def _asked_page() -> int:
    return max(1, whole(bottle.request.query.getunicode("page", ""), 5) or 1)
