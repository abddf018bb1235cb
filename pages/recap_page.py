"""The page "recap" as values to show and to print: a month of one meter, beside a bill; no HTML here."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from pages.faces import Faces
from pages.figures import Figure, Figures
from pages.history_page import Choice
from pages.picked import Picked
from pages.recap import Recap
from pages.typed import NotANumber, typed_number
from pages.usage import Bucket

Pair = tuple[str, str]
# A bill within a fiftieth (2 %) of what was measured is as right as both meters are.
SAME_SHARE = 50


@dataclass(frozen=True, slots=True)
class Day:
    """`percent` of the month's greatest day, for its bar."""

    date: str
    kwh: str
    percent: float


@dataclass(frozen=True, slots=True)
class RecapPage:
    meters: list[Choice]
    meter: str
    month: str
    month_value: str
    most: str
    before_url: str
    after_url: str
    kwh: Figure
    compared: str
    facts: list[Pair]
    days: list[Day]
    total: str
    bill: str
    bill_wrong: str
    bill_said: list[Pair]
    verdict: str


class RecapWriter:
    """Writes the page in one language, for a site whose pages begin at `home`."""

    def __init__(self, figures: Figures, faces: Faces, home: str) -> None:
        self._t, self._f, self._faces, self._home = figures.words, figures, faces, home

    def page(self, found: Recap, picked: Picked, every: Sequence[str], now_ms: int, bill: str) -> RecapPage:
        """`bill`: the kWh of a bill as they were typed."""
        greatest = max((day.energy_wh or 0 for day in found.days), default=0)
        after = picked.moved(1)
        named = {face.key: face.name for face in self._faces.all()}
        wrong, said, verdict = self._bill(found, bill)
        return RecapPage(
            [Choice(key, named.get(key, key), key == found.meter.key) for key in every],
            self._faces.of(found.meter).name,
            self._f.long_month(picked.from_ms),
            f"{picked.at:%Y-%m}",
            f"{self._f.local(now_ms):%Y-%m}",
            self._url(picked.moved(-1), found),
            self._url(after, found) if after.from_ms <= now_ms else "",
            self._f.kwh(found.wh),
            self._compared(found),
            self._facts(found),
            [self._day(day, greatest) for day in found.days],
            self._f.kwh(found.wh).number,
            bill,
            wrong,
            said,
            verdict,
        )

    def _url(self, picked: Picked, found: Recap) -> str:
        asked = {"at": f"{picked.at:%Y-%m}", "meter": found.meter.key}
        return f"{self._home}/recap?{urlencode(asked)}"

    def _day(self, day: Bucket, greatest: int) -> Day:
        percent = round(100 * (day.energy_wh or 0) / greatest, 1) if greatest else 0.0
        return Day(self._f.weekday_date(day.from_ms), self._f.kwh(day.energy_wh).number, percent)

    def _compared(self, found: Recap) -> str:
        if found.wh is None or not found.before_wh:
            return ""
        return self._t("recap.before", kwh=self._f.kwh(found.before_wh))

    def _facts(self, found: Recap) -> list[Pair]:
        facts: list[Pair] = []
        known = found.known_days
        if known and found.wh is not None:
            facts.append((self._t("recap.per_day"), str(self._f.kwh(found.wh // len(known)))))
        if found.highest_hour:
            hour = found.highest_hour
            at = f"{self._f.moment(hour.from_ms)}–{self._f.clock(hour.to_ms)}"
            facts.append((self._t("recap.highest_hour", at=at), str(self._f.kwh(hour.energy_wh))))
        if found.night_mw is not None:
            facts.append((self._t("recap.night"), str(self._f.power(found.night_mw))))
        for key, counter in (("recap.counter_begin", found.begin), ("recap.counter_end", found.end)):
            if counter:
                facts.append(
                    (self._t(key, at=self._f.moment(counter.at_ms)), str(self._f.register(counter.wh)))
                )
        facts.append(
            (
                self._t("history.recorded"),
                self._f.percent(min(found.recorded_ms, found.known_ms), found.known_ms),
            )
        )
        return facts

    def _bill(self, found: Recap, bill: str) -> tuple[str, list[Pair], str]:
        """(what is wrong with what was typed, the comparison, what it means)"""
        try:
            billed = typed_number(bill, self._t, 1000)
        except NotANumber:
            return self._t("meter.not_a_number"), [], ""
        if not billed or billed < 0 or found.wh is None:
            return "", [], ""
        difference = billed - found.wh
        sign = "+" if difference > 0 else ""
        percent = self._f.number(100 * difference, billed, 1)
        said = [
            (self._t("recap.billed"), str(self._f.kwh(billed))),
            (self._t("recap.measured"), str(self._f.kwh(found.wh))),
            (
                self._t("recap.difference"),
                f"{sign}{self._f.kwh(difference)} ({sign}{percent}%)",
            ),
        ]
        key = (
            "recap.as_measured"
            if abs(difference) * SAME_SHARE <= billed
            else "recap.more"
            if difference > 0
            else "recap.less"
        )
        return "", said, self._t(key)
