"""The form of a meter: its fields as texts, read into a profile, and what is wrong with each; no HTML here."""

from collections.abc import Mapping
from dataclasses import dataclass

from metering.profile import COLOURS, LIMITED, MOST_NAME, PHASES, Limit, Profile
from metering.quantity import BY_COLUMN, Quantity
from pages.figures import Figures
from pages.typed import NotANumber, typed_number

SIDES: tuple[str, ...] = ("low", "high")


@dataclass(frozen=True, slots=True)
class MeterForm:
    """What was typed (`given`, by field), what it means, and the sentence for each field that is wrong."""

    given: Mapping[str, str]
    profile: Profile
    wrong: Mapping[str, str]


def field_of(column: str, side: str) -> str:
    return f"{column}-{side}"


def fields() -> list[str]:
    """The names of all fields."""
    return ["name", "room", "colour", "phase", *(field_of(c, side) for c in LIMITED for side in SIDES)]


def filled(profile: Profile, figures: Figures) -> MeterForm:
    """The form as it is shown first."""
    given = {
        "name": profile.name,
        "room": profile.room,
        "colour": str(profile.colour or ""),
        "phase": profile.phase,
    }
    for column in LIMITED:
        limit = profile.limits.get(column, Limit())
        for side, value in zip(SIDES, (limit.low, limit.high), strict=True):
            given[field_of(column, side)] = "" if value is None else shown(BY_COLUMN[column], value, figures)
    return MeterForm(given, profile, {})


def shown(quantity: Quantity, value: int, figures: Figures) -> str:
    """A limit with as many decimals as it needs: 231, 3,5."""
    decimals = next((n for n in range(4) if value * 10**n % quantity.scale == 0), 3)
    return figures.number(value, quantity.scale, decimals)


def read(given: Mapping[str, str], figures: Figures) -> MeterForm:
    """What somebody typed, with everything that is wrong with it."""
    words = figures.words
    typed: dict[tuple[str, str], int | None] = {}
    wrong: dict[str, str] = {}
    for column in LIMITED:
        for side in SIDES:
            name = field_of(column, side)
            try:
                typed[column, side] = typed_number(given.get(name, ""), words, BY_COLUMN[column].scale)
            except NotANumber:
                wrong[name] = words("meter.not_a_number")
    limits = {
        column: Limit(typed.get((column, "low")), typed.get((column, "high")))
        for column in LIMITED
        if any(typed.get((column, side)) is not None for side in SIDES)
    }
    colour, phase = given.get("colour", ""), given.get("phase", "")
    profile = Profile(
        " ".join(given.get("name", "").split()),
        " ".join(given.get("room", "").split()),
        int(colour) if colour in map(str, range(1, COLOURS + 1)) else None,
        phase if phase in PHASES else "",
        limits,
    )
    for mistake in profile.check():
        name, _, side = mistake.where.partition(".")
        said = words(f"meter.wrong_{mistake.why}", n=MOST_NAME, **_range(name, figures))
        wrong.setdefault(field_of(name, side) if side else name, said)
    return MeterForm(given, profile, wrong)


def _range(column: str, figures: Figures) -> dict[str, str]:
    quantity = BY_COLUMN.get(column)
    if quantity is None:
        return {"least": "", "most": ""}
    return {
        "least": shown(quantity, quantity.least, figures),
        "most": shown(quantity, quantity.most, figures),
    }
