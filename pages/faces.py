"""How meters look on every page: the name, room, phase and colour of each, given or by default."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metering.profile import COLOURS, Profile
from metering.reading import Meter

# The second device's meters begin where the third colour of the first one's ends.
_APART = 3


@dataclass(frozen=True, slots=True)
class Face:
    """`name` is the meter's key until it is given one; `colour` 1 ... COLOURS."""

    meter: Meter
    name: str
    room: str
    phase: str
    colour: int
    profile: Profile

    @property
    def key(self) -> str:
        return self.meter.key


class Faces:
    """The faces of one site's meters.

    A default colour comes from the channel, so that a new meter changes nobody else's.
    """

    def __init__(self, meters: Sequence[Meter], profiles: Mapping[Meter, Profile]) -> None:
        sources = sorted({meter.source for meter in meters})
        self._faces = {
            meter: _face(meter, sources.index(meter.source), profiles.get(meter, Profile()))
            for meter in meters
        }

    def of(self, meter: Meter) -> Face:
        """Also of a meter that only live values know yet."""
        return self._faces.get(meter) or _face(meter, 0, Profile())

    def all(self) -> list[Face]:
        return list(self._faces.values())

    def rooms(self) -> list[str]:
        return sorted({face.room for face in self._faces.values() if face.room})


def _face(meter: Meter, rank: int, profile: Profile) -> Face:
    colour = profile.colour or (meter.channel - 1 + _APART * rank) % COLOURS + 1
    return Face(meter, profile.name or meter.key, profile.room, profile.phase, colour, profile)
