"""The page "now" as values to show: the large number, a card of tiles per meter, today, the last 24 hours.

Nothing stale is shown as current: it becomes "—" with its last value and time. No HTML here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from metering.profile import Limit
from metering.quantity import BY_NAME
from pages.axis import ticks
from pages.chart import Shape, lines, named
from pages.faces import Face, Faces
from pages.figures import HOUR_MS, NOTHING, Figure, Figures
from pages.gauge import Gauge, gauge
from pages.judged import Judged, judged
from pages.latest import Newest
from pages.overview import Overview
from pages.words import Words

TILES: tuple[str, ...] = ("power", "voltage", "current", "power_factor", "frequency")
_COLUMNS = {
    "power": "power_mw",
    "voltage": "voltage_mv",
    "current": "current_ma",
    "power_factor": "power_factor_milli",
    "frequency": "frequency_mhz",
}
MOST_RANKED = 5
# 220 V with 5 % above and 10 % below, as PLN promises it (SPLN 1:1995); for a meter whose limits nobody has set and
# whose voltage is that of one phase.
PLN = Limit(198_000, 231_000)
ONE_PHASE_MV = range(100_000, 300_000)


@dataclass(frozen=True, slots=True)
class Scale:
    """The range between two limits of a tile in base units, and where the value lies in it, in percent."""

    low: float
    high: float
    percent: float


@dataclass(frozen=True, slots=True)
class Tile:
    """`state`: "over" (beyond a limit), "warn" (near one), "old" (silent) or ""; `said` tells why."""

    name: str
    label: str
    shown: Figure
    said: str = ""
    state: str = ""
    scale: Scale | None = None


@dataclass(frozen=True, slots=True)
class Arc:
    """The gauge of a single meter's voltage."""

    gauge: Gauge
    limit: Limit
    shown: Figure
    low: str
    high: str
    between: str
    state: str
    said: str


@dataclass(frozen=True, slots=True)
class Card:
    """One meter; silent_since is "" while its values are fresh."""

    key: str
    name: str
    room: str
    colour: int
    age: str
    silent_since: str
    today: Figure
    tiles: list[Tile]


@dataclass(frozen=True, slots=True)
class NowPage:
    cards: list[Card]
    hero_title: str = ""
    watts: Figure = NOTHING
    age: str = ""
    silent_since: str = ""
    last_said: str = ""
    today_title: str = ""
    today: Figure = NOTHING
    compared: str = ""
    counted: str = ""
    chart_title: str = ""
    extremes: list[tuple[str, str]] = field(default_factory=list)
    ranked: list[Card] = field(default_factory=list)
    arc: Arc | None = None


