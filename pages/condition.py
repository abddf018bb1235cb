"""The condition of one site as plain values: what the health page, the header line and /health show.

It only describes: edge and cloud fill it in, each with what it knows. Words for people come from pages/texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from store.comparisons import Proof

DeviceState = Literal["live", "silent"]
CloudState = Literal["ok", "catching-up", "offline", "not-admitted", "off"]
Clock = Literal["ntp", "rtc", "trust", "machine", "unknown"]


@dataclass(frozen=True, slots=True)
class Device:
    """One board as last heard; `queued` = records it still keeps, None where it is not known."""

    source: str
    boot: int
    last_heard_ms: int | None
    last_seq: int | None
    queued: int | None
    state: DeviceState
    firmware: str | None = None
    reset_cause: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know; `kind` has a text `notice.<kind>` that names its `fields`."""

    kind: str
    fields: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClockStep:
    """At at_ms the Pi's clock was corrected by by_ms (negative: back); None: the time became known."""

    at_ms: int
    by_ms: int | None
    source: str


@dataclass(frozen=True, slots=True)
class EdgeSide:
    """The Pi at home: `waiting_rows` not yet on disk, `undated_rows` on disk but without a date.

    `clock_steps`: the last ones, newest first.
    `version`, `unsent_rows`: as the edge told a cloud when it was heard last.
    What a cloud cannot know of its edge is None.
    """

    last_ms: int | None
    seq: int | None
    waiting_rows: int | None = None
    undated_rows: int | None = None
    garbled_lines: int | None = None
    refused_lines: int | None = None
    conflicts: int | None = None
    clock: Clock = "unknown"
    notices: tuple[Notice, ...] = ()
    clock_steps: tuple[ClockStep, ...] | None = None
    version: str | None = None
    unsent_rows: int | None = None


@dataclass(frozen=True, slots=True)
class CloudSide:
    """One cloud as the edge knows it; on the cloud itself `last_ack_ms` is the last word from the edge.

    `rows_per_s`, `left_s`: speed of catching up and about how long it will take, as the sync worker tells.
    """

    url: str
    state: CloudState
    last_ack_ms: int | None
    backlog_rows: int | None = None
    refused_rows: int = 0
    reason: str | None = None
    seq: int | None = None
    rows_per_s: int | None = None
    left_s: int | None = None
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class PairingWait:
    """The edge waits for a person who enters `user_code` at `page`, or follows `link`; for so long still."""

    user_code: str
    page: str
    link: str
    left_ms: int


@dataclass(frozen=True, slots=True)
class Condition:
    devices: tuple[Device, ...] = ()
    edge: EdgeSide = EdgeSide(last_ms=None, seq=None)
    clouds: tuple[CloudSide, ...] = ()
    pairing: PairingWait | None = None


@dataclass(frozen=True, slots=True)
class Pulse:
    """What /healthz answers: can this process do its job, and how far behind is it."""

    ok: bool
    lag_s: float
    lag_rows: int
    reason: str | None = None
