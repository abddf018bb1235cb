"""A gap: numbered records that are not there, or a silence between two boots, with its cause.

The deciding rule of each cause stands in docs/protocol.md.
"""

from dataclasses import dataclass

# Nobody lost these: a twin may hold them.
ELSEWHERE = "elsewhere"
CAUSES: tuple[str, ...] = (
    "sensor",
    "device-memory",
    "device-off",
    "link",
    "edge-off",
    "refused",
    ELSEWHERE,
    "policy",
)


@dataclass(frozen=True, slots=True)
class Gap:
    """Records from_seq ... to_seq of one boot are missing between from_ms and to_ms (UTC, None: not known).

    from_seq = to_seq + 1 is a silence in which no record was numbered, or of which none is known; `estimated` then says
    about how many there would have been at the pace of the boot before (None: not known).
    """

    source: str
    boot: int
    from_seq: int
    to_seq: int
    cause: str
    from_ms: int | None
    to_ms: int | None
    estimated: int | None = None

    @property
    def records(self) -> int:
        return self.to_seq - self.from_seq + 1

    @property
    def explained(self) -> bool:
        return self.cause in CAUSES


@dataclass(frozen=True, slots=True)
class GapSum:
    """Gaps of one source and cause that follow each other closely, as one: from the first begin to the last end."""

    source: str
    cause: str
    gaps: int
    records: int
    from_ms: int | None
    to_ms: int | None
    estimated: int = 0  # of silences, beside the records

    @property
    def explained(self) -> bool:
        return self.cause in CAUSES
