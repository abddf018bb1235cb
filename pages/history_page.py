"""The page "history" as values to show: one day of one meter, its sums, charts and the table of its hours.

The table is the charts' twin: the same figures, readable without scripts. No HTML here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import quote, urlencode

from metering.calendar import day_of
from metering.reading import Meter
from pages.chart import Shape, bars, lines, named, ticks
from pages.day import Day, Hour
from pages.figures import NOTHING, UNKNOWN, Figure, Figures
from pages.series import Point, together
from pages.words import Words


@dataclass(frozen=True, slots=True)
class Row:
    hour: str
    kwh: str
    mean: str
    least: str
    most: str
    volts: str
    gap: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """`meters` empty: nothing has ever been recorded."""

    meters: list[str]
    meter: str = ""
    day_iso: str = ""
    today_iso: str = ""
    date: str = ""
    before_url: str = ""
    after_url: str = ""
    is_empty: bool = True
    nothing: str = ""
    begun: str = ""
    first_url: str = ""
    kwh: Figure = NOTHING
    sums: list[tuple[str, str]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    voltage_note: str = ""
    busiest: str = ""
    power_label: str = ""
    voltage_label: str = ""
    energy_label: str = ""
    rows: list[Row] = field(default_factory=list)
    total: Row | None = None
    csv_url: str = ""
    raw_url: str = ""


class HistoryWriter:
    """Writes the page in one language, for a site whose pages begin at `home` and whose API at `api`."""

    def __init__(self, words: Words, figures: Figures, home: str, api: str) -> None:
        self._t, self._f, self._home, self._api = words, figures, home, api

    def page(self, meters: Sequence[Meter], chosen: Day, begun_ms: int | None, now_ms: int) -> HistoryPage:
        when, today = day_of(chosen.from_ms, self._f.zone), day_of(now_ms, self._f.zone)
        said = self._f.date(chosen.from_ms)
        first = None if begun_ms is None else day_of(begun_ms, self._f.zone)
        begun = "" if begun_ms is None else self._t("history.begun", date=self._f.year_date(begun_ms))
        what = {name: self._label(f"quantity.{name}", said) for name in ("power", "voltage", "energy")}
        return HistoryPage(
            [meter.key for meter in meters],
            chosen.meter.key,
            when.isoformat(),
            today.isoformat(),
            said,
            self._url(chosen.meter, when - timedelta(days=1)),
            self._url(chosen.meter, when + timedelta(days=1)) if when < today else "",
            chosen.is_empty,
            self._t("history.nothing", date=self._f.year_date(chosen.from_ms)),
            begun,
            self._url(chosen.meter, first) if first else "",
            self._f.kwh(chosen.usage.wh),
            self._sums(chosen),
            self._events(chosen),
            self._voltage_note(chosen),
            self._busiest(chosen),
            what["power"],
            what["voltage"],
            what["energy"],
            [self._row(hour) for hour in chosen.hours],
            self._total(chosen),
            f"{self._home}/history.csv?{urlencode({'meter': chosen.meter.key, 'day': when.isoformat()})}",
            f"{self._api}/readings?meter={quote(chosen.meter.key, safe='')}"
            f"&from={chosen.from_ms}&to={chosen.to_ms}&format=csv",
        )

    def chart(self, chosen: Day) -> Shape:
        blanks = named(chosen.blanks, self._t, self._f)
        name, used = chosen.meter.key, bars(chosen.usage.buckets)
        return {
            "from": chosen.from_ms,
            "to": chosen.to_ms,
            "ticks": ticks(chosen.from_ms, chosen.to_ms, self._f),
            "charts": {
                "power": {
                    "kind": "band",
                    "area": True,
                    "unit": "W",
                    "blanks": blanks,
                    "series": [lines(chosen.power, 1000, name, 1)],
                },
                "voltage": {
                    "kind": "band",
                    "unit": "V",
                    "floats": True,
                    "blanks": blanks,
                    "series": [lines(chosen.voltage, 1000, name, 1)],
                },
                "hours": {"kind": "bars", "unit": "kWh", "blanks": blanks, "bars": used},
            },
        }

    def _url(self, meter: Meter, when: date) -> str:
        return f"{self._home}/history?{urlencode({'meter': meter.key, 'day': when.isoformat()})}"

    def _label(self, what: str, said: str) -> str:
        return self._t("history.chart_note", what=self._t(what).lower(), date=said)

    def _sums(self, chosen: Day) -> list[tuple[str, str]]:
        power, top = together(chosen.power.points), chosen.power.highest()
        if power is None or top is None:
            return []
        recorded = self._f.percent(chosen.known_ms - chosen.blank_ms, chosen.known_ms)
        return [
            (self._t("history.mean"), str(self._f.power(power.total // power.n))),
            (self._t("history.highest_at", at=self._f.clock(top[0])), str(self._f.power(top[1]))),
            (self._t("history.lowest"), str(self._f.power(power.least))),
            (self._t("history.recorded"), recorded),
        ]

    def _events(self, chosen: Day) -> list[str]:
        events = chosen.usage.events
        return [self._t(f"history.{step.event}", at=self._f.clock(step.at_ms)) for step in events]

    def _voltage_note(self, chosen: Day) -> str:
        point = together(chosen.voltage.points)
        if point is None:
            return ""
        low, high = (self._f.quantity("voltage", value) for value in (point.least, point.most))
        return self._t("history.voltage_range", low=low.number, high=high)

    def _busiest(self, chosen: Day) -> str:
        used = [(hour.energy_wh, hour) for hour in chosen.hours if hour.energy_wh]
        if not used:
            return ""
        wh, hour = max(used, key=lambda pair: pair[0])
        begin = self._f.local(hour.from_ms).hour
        return self._t("history.busiest", from_hour=begin, to_hour=begin + 1, kwh=self._f.kwh(wh))

    def _row(self, hour: Hour) -> Row:
        name = self._f.clock(hour.from_ms)
        return self._figures(name, hour.energy_wh, hour.power, hour.voltage, hour.blank_ms)

    def _total(self, chosen: Day) -> Row:
        power, voltage = together(chosen.power.points), together(chosen.voltage.points)
        return self._figures(self._t("history.whole_day"), chosen.usage.wh, power, voltage, chosen.blank_ms)

    def _figures(
        self, name: str, wh: int | None, power: Point | None, voltage: Point | None, blank_ms: int
    ) -> Row:
        mean, least, most = [self._watts(value) for value in _mean_least_most(power)]
        volts = UNKNOWN if voltage is None else self._f.number(voltage.total, 1000 * voltage.n, 1)
        gap = self._t("history.empty_for", span=self._f.brief(blank_ms)) if blank_ms else ""
        return Row(name, self._f.kwh(wh).number, mean, least, most, volts, gap)

    def _watts(self, mw: int | None) -> str:
        """Whole watts, also above 10 kW: a column keeps one unit."""
        return UNKNOWN if mw is None else self._f.number(mw, 1000)


def _mean_least_most(point: Point | None) -> tuple[int | None, int | None, int | None]:
    return (point.total // point.n, point.least, point.most) if point else (None, None, None)


CSV_HEADER = "from,to,energy_wh,mean_w,min_w,max_w,voltage_v,readings,missing_s"


def table_csv(chosen: Day, figures: Figures) -> str:
    """Exactly the table's hours, for a spreadsheet: plain numbers, times with their offset."""
    rows = [CSV_HEADER, *(",".join(_csv_fields(hour, figures)) for hour in chosen.hours)]
    return "\n".join(rows) + "\n"


def _csv_fields(hour: Hour, figures: Figures) -> list[str]:
    watts = [None if mw is None else round(mw / 1000, 1) for mw in _mean_least_most(hour.power)]
    volts = hour.voltage and round(hour.voltage.total / hour.voltage.n / 1000, 2)
    times = [figures.local(ms).isoformat(timespec="seconds") for ms in (hour.from_ms, hour.to_ms)]
    readings = hour.power.n if hour.power else 0
    values = [*times, hour.energy_wh, *watts, volts, readings, hour.blank_ms // 1000]
    return ["" if value is None else str(value) for value in values]
