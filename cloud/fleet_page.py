"""The page "fleet": all homes at which an account has a role, the worst first, as texts for its template."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import bottle

from cloud.access import Role
from cloud.desk import Desk, redirect
from cloud.edges import Edge
from cloud.fleet import GAPS_MS, Home, State, worst_first
from cloud.fleet_facts import read
from pages.figures import DAY_MS, Figures
from pages.sync_line import SILENT_AFTER_MS
from pages.words import Words

# Of an installer's homes; what is worst stands on the first page.
PAGE_HOMES = 100
# How a state looks: the level and the sign of its badge.
_LOOKS: dict[State, tuple[str, str]] = {
    State.SILENT: ("over", "off"),
    State.UNEXPLAINED: ("over", "over"),
    State.WARNED: ("warn", "over"),
    State.NEW: ("old", "old"),
    State.BEHIND: ("", "old"),
    State.WELL: ("", "ok"),
}

Fact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One edge of a home, named where there are several; or, without a name, what is known of the home itself."""

    name: str
    facts: list[Fact]


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    url: str
    role: str
    level: str
    sign: str
    state: str
    warnings: list[str]
    lines: list[Line]


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
        edges = home.edges if len(home.edges) > 1 else ()
        lines = [Line(edge.name, self._edge(edge)) for edge in edges]
        about = self._home(home)
        if not edges:
            about = [*(self._edge(home.edges[0]) if home.edges else self._unnamed(home)), *about]
        return Row(
            home.site.title,
            f"/sites/{home.site.key}/",
            self._t(f"role.{role}"),
            *_LOOKS[state],
            self._state(home, state),
            self._warnings(home),
            [*lines, Line("", about)],
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

    def _edge(self, edge: Edge) -> list[Fact]:
        silent = self._now_ms - edge.heard_ms > SILENT_AFTER_MS
        not_told = self._t("fleet.not_told")
        waiting = not_told if edge.waiting is None else self._counted("rows", edge.waiting)
        return [
            (self._t("fleet.heard"), self._age(edge.heard_ms)),
            # What came to wait since, nobody here knows.
            (self._t("fleet.waited" if silent else "fleet.waits"), waiting),
            (self._t("fleet.version"), edge.version or not_told),
        ]

    def _unnamed(self, home: Home) -> list[Fact]:
        """Of a home whose edge says nothing of itself."""
        if home.heard_ms is None:
            return [(self._t("fleet.heard"), self._t("fleet.never"))]
        return self._edge(Edge("", None, None, home.heard_ms))

    def _home(self, home: Home) -> list[Fact]:
        if home.heard_ms is None:
            return []
        days = str(GAPS_MS // DAY_MS)
        return [
            (self._t("fleet.gaps", n=days), self._gaps(home)),
            (self._t("fleet.twins"), self._proof(home)),
        ]

    def _gaps(self, home: Home) -> str:
        gaps = home.unexplained
        if not gaps.gaps:
            return self._t("fleet.none")
        if gaps.untimed == gaps.gaps:
            return self._t("fleet.gaps_untimed", n=self._f.count(gaps.gaps))
        least = "≥\u00a0" if gaps.untimed else ""
        return f"{self._f.count(gaps.gaps)} · {least}{self._f.brief(gaps.ms)}"

    def _proof(self, home: Home) -> str:
        proof = home.proof
        if proof is None or proof.at_ms is None:
            return self._t("fleet.not_compared")
        age = self._age(proof.at_ms)
        if proof.conflicts:
            return self._t("fleet.contradict", n=self._f.count(proof.conflicts), age=age)
        if home.differs:
            return self._t("fleet.differ", n=self._f.count(proof.rows - proof.equal), age=age)
        return self._t("fleet.alike", age=age)

    def _counted(self, key: str, n: int) -> str:
        return self._t.counted(f"fleet.{key}", n, self._f.count(n))

    def _age(self, ms: int) -> str:
        return self._f.age(max(0, self._now_ms - ms))


def _asked_page() -> int:
    asked = bottle.request.query.getunicode("page", "")
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
