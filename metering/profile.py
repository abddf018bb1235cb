"""A meter's profile: what people say of it: its name, room, colour, phase and limits; pure.

It travels as a change of kind "meter" whose key is the meter's key, always as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from metering.quantity import BY_COLUMN

COLOURS = 6
PHASES: tuple[str, ...] = ("L1", "L2", "L3", "3")
# Long enough for "Pompa air belakang, dekat sumur"; a tile shows one line of it.
MOST_NAME = 40
# What may have limits: the energy counter only grows, and the alarm is a limit itself.
LIMITED: tuple[str, ...] = (
    "voltage_mv", "current_ma", "power_mw", "power_factor_milli", "frequency_mhz",
)  # fmt: skip
# Near: within a tenth of the way between two limits, or a twentieth of a single one.
_NEAR_BETWEEN, _NEAR_ONE = 10, 20

Verdict = Literal["over", "under", "near-over", "near-under"]


@dataclass(frozen=True, slots=True)
class Mistake:
    """`where`: "name", "room", or a limit's "<column>.low" or "<column>.high"; `why`: "long", "range" or "order"."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Limit:
    """Small units; None: no limit on that side."""

    low: int | None = None
    high: int | None = None

    def verdict(self, value: int | None) -> Verdict | None:
        """Where a value lies; None when it is well between, or not known."""
        if value is None:
            return None
        if self.high is not None and value > self.high:
            return "over"
        if self.low is not None and value < self.low:
            return "under"
        if self.high is not None and value >= self.high - self._near(self.high):
            return "near-over"
        if self.low is not None and value <= self.low + self._near(self.low):
            return "near-under"
        return None

    def _near(self, side: int) -> int:
        if self.low is not None and self.high is not None:
            return (self.high - self.low) // _NEAR_BETWEEN
        return abs(side) // _NEAR_ONE


@dataclass(frozen=True, slots=True)
class Profile:
    """`colour` 1 ... COLOURS, `limits` by column."""

    name: str = ""
    room: str = ""
    colour: int | None = None
    phase: str = ""
    limits: Mapping[str, Limit] = field(default_factory=dict)

    @classmethod
    def read(cls, value: Any) -> Self:
        """The profile of a change's value; what is not understood counts as never set."""
        fields = value if isinstance(value, dict) else {}
        limits = fields.get("limits")
        found = {
            column: limit
            for column, pair in (limits.items() if isinstance(limits, dict) else ())
            if column in LIMITED and (limit := _limit(pair))
        }
        colour, phase = fields.get("colour"), fields.get("phase")
        return cls(
            _text(fields.get("name")),
            _text(fields.get("room")),
            colour if type(colour) is int and 1 <= colour <= COLOURS else None,
            phase if phase in PHASES else "",
            found,
        )

    def value(self) -> dict[str, Any]:
        """What a change carries."""
        limits = {column: [limit.low, limit.high] for column, limit in self.limits.items()}
        return {
            "name": self.name, "room": self.room, "colour": self.colour, "phase": self.phase, "limits": limits,
        }  # fmt: skip

    def check(self) -> list[Mistake]:
        """What is wrong with it, each with the field it concerns; empty when it may be kept."""
        wrong = [
            Mistake(where, "long")
            for where, text in (("name", self.name), ("room", self.room))
            if len(text) > MOST_NAME or not text.isprintable()
        ]
        for column, limit in self.limits.items():
            quantity = BY_COLUMN[column]
            for side, bound in (("low", limit.low), ("high", limit.high)):
                if bound is not None and quantity.complaint(bound):
                    wrong.append(Mistake(f"{column}.{side}", "range"))
            if limit.low is not None and limit.high is not None and limit.low >= limit.high:
                wrong.append(Mistake(f"{column}.low", "order"))
        return wrong


def _text(value: Any) -> str:
    return value[:MOST_NAME] if isinstance(value, str) and value.isprintable() else ""


def _limit(pair: Any) -> Limit | None:
    if not isinstance(pair, list) or len(pair) != 2 or pair == [None, None]:
        return None
    if any(side is not None and type(side) is not int for side in pair):
        return None
    return Limit(*pair)
