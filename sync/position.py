"""Where a cloud stands: its cursor of every stream, and how many of this edge's amends it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Position:
    """`cursors` by local stream number. `filled_to`: the next amend's fills up to this seq are there too."""

    cursors: Mapping[int, int] = field(default_factory=dict)
    amended: int = 0
    filled_to: int = 0

    def moved(self, cursors: Mapping[int, int]) -> "Position":
        """With the cloud's own word for some streams; if one went back, every amend has to go again.

        A cloud that was restored from a copy has lost the fills it got since as well. Receivers ignore what
        they have, so sending them once more does no harm.
        """
        back = any(seq < self.cursors.get(stream, 0) for stream, seq in cursors.items())
        all_cursors = {**self.cursors, **cursors}
        return Position(all_cursors) if back else Position(all_cursors, self.amended, self.filled_to)
