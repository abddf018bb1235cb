"""How one cloud's replay is going, as a plain value for the pages and `kembar-sync status`."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "catching-up", "offline", "not-admitted", "off"]
# Below this a backlog is only what is under way at the moment (30 s of six sensors at 1 Hz).
UNDER_WAY_ROWS = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """`last_ack_ms`: when the cloud last answered (UTC); `reason`: what is not as it should be.

    `rivals`: (kind, about, other) of others that send the same there, see sync/answer.py.
    """

    url: str
    state: State = "off"
    backlog_rows: int = 0
    rows_per_s: int = 0
    last_ack_ms: int | None = None
    refused_rows: int = 0
    reason: str | None = None
    rivals: tuple[tuple[str, str, str], ...] = ()
