"""What became of everything that virtual devices measured, told from both exports alone.

1. Every record that was produced is on both sides, once, with its own values; a record without a reading is a
   gap `sensor`.
2. Of a boot whose device was killed the newest may be missing, for they were in its RAM alone: beyond all
   that was acknowledged, and in a gap `device-off` or at the very end.
3. Both exports are the same, every reading has its date, and times only grow along a boot.
"""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

Boot = tuple[str, int]
Key = tuple[str, int, int]
SHOWN = 10


@dataclass
class Outcome:
    """Counts of what must not be; `told` says the first of each in words."""

    produced: int = 0
    arrived: int = 0
    in_ram_only: int = 0
    lost: int = 0
    doubled: int = 0
    unequal: int = 0
    wrong: int = 0
    undated: int = 0
    unexplained: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def well(self) -> bool:
        return not (
            self.lost + self.doubled + self.unequal + self.wrong + self.undated + self.unexplained
            or self.told
        )

    def tell(self, words: str) -> None:
        if len(self.told) < SHOWN:
            self.told.append(words)


@dataclass(frozen=True)
class Exports:
    """Both twins as their read APIs gave them: CSV with raw=1, /gaps and /health."""

    edge_csv: str
    cloud_csv: str
    edge_gaps: list[dict[str, Any]]
    cloud_gaps: list[dict[str, Any]]
    healths: tuple[dict[str, Any], dict[str, Any]]


def produced(path: Path) -> dict[Key, list[str]]:
    """What a device listed: by identity the channel, the values in their columns' order, the cause."""
    with path.open() as file:
        rows = list(csv.reader(file))[1:]
    found = {(row[0], int(row[1]), int(row[2])): row[4:] for row in rows if len(row) > 4}
    assert len(found) == len(rows), f"{path.name} lists a record twice, or half of one"
    return found


def judge(
    exports: Exports,
    listed: Mapping[Key, list[str]],
    cut: Mapping[Boot, int] | None = None,
) -> Outcome:
    """`cut`: boots whose device was killed, with what had been acknowledged to it by then."""
    outcome = Outcome(produced=len(listed))
    stored = _stored(exports.edge_csv, outcome)
    outcome.arrived = len(stored)
    _compare(exports, outcome)
    for key in stored.keys() - listed.keys():
        outcome.wrong += 1
        outcome.tell(f"{key} was never measured")
    causes = _causes(exports.edge_gaps)
    ends = _ends(stored, exports.edge_gaps)
    for key, (*values, cause) in listed.items():
        if key in stored:
            if stored[key] != values or cause:
                outcome.wrong += 1
                outcome.tell(f"{key} is {stored[key]}, measured was {values} {cause}")
        elif causes.get(key) == "sensor" and cause:
            outcome.arrived += 1
        else:
            _missing(key, causes.get(key), ends, cut or {}, outcome)
    return outcome


def _missing(
    key: Key,
    gap: str | None,
    ends: Mapping[Boot, int],
    cut: Mapping[Boot, int],
    outcome: Outcome,
) -> None:
    boot, seq = key[:2], key[2]
    beyond = boot in cut and seq > cut[boot]
    if beyond and (gap == "device-off" or seq > ends.get(boot, 0)):
        outcome.in_ram_only += 1
        return
    outcome.lost += 1
    told = f"killed, acknowledged to {cut[boot]}" if boot in cut else "handed over"
    outcome.tell(f"{key} is missing ({told}; gap {gap}; the boot goes to {ends.get(boot)})")


def _stored(export: str, outcome: Outcome) -> dict[Key, list[str]]:
    rows = list(csv.reader(export.splitlines()))[1:]
    dates: dict[Boot, list[tuple[int, int]]] = defaultdict(list)
    stored: dict[Key, list[str]] = {}
    for meter, boot, seq, taken_ms, *values in rows:
        source, _, channel = meter.partition("/")
        key = (source, int(boot), int(seq))
        if key in stored:
            outcome.doubled += 1
            outcome.tell(f"{key} is there twice")
        stored[key] = [channel, *values]
        if taken_ms:
            dates[key[:2]].append((key[2], int(taken_ms)))
        else:
            outcome.undated += 1
    for stream, taken in dates.items():
        times = [at_ms for _seq, at_ms in sorted(taken)]
        if any(later <= earlier for earlier, later in pairwise(times)):
            outcome.wrong += 1
            outcome.tell(f"time does not grow along {stream}")
    return stored


def _compare(exports: Exports, outcome: Outcome) -> None:
    ours, theirs = (Counter(side.splitlines()) for side in (exports.edge_csv, exports.cloud_csv))
    for line in (*(ours - theirs).elements(), *(theirs - ours).elements()):
        outcome.unequal += 1
        outcome.tell(f"only the {'edge' if line in ours - theirs else 'cloud'} has {line}")
    gaps = [
        {json.dumps(gap, sort_keys=True) for gap in side} for side in (exports.edge_gaps, exports.cloud_gaps)
    ]
    for gap in gaps[0] ^ gaps[1]:
        outcome.unequal += 1
        outcome.tell(f"only the {'edge' if gap in gaps[0] else 'cloud'} has the gap {gap}")
    for health in exports.healths:
        outcome.unexplained += health["gaps"]["unexplained"]
        if health["gaps"]["unexplained"]:
            outcome.tell(f"{health['twin']}: unexplained gaps {health['gaps']}")


def _causes(gaps: list[dict[str, Any]]) -> dict[Key, str]:
    return {
        (gap["source"], gap["boot"], seq): gap["cause"]
        for gap in gaps
        for seq in range(gap["from_seq"], gap["to_seq"] + 1)
    }


def _ends(stored: Collection[Key], gaps: list[dict[str, Any]]) -> dict[Boot, int]:
    """The last record of each boot that is stored or accounted for."""
    ends: dict[Boot, int] = {}
    accounted = [(gap["source"], gap["boot"], gap["to_seq"]) for gap in gaps]
    for source, boot, seq in (*stored, *accounted):
        ends[source, boot] = max(seq, ends.get((source, boot), 0))
    return ends
