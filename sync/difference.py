"""The difference between what two twins hold of one source in a stretch of time, record by record."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from store.digest import HeldRow

Rows = Mapping[tuple[int, int], HeldRow]  # by (boot, seq), intact ones alone


@dataclass(slots=True)
class Difference:
    """`other_dates` and `conflicts` are pairs of (here, there); of the former only the dates differ."""

    equal: int = 0
    only_here: dict[tuple[int, int], HeldRow] = field(default_factory=dict)
    only_there: dict[tuple[int, int], HeldRow] = field(default_factory=dict)
    other_dates: dict[tuple[int, int], tuple[HeldRow, HeldRow]] = field(default_factory=dict)
    conflicts: dict[tuple[int, int], tuple[HeldRow, HeldRow]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many records either side holds."""
        unequal = (self.only_here, self.only_there, self.other_dates, self.conflicts)
        return self.equal + sum(len(each) for each in unequal)


def difference(here: Rows, there: Rows) -> Difference:
    found = Difference()
    for key in here.keys() | there.keys():
        own, other = here.get(key), there.get(key)
        if own == other:
            found.equal += 1
        elif own is None:
            found.only_there[key] = there[key]
        elif other is None:
            found.only_here[key] = own
        elif (own.channel, own.values) == (other.channel, other.values):
            found.other_dates[key] = (own, other)
        else:
            found.conflicts[key] = (own, other)
    return found
