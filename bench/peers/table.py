"""What came out for each peer: as a table for a terminal, as one for docs/peers.md, and as figures by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.peers.attack import Survived
from bench.peers.drain import CaughtUp

HEADS = (
    "",
    "version",
    "readings/s",
    "of a backlog of",
    "bytes/reading",
    "processor/reading",
    "acknowledged",
    "lost",
    "doubled",
    "on disk",
)
NUMBERS = slice(2, 9)
OURS = "kembar"


@dataclass(frozen=True, slots=True)
class Result:
    """One peer's row; `missing` says why there is nothing else."""

    key: str
    name: str
    durability: str
    version: str = ""
    caught_up: CaughtUp | None = None
    survived: Survived | None = None
    missing: str = ""


def cells(result: Result) -> tuple[str, ...]:
    if not (caught_up := result.caught_up) or not (survived := result.survived):
        return (result.name, result.version, *("—" for _ in HEADS[NUMBERS]), result.missing)
    unfinished = "" if caught_up.arrived == caught_up.backlog else f"{caught_up.arrived:,} of "
    return (
        result.name,
        result.version,
        f"{caught_up.per_s:,.0f}",
        f"{unfinished}{caught_up.backlog:,}",
        f"{caught_up.bytes_per_reading:,.1f}",
        f"{caught_up.cpu_us_per_reading:,.1f} µs",
        f"{survived.acknowledged:,} of {survived.offered:,}",
        f"{survived.lost:,}",
        f"{survived.doubled:,}",
        result.durability,
    )


def text(results: Sequence[Result]) -> str:
    rows = [HEADS, *map(cells, results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    right = range(*NUMBERS.indices(len(HEADS)))
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def markdown(results: Sequence[Result]) -> str:
    right = range(*NUMBERS.indices(len(HEADS)))
    rule = "|".join("--:" if column in right else "---" for column in range(len(HEADS)))
    rows = (" | ".join(row) for row in (HEADS, *map(cells, results)))
    head, *rest = (f"| {row} |" for row in rows)
    return "\n".join((head, f"|{rule}|", *rest))


def figures(results: Sequence[Result]) -> dict[str, float]:
    """Flat, as bench/results.json holds them; a peer that is missing has none."""
    found: dict[str, float] = {}
    for result in results:
        key = f"peer_{result.key}"
        if result.caught_up:
            found[f"{key}_readings_per_s"] = round(result.caught_up.per_s)
            found[f"{key}_cpu_us_per_reading"] = round(result.caught_up.cpu_us_per_reading, 2)
            found[f"{key}_wire_bytes_per_reading"] = round(result.caught_up.bytes_per_reading, 2)
        if result.survived:
            found[f"{key}_acknowledged"] = result.survived.acknowledged
            found[f"{key}_lost"] = result.survived.lost
            found[f"{key}_doubled"] = result.survived.doubled
    return found | ratios(results)


def ratios(results: Sequence[Result]) -> dict[str, float]:
    """How many times as fast as each peer Kembar caught up, in the same run."""
    speeds = {result.key: result.caught_up.per_s for result in results if result.caught_up}
    if OURS not in speeds:
        return {}
    return {
        f"peer_ratio_{key}": round(speeds[OURS] / per_s, 2) for key, per_s in speeds.items() if key != OURS
    }
