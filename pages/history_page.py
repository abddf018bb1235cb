"""The page "history" as values to show: what was picked, its sums and the headings of its charts; no HTML here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from metering.calendar import day_of
from pages.faces import Faces
from pages.figures import NOTHING, Figure, Figures
from pages.picked import ALL, PERIODS, QUANTITIES, Picked
from pages.series import Series, together
from pages.stretch import Stretch

# Of a counter that turns all the time ten sentences tell as much as a thousand.
MOST_EVENTS = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several: an option of a list, or a link."""

    value: str
    label: str
    chosen: bool
    url: str = ""


@dataclass(frozen=True, slots=True)
class Picker:
    """`input`: the kind of control for the date (date, month, number; "" for a range), and its value."""

    periods: list[Choice]
    meters: list[Choice]
    quantities: list[Choice]
    period: str
    title: str
    input: str
    value: str
    most: str
    from_value: str
    to_value: str
    before_url: str
    before_label: str
    after_url: str
    after_label: str


@dataclass(frozen=True, slots=True)
class ChartHead:
    """`key` names the chart in the page's data; `label` says in words what it shows."""

    key: str
    title: str
    note: str
    label: str
    size: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    picker: Picker
    is_empty: bool = True
    nothing: str = ""
    begun: str = ""
    first_url: str = ""
    kwh: Figure = NOTHING
    sums: list[tuple[str, str]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    charts: list[ChartHead] = field(default_factory=list)
    several: str = ""
    names: list[tuple[str, int]] = field(default_factory=list)
    csv_url: str = ""
    raw_url: str = ""
    table_url: str = ""
    readings_url: str = ""
    table_title: str = ""
    recap_url: str = ""


class HistoryWriter:
    """Writes the page in one language, for a site whose pages begin at `home` and whose API at `api`."""

    def __init__(self, figures: Figures, faces: Faces, home: str, api: str) -> None:
        self._t, self._f, self._faces = figures.words, figures, faces
        self._home, self._api = home, api

    def page(
        self, found: Stretch, every: Sequence[str], begun_ms: int | None, now_ms: int, rows: str, sort: str
    ) -> HistoryPage:
        """`every`: the keys of all meters; `rows` and `sort` are those of the table."""
        picked = found.picked
        first = None if begun_ms is None else day_of(begun_ms, picked.zone).isoformat()
        known = [line.usage.wh for line in found.lines if line.usage.wh is not None]
        month = picked.around("month").query(quantity=ALL)
        return HistoryPage(
            self.picker(picked, every, now_ms),
            found.is_empty,
            self._t("history.nothing", date=self._title(picked)),
            "" if begun_ms is None else self._t("history.begun", date=self._f.year_date(begun_ms)),
            f"{self._home}/history?{picked.around('day').query(at=first)}" if first else "",
            self._f.kwh(sum(known) if known else None),
            self._sums(found),
            self._events(found),
            self._charts(found),
            self._several(found),
            [(self._faces.of(line.meter).name, self._faces.of(line.meter).colour) for line in found.drawn],
            self._csv_url(picked, sort),
            self._raw_url(picked),
            self._url(picked) + "#table",
            self._url(picked, rows="readings") + "#table",
            self._t("table.title_readings" if rows == "readings" else f"table.title_{picked.bars}"),
            f"{self._home}/recap?{month}",
        )

    def _several(self, found: Stretch) -> str:
        """What to know of the sum of several meters, and which of them are not drawn."""
        if len(found.lines) < 2:
            return ""
        said, every = [self._t("now.double")], len(found.picked.meters)
        if every > len(found.drawn):
            said.append(
                self._t("history.drawn", drawn=len(found.drawn), listed=len(found.lines), every=every)
            )
        return " ".join(said)

    def picker(self, picked: Picked, every: Sequence[str], now_ms: int) -> Picker:
        after = picked.moved(1)
        kinds = {
            "day": ("date", picked.at.isoformat()),
            "month": ("month", f"{picked.at:%Y-%m}"),
            "year": ("number", str(picked.at.year)),
        }
        kind, value = kinds.get(picked.period, ("", ""))
        today = day_of(now_ms, picked.zone)
        most = {"date": today.isoformat(), "month": f"{today:%Y-%m}", "number": str(today.year)}.get(kind, "")
        return Picker(
            [
                Choice(each, self._t(f"picker.{each}"), each == picked.period, self._url(picked.around(each)))
                for each in PERIODS
            ],
            self._meters(picked, every),
            [
                Choice(ALL, self._t("picker.all_quantities"), picked.quantity == ALL),
                *(Choice(q, self._t(f"quantity.{q}"), picked.quantity == q) for q in QUANTITIES),
            ],
            picked.period,
            self._title(picked),
            kind,
            value,
            most,
            f"{self._f.local(picked.from_ms):%Y-%m-%dT%H:%M}",
            f"{self._f.local(picked.to_ms):%Y-%m-%dT%H:%M}",
            self._url(picked.moved(-1)),
            self._t(f"picker.before_{picked.period}") if kind else "",
            self._url(after) if after.from_ms <= now_ms else "",
            self._t(f"picker.after_{picked.period}") if kind else "",
        )

    def _meters(self, picked: Picked, every: Sequence[str]) -> list[Choice]:
        named = {face.key: face.name for face in self._faces.all()}
        chosen = ALL if picked.all_meters else picked.meters[0].key
        several = [Choice(ALL, self._t("picker.all_meters"), chosen == ALL)] if len(every) > 1 else []
        return [*several, *(Choice(key, named.get(key, key), key == chosen) for key in every)]

    def _url(self, picked: Picked, **more: str) -> str:
        return f"{self._home}/history?{picked.query(**more)}"

    def _csv_url(self, picked: Picked, sort: str) -> str:
        return f"{self._home}/history.csv?{picked.query(**({'sort': sort} if sort else {}))}"

    def _raw_url(self, picked: Picked) -> str:
        one = {} if picked.all_meters else {"meter": picked.meters[0].key}
        asked = {**one, "from": str(picked.from_ms), "to": str(picked.to_ms), "format": "csv"}
        return f"{self._api}/readings?{urlencode(asked)}"

    def _title(self, picked: Picked) -> str:
        if picked.period == "day":
            return self._f.date(picked.from_ms)
        if picked.period == "month":
            return self._f.long_month(picked.from_ms)
        if picked.period == "year":
            return str(picked.at.year)
        return self._range(picked.from_ms, picked.to_ms)

    def _range(self, from_ms: int, to_ms: int) -> str:
        """19 Nov 2026, 14.01–15.30, or two dates."""
        if day_of(from_ms, self._f.zone) == day_of(to_ms - 1, self._f.zone):
            return f"{self._f.year_date(from_ms)}, {self._f.clock(from_ms)}–{self._f.clock(to_ms)}"
        return f"{self._f.year_date(from_ms)} – {self._f.year_date(to_ms - 1)}"

    def _sums(self, found: Stretch) -> list[tuple[str, str]]:
        """Of a single meter: mean, highest and lowest of the quantity shown (power with all), and what is recorded."""
        known_ms = sum(line.known_ms for line in found.lines)
        blank_ms = sum(line.blank_ms for line in found.lines)
        recorded = (self._t("history.recorded"), self._f.percent(known_ms - blank_ms, known_ms))
        if len(found.lines) != 1:
            return [recorded]
        name = "power" if found.picked.quantity == ALL else found.picked.quantity
        series = found.lines[0].series[name]
        point, top = together(series.points), series.highest()
        if point is None or top is None:
            return []
        at = self._f.clock(top[0]) if found.picked.period == "day" else self._f.moment(top[0])
        return [
            (self._t("history.mean"), str(self._f.quantity(name, point.total // point.n))),
            (self._t("history.highest_at", at=at), str(self._f.quantity(name, top[1]))),
            (self._t("history.lowest"), str(self._f.quantity(name, point.least))),
            recorded,
        ]

    def _events(self, found: Stretch) -> list[str]:
        said = []
        for line in found.lines:
            for step in line.usage.events:
                at = self._f.clock(step.at_ms) if found.picked.period == "day" else self._f.moment(step.at_ms)
                said.append(self._t(f"history.{step.event}", at=at))
        return said[:MOST_EVENTS]

    def _charts(self, found: Stretch) -> list[ChartHead]:
        said = self._title(found.picked)
        heads = []
        for place, name in enumerate(found.picked.quantities):
            title = self._t(f"quantity.{name}")
            label = self._t("history.chart_note", what=title.lower(), date=said)
            size = "tall" if place == 0 else "mid" if name == "voltage" else "low"
            heads.append(ChartHead(name, title, self._note(found, name), label, size))
        title = self._t(f"history.energy_{found.picked.bars}")
        label = self._t("history.chart_note", what=self._t("quantity.energy").lower(), date=said)
        heads.insert(1, ChartHead("energy", title, self._busiest(found), label, "low"))
        return heads

    def _note(self, found: Stretch, name: str) -> str:
        """lowest 216.5, highest 224.6 V; beside power there is the legend."""
        if len(found.lines) != 1 or name == "power":
            return ""
        series: Series = found.lines[0].series[name]
        point = together(series.points)
        if point is None:
            return ""
        low, high = (self._f.quantity(name, value) for value in (point.least, point.most))
        return self._t("history.span", low=low.number, high=high)

    def _busiest(self, found: Stretch) -> str:
        if len(found.lines) != 1:
            return ""
        used = [(row.energy_wh, row) for row in found.lines[0].rows if row.energy_wh]
        if len(used) < 2:
            return ""
        wh, row = max(used, key=lambda pair: pair[0])
        bars, kwh = found.picked.bars, self._f.kwh(wh)
        if bars == "hour":
            span = f"{self._f.clock(row.from_ms)}–{self._f.clock(row.to_ms)}"
        else:
            span = self._f.short_date(row.from_ms) if bars == "day" else self._f.month(row.from_ms)
        return self._t("history.busiest", span=span, kwh=kwh)
