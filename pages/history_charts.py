"""The charts of the page "history" as plain values: one of each quantity, bars of energy, limits and named blanks."""

from metering.quantity import BY_NAME
from pages.axis import ticks
from pages.chart import Shape, bars, lines, named
from pages.faces import Faces
from pages.figures import Figures
from pages.picked import ALL
from pages.stretch import Stretch

# Quantities whose axis need not begin at 0: a volt more or less would not be seen there.
_FLOATS: tuple[str, ...] = ("voltage", "frequency", "power_factor")
# An axis shows at least so much in base units, so that noise does not look like a mountain.
_LEAST_SPAN = {"power": 10.0, "voltage": 4.0, "current": 0.1, "power_factor": 0.2, "frequency": 0.4}
_DAY_TICK_MINUTES = 180


class HistoryCharts:
    def __init__(self, figures: Figures, faces: Faces, home: str, api: str) -> None:
        self._t, self._f, self._faces, self._home, self._api = figures.words, figures, faces, home, api

    def charts(self, found: Stretch) -> Shape:
        """What static/charts.js draws; `zoom` is the address to which a selection's from and to are added."""
        picked = found.picked
        each = _DAY_TICK_MINUTES if picked.period == "day" else None
        charts = {name: self._quantity(found, name) for name in picked.quantities}
        used = [
            bars(line.usage.buckets, self._faces.of(line.meter).name, self._faces.of(line.meter).colour)
            for line in found.drawn
        ]
        charts["energy"] = {"kind": "bars", "unit": "kWh", "blanks": self._blanks(found), "bars": used}
        meter = ALL if picked.all_meters else picked.meters[0].key
        quantity = {} if picked.quantity == ALL else {"quantity": picked.quantity}
        return {
            "from": picked.from_ms,
            "to": picked.to_ms,
            "ticks": ticks(picked.from_ms, picked.to_ms, self._f, each),
            "charts": charts,
            "first": picked.quantities[0],
            "meters": [line.meter.key for line in found.lines],
            "zoom": {"url": f"{self._home}/history", "period": "range", "meter": meter, **quantity},
        }

    def _quantity(self, found: Stretch, name: str) -> Shape:
        quantity, alone = BY_NAME[name], len(found.lines) == 1
        return {
            "kind": "band" if alone else "lines",
            "area": name == "power",
            "unit": quantity.unit,
            "floats": name in _FLOATS,
            "least_span": _LEAST_SPAN[name],
            "limits": self._limits(found, name) if alone else [],
            "blanks": self._blanks(found),
            "series": [
                lines(
                    line.series[name],
                    quantity.scale,
                    self._faces.of(line.meter).name,
                    self._faces.of(line.meter).colour,
                    band=alone,
                )
                for line in found.drawn
            ],
        }

    def _limits(self, found: Stretch, name: str) -> list[Shape]:
        quantity = BY_NAME[name]
        limit = self._faces.of(found.lines[0].meter).profile.limits.get(quantity.column)
        sides = (limit.low, limit.high) if limit else ()
        return [
            {
                "value": side / quantity.scale,
                "text": self._t("chart.limit", value=self._f.quantity(name, side).number),
            }
            for side in sides
            if side is not None
        ]

    def _blanks(self, found: Stretch) -> list[Shape]:
        """Of a single meter; those of several would lie over each other."""
        return named(found.lines[0].blanks, self._t, self._f) if len(found.lines) == 1 else []
