"""The page "health" as values to show: the account of gaps, the way device - Pi - cloud, what was refused.

A page in order is quiet; whatever is wrong is named with its number. No HTML here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from metering.calendar import day_of
from pages.catchup import Progress
from pages.chart import cause_name
from pages.clock_facts import clock_facts
from pages.condition import CloudSide, Condition, Device, EdgeSide
from pages.figures import UNKNOWN, Figures
from pages.health import Account, CauseSum
from pages.ledger_table import LedgerTable, ledger_table
from pages.pairing_card import PairingCard, pairing_card
from pages.proof_card import Fact, InfoCard, proof_card
from pages.sync_line import SILENT_AFTER_MS
from pages.words import Words

_LEVELS: dict[str, tuple[str, str]] = {
    "ok": ("", "ok"),
    "catching-up": ("warn", "old"),
    "offline": ("old", "off"),
    "not-admitted": ("over", "over"),
    "off": ("warn", "off"),
}
Way = list["Hop | Link"]


@dataclass(frozen=True, slots=True)
class Hop:
    icon: str
    title: str
    name: str
    level: str
    sign: str
    state: str
    facts: list[Fact]
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    level: str = ""
    is_link: bool = True


@dataclass(frozen=True, slots=True)
class CauseRow:
    cause: str
    gaps: str
    records: str
    lasted: str
    day: str
    clock: str
    url: str


@dataclass(frozen=True, slots=True)
class Going:
    """A cloud that catches up."""

    title: str
    name: str
    percent: int
    left: str
    rows: str
    answer: str


@dataclass(frozen=True, slots=True)
class HealthPage:
    unexplained: str
    unexplained_span: str
    lead: str
    ways: list[Way]
    causes: list[CauseRow]
    until: str
    ledger: LedgerTable | None = None
    no_cloud: str = ""
    catching_up: list[Going] = field(default_factory=list)
    cards: list[InfoCard] = field(default_factory=list)
    pairing: PairingCard | None = None


class HealthWriter:
    """Writes the page in one language, for the site `name` whose pages begin at `home`."""

    def __init__(self, words: Words, figures: Figures, now_ms: int, name: str, home: str) -> None:
        self._t, self._f, self._now_ms = words, figures, now_ms
        self._name, self._home = name, home

    def page(
        self, held: Account, condition: Condition, twin: str, progress: Sequence[Progress | None]
    ) -> HealthPage:
        """`progress` of each of the condition's clouds, in their order."""
        ways = self._from_home(condition) if twin == "edge" else self._from_cloud(condition)
        going = zip(condition.clouds, progress, strict=True)
        return HealthPage(
            self._f.count(held.unexplained),
            self._f.brief(held.unexplained_ms),
            self._lead(held),
            ways,
            [self._cause(row) for row in held.causes if not _is_unknown(row, self._t)],
            self._t("health.until", date=self._f.year_date(held.to_ms)),
            ledger_table(held.devices, self._t, self._f),
            "" if condition.clouds else self._t("health.no_cloud"),
            [self._going(side, made) for side, made in going if made],
            [*self._proofs(condition), self._quarantine(condition.edge), self._clock(condition.edge)],
            pairing_card(condition.pairing, self._t, self._f) if condition.pairing else None,
        )

    def _lead(self, held: Account) -> str:
        if held.unexplained and not held.unexplained_ms:
            said = self._t("health.not_adding_up")
        elif held.unexplained:
            said = self._t("health.some_unexplained", span=self._f.duration(held.unexplained_ms))
        elif held.pauses:
            gaps = self._t.counted("health.gaps", held.pauses, self._f.count(held.pauses))
            said = self._t("health.all_explained", gaps=gaps, span=self._f.duration(held.pauses_ms))
        else:
            said = self._t("health.none_at_all")
        if not held.watched_ms:
            return said
        percent = self._f.percent(held.recorded_ms, held.watched_ms)
        return f"{said} {self._t('health.recorded', percent=percent)}"

    def _from_home(self, condition: Condition) -> list[Way]:
        """The first cloud at the end of the way, any further one below."""
        clouds = list(condition.clouds)
        way = self._begin(condition)
        if clouds:
            way += [self._cloud_link(clouds[0]), self._cloud(clouds[0])]
        further: list[Way] = [[self._cloud(side)] for side in clouds[1:]]
        return [way, *further]

    def _from_cloud(self, condition: Condition) -> list[Way]:
        heard_ms = condition.clouds[0].last_ack_ms if condition.clouds else None
        level = "old" if self._is_silent(heard_ms) else ""
        return [
            [
                *self._begin(condition, heard_ms),
                Link(self._age(heard_ms), level),
                *(self._here(side) for side in condition.clouds[:1]),
            ]
        ]

    def _begin(self, condition: Condition, heard_ms: int | None = None) -> Way:
        """Devices and the Pi; a cloud that knows no devices begins at the Pi."""
        edge = condition.edge
        pi = self._edge(edge, edge.last_ms if heard_ms is None else heard_ms)
        if not condition.devices:
            return [pi]
        queued = [device.queued for device in condition.devices if device.queued is not None]
        waits = sum(queued) if queued else None
        silent = all(device.state == "silent" for device in condition.devices)
        text = "" if waits is None else self._t("health.behind", n=self._f.count(waits))
        return [self._devices(condition.devices), Link(text, "old" if silent else ""), pi]

    def _devices(self, devices: Sequence[Device]) -> Hop:
        silent = sum(device.state == "silent" for device in devices)
        state = self._t("health.silent" if silent else "health.running")
        title = self._t.counted("health.devices", len(devices), str(len(devices)))
        if len(devices) > 1:
            names = ", ".join(device.source for device in devices if device.state == "silent")
            facts = [(device.source, self._age(device.last_heard_ms)) for device in devices]
            return Hop("device", title, names, *_state(silent), state, facts)
        device = devices[0]
        facts = [(self._t("health.heard"), self._age(device.last_heard_ms)), *self._up_to(device.last_seq)]
        if device.queued is not None:
            facts.append((self._t("health.queued"), self._rows(device.queued)))
        facts += [(self._t("health.firmware"), device.firmware)] if device.firmware else []
        return Hop("device", title, device.source, *_state(silent), state, facts)

    def _edge(self, edge: EdgeSide, heard_ms: int | None) -> Hop:
        facts = [(self._t("health.heard"), self._age(heard_ms)), *self._up_to(edge.seq)]
        if edge.waiting_rows is not None:
            facts.append((self._t("health.waiting"), self._rows(edge.waiting_rows)))
        if edge.unsent_rows is not None:
            facts.append((self._t("health.unsent"), self._rows(edge.unsent_rows)))
        facts += [(self._t("health.version"), edge.version)] if edge.version else []
        silent = self._is_silent(heard_ms)
        state = self._t("health.silent" if silent else "health.running")
        return Hop("pi", self._t("health.edge"), self._name, *_state(silent), state, facts)

    def _cloud_link(self, side: CloudSide) -> Link:
        level = {"ok": ""}.get(side.state, "warn")
        waits = self._f.count(side.backlog_rows)
        return Link(self._t("health.behind", n=waits), level)

    def _cloud(self, side: CloudSide) -> Hop:
        facts = [(self._t("health.acknowledged"), self._age(side.last_ack_ms)), *self._up_to(side.seq)]
        facts.append((self._t("health.withheld"), self._rows(side.refused_rows)))
        state = self._t(f"health.state_{side.state}")
        return Hop("cloud", self._t("health.cloud"), host_of(side.url), *_LEVELS[side.state], state, facts)

    def _here(self, side: CloudSide) -> Hop:
        facts = [*self._up_to(side.seq), (self._t("health.withheld"), self._rows(side.refused_rows))]
        title, state = self._t("health.this_cloud"), self._t("health.running")
        return Hop("cloud", title, host_of(side.url), "", "ok", state, facts)

    def _going(self, side: CloudSide, made: Progress) -> Going:
        title = "health.catching_up" if side.state in ("ok", "catching-up") else "health.cloud_offline"
        behind = made.whole - made.done
        left = [self._t.counted("health.rows_left", behind, self._f.count(behind))]
        if side.left_s is not None:
            left.append(self._t("health.left", span=self._f.duration(side.left_s * 1000)))
        rows = [self._t("health.progress", done=self._f.count(made.done), whole=self._f.count(made.whole))]
        if side.rows_per_s:
            rows.append(self._t("health.rate", n=self._f.count(side.rows_per_s)))
        answer = self._t("health.answered", age=self._age(side.last_ack_ms)) if side.last_ack_ms else ""
        return Going(
            self._t(title),
            host_of(side.url),
            100 * made.done // made.whole,
            ", ".join(left),
            ", ".join(rows),
            answer,
        )

    def _cause(self, row: CauseSum) -> CauseRow:
        name = cause_name(row.cause, self._t)
        gaps, records = self._f.count(row.pauses), self._f.count(row.records + row.estimated)
        records = f"≈ {records}" if row.estimated else records
        if row.last_ms is None:
            return CauseRow(name, gaps, records, self._f.brief(row.ms), "", "", "")
        day = day_of(row.last_ms, self._f.zone).isoformat()
        return CauseRow(
            name,
            gaps,
            records,
            self._f.brief(row.ms),
            self._f.short_date(row.last_ms),
            self._f.clock(row.last_ms),
            f"{self._home}/history?day={day}",
        )

    def _proofs(self, condition: Condition) -> list[InfoCard]:
        proofs = [side.proof for side in condition.clouds if side.proof]
        return [proof_card(proof, self._now_ms, self._t, self._f) for proof in proofs]

    def _quarantine(self, edge: EdgeSide) -> InfoCard:
        counts = (
            ("garbled", edge.garbled_lines),
            ("refused", edge.refused_lines),
            ("conflicts", edge.conflicts),
        )
        # Damaged lines come with every long cable; they are sent again and are no reason to worry.
        bad = sum(count or 0 for name, count in counts if name != "garbled")
        state = self._rows(bad) if bad else self._t("health.clean")
        return InfoCard(
            self._t("health.quarantine"),
            "warn" if bad else "",
            "over" if bad else "ok",
            state,
            self._t("health.quarantine_note"),
            [(self._t(f"health.{name}"), self._f.count(count)) for name, count in counts],
        )

    def _clock(self, edge: EdgeSide) -> InfoCard:
        known = edge.clock != "unknown"
        facts = clock_facts(edge, self._t, self._f)
        title, state = self._t("health.clock"), self._t("health.exact" if known else "health.unknown")
        return InfoCard(title, "" if known else "warn", "ok" if known else "old", state, "", facts)

    def _up_to(self, seq: int | None) -> list[Fact]:
        """A number that this server cannot know is left out."""
        return [] if seq is None else [(self._t("health.up_to"), self._f.count(seq))]

    def _rows(self, count: int | None) -> str:
        return UNKNOWN if count is None else self._t.counted("health.rows", count, self._f.count(count))

    def _age(self, ms: int | None) -> str:
        return UNKNOWN if ms is None else self._f.age(max(0, self._now_ms - ms))

    def _is_silent(self, heard_ms: int | None) -> bool:
        return heard_ms is None or self._now_ms - heard_ms > SILENT_AFTER_MS


def _state(silent: int | bool) -> tuple[str, str]:
    return ("old", "old") if silent else ("", "ok")


def _is_unknown(row: CauseSum, words: Words) -> bool:
    """Such gaps stand in the last line, without a cause."""
    return not words.has(f"cause.{row.cause}")


def host_of(url: str) -> str:
    return urlsplit(url).netloc or url