class NowWriter:
    """Writes the page in one language."""

    def __init__(self, words: Words, figures: Figures, now_ms: int, faces: Faces) -> None:
        self._t, self._f, self._now_ms, self._faces = words, figures, now_ms, faces

    def page(self, newest: Sequence[Newest], overview: Overview) -> NowPage:
        if not newest:
            return NowPage(cards=[])
        cards = [self._card(one, self._faces.of(one.meter)) for one in newest]
        today_wh = _sum([one.today_wh for one in newest])
        fresh, shown = [one for one in newest if not one.stale], [one for one in newest if one.taken_ms]
        latest_ms = max((one.taken_ms or 0 for one in newest), default=0)
        last = self._f.power(_sum([one.value("power_mw") for one in shown]))
        return NowPage(
            cards=cards,
            hero_title=self._hero_title(len(fresh), len(newest)),
            watts=self._f.power(_sum([one.value("power_mw") for one in fresh])),
            age=self._f.age(max((one.age_ms or 0 for one in fresh), default=None)),
            silent_since="" if fresh else self._silent(latest_ms),
            last_said="" if fresh or not shown else self._t("live.last_sum", value=last),
            today_title=self._today_title(len(newest)),
            today=self._f.kwh(today_wh),
            compared=self._compared(today_wh, overview.yesterday_wh),
            counted=self._counted(cards),
            chart_title=self._t("now.last", span=self._window(overview)),
            extremes=self._extremes(overview) if len(newest) == 1 else [],
            ranked=_ranked(cards, newest) if len(newest) > 1 else [],
            arc=self._arc(newest[0]) if len(newest) == 1 else None,
        )

    def _card(self, one: Newest, face: Face) -> Card:
        bad = judged(one, face.profile)
        tiles = [self._tile(one, name, bad.get(name), face.profile.limits) for name in TILES]
        until = "live.today_until" if one.stale and one.taken_ms else "live.today"
        at = self._f.since(one.taken_ms, self._now_ms) if one.taken_ms else ""
        today = self._f.kwh(one.today_wh)
        tiles.append(Tile("energy", self._t(until, at=at), today, state="old" if one.stale else ""))
        age = self._f.age(one.age_ms)
        if one.estimated:
            age = f"{age}, {self._t('live.estimated')}"
        silent = self._silent(one.taken_ms) if one.stale else ""
        return Card(face.key, face.name, face.room, face.colour, age, silent, today, tiles)

    def _tile(self, one: Newest, name: str, bad: Judged | None, limits: Mapping[str, Limit]) -> Tile:
        value = one.value(_COLUMNS[name])
        figure, label = self._f.quantity(name, value), self._t(f"quantity.{name}")
        if one.stale:
            last = "" if figure == NOTHING else self._t("live.last", value=figure)
            return Tile(name, label, NOTHING, last, "old")
        if bad:
            said = self._t(f"live.{bad.verdict}", limit=self._f.quantity(name, bad.limit))
            return Tile(name, label, figure, said, "over" if bad.is_beyond else "warn")
        return Tile(name, label, figure, scale=_scale(limits.get(_COLUMNS[name]), name, value))

    def _counted(self, cards: Sequence[Card]) -> str:
        """1 beyond a limit, 1 silent"""
        beyond = sum(any(tile.state == "over" for tile in card.tiles) for card in cards)
        silent = sum(bool(card.silent_since) for card in cards)
        pairs = (("live.beyond_count", beyond), ("live.silent_count", silent))
        return ", ".join(self._t.counted(key, count, str(count)) for key, count in pairs if count)

    def _arc(self, one: Newest) -> Arc | None:
        """Of the voltage: between its limits, or PLN's where nobody has set any."""
        volts, set_ = one.value("voltage_mv"), self._faces.of(one.meter).profile.limits.get("voltage_mv")
        limit = set_ or (PLN if volts in ONE_PHASE_MV else Limit())
        drawn = gauge(limit, None if one.stale else volts)
        if drawn is None or limit.low is None or limit.high is None:
            return None
        low, high, first, last = (
            self._f.number(mv, 1000) for mv in (limit.low, limit.high, drawn.low, drawn.high)
        )
        between = self._t("now.limits" if set_ else "now.limits_pln", low=low, high=high)
        verdict = None if one.stale else limit.verdict(volts)
        figure = NOTHING if one.stale else self._f.quantity("voltage", volts)
        return Arc(drawn, limit, figure, first, last, between, *self._verdict(verdict, one.stale))

    def _verdict(self, verdict: str | None, stale: bool) -> tuple[str, str]:
        """(state, word) of a badge"""
        if stale:
            return "old", ""
        if verdict is None:
            return "", self._t("now.normal")
        return "over" if verdict in ("over", "under") else "warn", self._t(f"now.is_{verdict}")

    def _silent(self, taken_ms: int | None) -> str:
        if not taken_ms:
            return self._t("live.no_date")
        return self._t("live.silent", at=self._f.since(taken_ms, self._now_ms))

    def _hero_title(self, fresh: int, every: int) -> str:
        if every == 1:
            return self._t("live.one")
        if fresh in (0, every):
            return self._t("live.sum", n=every)
        return self._t("live.sum_of", n=fresh, all=every)

    def _today_title(self, count: int) -> str:
        return self._t("now.today") if count == 1 else self._t.counted("now.today_of", count, str(count))

    def _compared(self, today_wh: int | None, yesterday_wh: int | None) -> str:
        """Today against yesterday by this time; nothing to say when there is nothing to compare with."""
        if today_wh is None or not yesterday_wh:
            return ""
        kwh = self._f.kwh(yesterday_wh)
        percent = (abs(today_wh - yesterday_wh) * 200 + yesterday_wh) // (2 * yesterday_wh)
        if not percent:
            return self._t("now.yesterday_same", kwh=kwh)
        key = "now.yesterday_less" if today_wh < yesterday_wh else "now.yesterday_more"
        return self._t(key, kwh=kwh, percent=self._f.number(percent) + "%")

    def _window(self, overview: Overview) -> str:
        """24 jam, not 1 hari: it is not the day of the calendar."""
        span_ms = overview.window.span_ms
        hours = span_ms // HOUR_MS
        if hours > 1:
            return self._t.counted("duration.hours", hours, str(hours))
        return self._f.duration(span_ms)

    def _extremes(self, overview: Overview) -> list[tuple[str, str]]:
        power, voltage = overview.power_range, overview.voltage_range
        said = []
        if power:
            said += [
                (self._t("now.highest"), str(self._f.power(power[1]))),
                (self._t("now.lowest"), str(self._f.power(power[0]))),
            ]
        if voltage:
            low, high = self._f.quantity("voltage", voltage[0]), self._f.quantity("voltage", voltage[1])
            said.append((self._t("now.voltages"), f"{low.number}–{high}"))
        return said

    def chart(self, overview: Overview) -> Shape:
        """The last hours: one meter with its band, or a line for each."""
        return {
            "lasts_ms": overview.window.lasts_ms,
            "from": overview.from_ms,
            "to": overview.to_ms,
            "ticks": ticks(overview.from_ms, overview.to_ms, self._f, overview.window.tick_minutes),
            "charts": {
                "power": {
                    "kind": "band" if len(overview.powers) == 1 else "lines",
                    "unit": "W",
                    "here": True,
                    "series": [
                        lines(
                            series,
                            1000,
                            self._faces.of(meter).name,
                            self._faces.of(meter).colour,
                            band=len(overview.powers) == 1,
                        )
                        for meter, series in overview.powers
                    ],
                    "blanks": named(overview.blanks, self._t, self._f),
                }
            },
        }


def _scale(limit: Limit | None, name: str, value: int | None) -> Scale | None:
    """Where a value lies between two limits; only where both are set."""
    if limit is None or limit.low is None or limit.high is None or value is None:
        return None
    scale = BY_NAME[name].scale
    percent = 100 * (value - limit.low) / (limit.high - limit.low)
    return Scale(limit.low / scale, limit.high / scale, round(percent, 1))


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _ranked(cards: Sequence[Card], newest: Sequence[Newest]) -> list[Card]:
    """The meters that used most today, most first."""
    pairs = sorted(zip(newest, cards, strict=True), key=lambda pair: -(pair[0].today_wh or -1))
    return [card for one, card in pairs if one.today_wh is not None][:MOST_RANKED]
