"""The page "now" as values to show: the large number, a card of tiles per meter, today, the last 24 hours.

Nothing stale is shown as current: it becomes "—" with its last value and time. No HTML here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pages.chart import Shape, lines, named, ticks
from pages.figures import HOUR_MS, NOTHING, Figure, Figures
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
COLOURS = 6
MOST_RANKED = 5


@dataclass(frozen=True, slots=True)
class Tile:
    name: str
    label: str
    shown: Figure
    last: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One meter; silent_since is "" while its values are fresh."""

    key: str
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
    silent_count: str = ""
    chart_title: str = ""
    extremes: list[tuple[str, str]] = field(default_factory=list)
    ranked: list[Card] = field(default_factory=list)


class NowWriter:
    """Writes the page in one language."""

    def __init__(self, words: Words, figures: Figures, now_ms: int) -> None:
        self._t, self._f, self._now_ms = words, figures, now_ms

    def page(self, newest: Sequence[Newest], overview: Overview) -> NowPage:
        if not newest:
            return NowPage(cards=[])
        cards = [self._card(one, place % COLOURS + 1) for place, one in enumerate(newest)]
        today_wh = _sum([one.today_wh for one in newest])
        fresh, shown = [one for one in newest if not one.stale], [one for one in newest if one.taken_ms]
        latest_ms = max((one.taken_ms or 0 for one in newest), default=0)
        count = len(newest) - len(fresh)
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
            silent_count=self._t.counted("live.silent_count", count, str(count)) if count else "",
            chart_title=self._t("now.last", span=self._window(overview)),
            extremes=self._extremes(overview) if len(newest) == 1 else [],
            ranked=_ranked(cards, newest) if len(newest) > 1 else [],
        )

    def _card(self, one: Newest, colour: int) -> Card:
        tiles = [self._tile(one, name) for name in TILES]
        until = "live.today_until" if one.stale and one.taken_ms else "live.today"
        at = self._f.since(one.taken_ms, self._now_ms) if one.taken_ms else ""
        today = self._f.kwh(one.today_wh)
        tiles.append(Tile("energy", self._t(until, at=at), today))
        age = self._f.age(one.age_ms)
        if one.estimated:
            age = f"{age}, {self._t('live.estimated')}"
        return Card(one.meter.key, colour, age, self._silent(one.taken_ms) if one.stale else "", today, tiles)

    def _tile(self, one: Newest, name: str) -> Tile:
        figure = self._f.quantity(name, one.value(_COLUMNS[name]))
        label = self._t(f"quantity.{name}")
        if not one.stale:
            return Tile(name, label, figure)
        return Tile(name, label, NOTHING, "" if figure == NOTHING else self._t("live.last", value=figure))

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
                        lines(series, 1000, meter.key, place % COLOURS + 1)
                        for place, (meter, series) in enumerate(overview.powers)
                    ],
                    "blanks": named(overview.blanks, self._t, self._f),
                }
            },
        }


def _sum(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _ranked(cards: Sequence[Card], newest: Sequence[Newest]) -> list[Card]:
    """The meters that used most today, most first."""
    pairs = sorted(zip(newest, cards, strict=True), key=lambda pair: -(pair[0].today_wh or -1))
    return [card for one, card in pairs if one.today_wh is not None][:MOST_RANKED]
