"""The pages "meters" and "meter" as values to show: the list of all, and the form of one; no HTML here."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from metering.profile import COLOURS, LIMITED, MOST_NAME, PHASES
from metering.quantity import BY_COLUMN
from pages.beyond import Beyond
from pages.faces import Face
from pages.figures import NOTHING, Figure, Figures
from pages.latest import Newest
from pages.meter_form import SIDES, MeterForm, field_of


@dataclass(frozen=True, slots=True)
class Row:
    """One meter of the list."""

    face: Face
    url: str
    about: str
    power: Figure
    today: Figure
    silent: str


@dataclass(frozen=True, slots=True)
class Bound:
    """One input of a limit; `wrong` is the sentence when it cannot be kept."""

    field: str
    label: str
    short: str
    value: str
    wrong: str


@dataclass(frozen=True, slots=True)
class LimitRow:
    title: str
    unit: str
    now: str
    bounds: list[Bound]
    wrong: str


@dataclass(frozen=True, slots=True)
class MeterPage:
    face: Face
    about: str
    name: str
    room: str
    rooms: list[str]
    most_name: int
    wrong: dict[str, str]
    colours: list[tuple[int, str, bool]]
    phases: list[tuple[str, str, bool]]
    rows: list[LimitRow]
    lately: list[tuple[str, str]]
    said: str
    said_kind: str
    can_write: bool


class MeterWriter:
    """Writes both pages in one language, for a site whose pages begin at `home`."""

    def __init__(self, figures: Figures, home: str, now_ms: int) -> None:
        self._t, self._f, self._home, self._now_ms = figures.words, figures, home, now_ms

    def list(self, faces: Sequence[Face], newest: Sequence[Newest]) -> list[Row]:
        by_meter = {one.meter: one for one in newest}
        return [self._row(face, by_meter.get(face.meter)) for face in faces]

    def page(
        self,
        face: Face,
        form: MeterForm,
        newest: Newest | None,
        begun_ms: int | None,
        rooms: Sequence[str],
        lately: Sequence[Beyond],
        said: tuple[str, str],
        can_write: bool,
    ) -> MeterPage:
        """`said`: (kind, text) of what became of the last try to save it."""
        about = [face.key]
        if begun_ms is not None:
            about.append(self._t("meter.since", date=self._f.year_date(begun_ms)))
        colour = form.given.get("colour") or str(face.colour)
        return MeterPage(
            face,
            " · ".join(about),
            form.given.get("name", ""),
            form.given.get("room", ""),
            list(rooms),
            MOST_NAME,
            dict(form.wrong),
            [(n, self._t(f"colour.{n}"), str(n) == colour) for n in range(1, COLOURS + 1)],
            [self._choice(phase, form) for phase in ("", *PHASES)],
            [self._limit(column, form, newest) for column in LIMITED],
            [self._lately(face, one) for one in lately],
            said[1],
            said[0],
            can_write,
        )

    def _row(self, face: Face, newest: Newest | None) -> Row:
        about = " · ".join(filter(None, (face.room, self._phase(face.phase) if face.phase else "")))
        fresh = newest is not None and not newest.stale
        silent = ""
        if newest is not None and newest.stale:
            at = newest.taken_ms and self._f.since(newest.taken_ms, self._now_ms)
            silent = self._t("live.silent", at=at) if at else self._t("live.no_date")
        return Row(
            face,
            f"{self._home}/meter?{urlencode({'meter': face.key})}",
            about,
            self._f.power(newest.value("power_mw")) if newest is not None and fresh else NOTHING,
            self._f.kwh(newest.today_wh) if newest is not None else NOTHING,
            silent,
        )

    def _choice(self, phase: str, form: MeterForm) -> tuple[str, str, bool]:
        """(value, label, whether it is chosen)"""
        label = self._phase(phase) if phase else self._t("meter.no_phase")
        return phase, label, phase == form.given.get("phase", "")

    def _phase(self, phase: str) -> str:
        return self._t("meter.three_phases") if phase == "3" else phase

    def _limit(self, column: str, form: MeterForm, newest: Newest | None) -> LimitRow:
        quantity = BY_COLUMN[column]
        title = self._t(f"quantity.{quantity.name}")
        value = None if newest is None or newest.stale else newest.value(column)
        now = self._f.quantity(quantity.name, value)
        bounds = []
        for side in SIDES:
            field, short = field_of(column, side), self._t(f"meter.{side}")
            label = f"{title}, {short.lower()}" + (f", {quantity.unit}" if quantity.unit else "")
            bounds.append(Bound(field, label, short, form.given.get(field, ""), form.wrong.get(field, "")))
        wrong = next((bound.wrong for bound in bounds if bound.wrong), "")
        said = self._t("meter.now", value=now) if now != NOTHING else ""
        return LimitRow(title, quantity.unit, said, bounds, wrong)

    def _lately(self, face: Face, one: Beyond) -> tuple[str, str]:
        """(sentence, address of the day of the last time)"""
        title = self._t(f"quantity.{BY_COLUMN[one.column].name}")
        times = self._t.counted("meter.times", one.times, self._f.number(one.times))
        said = self._t("meter.lately", quantity=title, times=times, longest=self._f.duration(one.longest_ms))
        day = self._f.local(one.last_ms).date().isoformat()
        return said, f"{self._home}/history?{urlencode({'meter': face.key, 'day': day})}"
