"""The table of the page "history": the charts' twin, one row for each bar and meter; sorted, in pages, and as CSV."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from metering.quantity import BY_NAME
from pages.faces import Faces
from pages.figures import UNKNOWN, Figures
from pages.picked import ALL, Picked
from pages.series import Point, together
from pages.stretch import Row, Stretch

PAGE_ROWS = 50
_PARTS: tuple[str, ...] = ("mean", "least", "most")
# With all quantities each has its mean; of power the extremes tell most.
_ALONE_MEAN: tuple[str, ...] = ("voltage", "current", "power_factor", "frequency")
_DECIMALS = {"power": 0, "voltage": 1, "current": 2, "power_factor": 2, "frequency": 1}
_TIME, _METER, _ENERGY, _BLANK = "time", "meter", "energy", "blank"

Value = int | None


@dataclass(frozen=True, slots=True)
class Column:
    """`key` names it in addresses and `csv` in files; `value` is what it is sorted by, in `scale` of its unit."""

    key: str
    csv: str
    title: str
    unit: str
    value: Callable[[Row], Value]
    scale: int
    decimals: int


@dataclass(frozen=True, slots=True)
class Head:
    title: str
    unit: str
    url: str
    sorted: str
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """`title` of its time; `url` goes to that time alone, "" for the finest."""

    title: str
    url: str
    meter: str
    colour: int
    cells: list[str]
    gap: str


@dataclass(frozen=True, slots=True)
class Table:
    heads: list[Head]
    lines: list[Line]
    total: Line | None
    has_meter: bool
    first: int
    last: int
    count: int
    before_url: str
    after_url: str


def mean(point: Point | None) -> Value:
    return None if point is None else (2 * point.total + point.n) // (2 * point.n)


def _part(name: str, part: str) -> Callable[[Row], Value]:
    def value(row: Row) -> Value:
        point = row.points.get(name)
        if point is None:
            return None
        return mean(point) if part == "mean" else point.least if part == "least" else point.most

    return value


class TableWriter:
    """Writes it in one language; `home` is where the site's pages begin."""

    def __init__(self, figures: Figures, faces: Faces, home: str) -> None:
        self._t, self._f, self._faces, self._home = figures.words, figures, faces, home

    def columns(self, picked: Picked) -> list[Column]:
        energy = Column(
            _ENERGY, "energy_wh", self._t("quantity.energy"), "kWh", lambda row: row.energy_wh, 1000, 2
        )
        if picked.quantity != ALL:
            return [energy, *(self._column(picked.quantity, part) for part in _PARTS)]
        power = [self._column("power", part) for part in _PARTS]
        return [energy, *power, *(self._column(name, "mean", plain=True) for name in _ALONE_MEAN)]

    def _column(self, name: str, part: str, plain: bool = False) -> Column:
        """`plain`: under the quantity's own name, since only its mean is there."""
        quantity = BY_NAME[name]
        title = self._t(f"quantity.{name}") if plain else self._t(f"table.{part}")
        unit = quantity.base.removeprefix(f"{name}_") if quantity.base != name else ""
        csv = f"{name}_{part}" + (f"_{unit}" if unit else "")
        value = _part(name, part)
        return Column(f"{name}.{part}", csv, title, quantity.unit, value, quantity.scale, _DECIMALS[name])

    def table(self, found: Stretch, sort: str, page: int) -> Table:
        """`sort`: a column's key, with - in front for the greatest first; unknown ones are the order of time."""
        picked, rows = found.picked, found.rows
        columns = self.columns(picked)
        ordered = self._sorted(rows, columns, sort)
        pages = max(1, -(-len(ordered) // PAGE_ROWS))
        page = min(max(page, 1), pages)
        first = (page - 1) * PAGE_ROWS
        some = ordered[first : first + PAGE_ROWS]
        several = len(found.lines) > 1
        return Table(
            self._heads(picked, columns, sort, several),
            [self._line(found, row, columns) for row in some],
            self._total(found, columns) if not several else None,
            several,
            first + 1,
            first + len(some),
            len(ordered),
            self._url(picked, sort, page - 1) if page > 1 else "",
            self._url(picked, sort, page + 1) if page < pages else "",
        )

    def csv(self, found: Stretch, sort: str) -> str:
        """Exactly the table's rows in its order, all pages of it: plain numbers, times with their offset."""
        columns = self.columns(found.picked)
        heads = ["from", "to", "meter", *(column.csv for column in columns), "readings", "missing_s"]
        lines = [",".join(heads)]
        for row in self._sorted(found.rows, columns, sort):
            times = [self._f.local(ms).isoformat(timespec="seconds") for ms in (row.from_ms, row.to_ms)]
            values = [_plain(column.value(row), column) for column in columns]
            lines.append(
                ",".join([*times, row.meter.key, *values, str(row.readings), str(row.blank_ms // 1000)])
            )
        return "\n".join(lines) + "\n"

    def _sorted(self, rows: Sequence[Row], columns: Sequence[Column], sort: str) -> list[Row]:
        """What is missing comes last, whichever way."""
        key, down = sort.removeprefix("-"), sort.startswith("-")
        values: dict[str, Callable[[Row], Value]] = {column.key: column.value for column in columns}
        values |= {_BLANK: lambda row: row.blank_ms, _TIME: lambda row: row.from_ms}
        if key == _METER:
            return sorted(rows, key=lambda row: self._faces.of(row.meter).name, reverse=down)
        if key not in values:
            return list(rows)
        value = values[key]
        known = [row for row in rows if value(row) is not None]
        unknown = [row for row in rows if value(row) is None]
        return [*sorted(known, key=lambda row: value(row) or 0, reverse=down), *unknown]

    def _heads(self, picked: Picked, columns: Sequence[Column], sort: str, several: bool) -> list[Head]:
        heads = [self._head(picked, _TIME, self._t(f"table.{picked.bars}"), "", sort or _TIME)]
        if several:
            heads.append(self._head(picked, _METER, self._t("history.meter"), "", sort, is_text=True))
        heads += [self._head(picked, column.key, column.title, column.unit, sort) for column in columns]
        return [*heads, self._head(picked, _BLANK, self._t("history.gap"), "", sort, is_text=True)]

    def _head(
        self, picked: Picked, key: str, title: str, unit: str, sort: str, is_text: bool = False
    ) -> Head:
        sorted_ = {key: "ascending", f"-{key}": "descending"}.get(sort, "")
        # Times begin with the first, figures with the greatest.
        begins = key if key in (_TIME, _METER) else f"-{key}"
        other = key if begins.startswith("-") else f"-{key}"
        return Head(title, unit, self._url(picked, other if sort == begins else begins, 1), sorted_, is_text)

    def _line(self, found: Stretch, row: Row, columns: Sequence[Column]) -> Line:
        face = self._faces.of(row.meter)
        cells = [self._cell(column.value(row), column) for column in columns]
        gap = self._t("history.empty_for", span=self._f.brief(row.blank_ms)) if row.blank_ms else ""
        url = self._down(found.picked, row)
        return Line(self._time(found.picked, row), url, face.name, face.colour, cells, gap)

    def _total(self, found: Stretch, columns: Sequence[Column]) -> Line | None:
        """Of a single meter."""
        [line] = found.lines
        if not line.rows:
            return None
        points = {
            name: together([row.points.get(name) for row in line.rows]) for name in found.picked.quantities
        }
        known = [row.energy_wh for row in line.rows if row.energy_wh is not None]
        whole = Row(
            line.meter, found.picked.from_ms, found.picked.to_ms, sum(known) if known else None,
            sum(row.readings for row in line.rows), points, line.blank_ms,
        )  # fmt: skip
        cells = [self._cell(column.value(whole), column) for column in columns]
        gap = self._t("history.empty_for", span=self._f.brief(line.blank_ms)) if line.blank_ms else ""
        return Line(self._t("history.whole"), "", "", 0, cells, gap)

    def _cell(self, value: Value, column: Column) -> str:
        return UNKNOWN if value is None else self._f.number(value, column.scale, column.decimals)

    def _time(self, picked: Picked, row: Row) -> str:
        if picked.bars == "hour":
            return self._f.clock(row.from_ms) if picked.period == "day" else self._f.moment(row.from_ms)
        return self._f.weekday_date(row.from_ms) if picked.bars == "day" else self._f.month(row.from_ms)

    def _down(self, picked: Picked, row: Row) -> str:
        """The address of a day or month alone."""
        if picked.bars == "hour":
            return ""
        period = "day" if picked.bars == "day" else "month"
        at = self._f.local(row.from_ms).date().isoformat()
        query = picked.around("day").query(period=period, at=at, meter=row.meter.key)
        return f"{self._home}/history?{query}"

    def _url(self, picked: Picked, sort: str, page: int) -> str:
        more = ({"sort": sort} if sort else {}) | ({"page": str(page)} if page > 1 else {})
        return f"{self._home}/history?{picked.query(**more)}#table"


def _plain(value: Value, column: Column) -> str:
    if value is None:
        return ""
    if column.key == _ENERGY:
        return str(value)
    return str(round(value / column.scale, 3))
