"""`python -m tests.chaos --kills N`: real processes killed at random over a bad line, the last line is the verdict.

It merges kills, lost, doubled and unequal into bench/results.json.
"""

import argparse
import json
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random, SystemRandom

# Started with -m, this folder is not where modules are looked for.
sys.path.insert(0, str(Path(__file__).parent))

from eavesdrop import Eavesdropper
from outcome import Outcome
from powercuts import PowerCuts
from realhouse import RealHouse
from troubles import Troubles

RESULTS = Path(__file__).parents[1] / "bench" / "results.json"
TELL_EVERY = 25


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=30, metavar="N", help="how many; about a second each")
    parser.add_argument("--seed", type=int, metavar="S", help="the order and pauses of an earlier run")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    asked = arguments(argv)
    # Whoever ends a long run early leaves no process behind either.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seed = asked.seed if asked.seed is not None else SystemRandom().randrange(10**6)
    with tempfile.TemporaryDirectory(prefix="kembar-chaos-") as folder:
        print(f"seed {seed}, in {folder}", flush=True)
        try:
            kills, outcome = attack(Path(folder), seed, asked.kills)
        except AssertionError as error:
            print(error)
            print(f"kills={asked.kills} failed: the house did not come to rest (seed {seed})")
            return 1
    for line in outcome.told:
        print(line)
    merge(kills, outcome)
    print(verdict(kills, outcome))
    return 0 if outcome.well else 1


def attack(folder: Path, seed: int, kills: int) -> tuple[int, Outcome]:
    begun_s = time.monotonic()

    def told(so_far: int) -> None:
        if so_far % TELL_EVERY == 0:
            acknowledged = sum(wire.acknowledged.values())
            print(f"{so_far} kills in {time.monotonic() - begun_s:.0f} s,", end=" ")
            print(f"{acknowledged} records acknowledged; {grown(folder)}", flush=True)

    with RealHouse(folder, line_seed=seed) as house, Eavesdropper(house.lines) as wire:
        troubles = Troubles(house.line, Random(seed))
        cuts = PowerCuts(house, wire, Random(seed), patient=True, told=told, troubles=troubles)
        outcome = cuts.run(kills)
    print(troubles.told())
    print(f"{outcome.produced} records measured, {outcome.arrived} on both sides,", end=" ")
    print(f"{outcome.in_ram_only} lost with a device's power before they were acknowledged;", end=" ")
    print(f"at rest {cuts.settled_s:.0f} s after the last kill")
    return cuts.kills, outcome


def grown(folder: Path) -> str:
    """How much all of it takes by now: a long run must not fill the machine that it runs on."""
    sizes = {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    logs = sum(size for path, size in sizes.items() if path.suffix == ".log")
    own_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{sum(sizes.values()) / 2**20:.1f} MB on disk, {logs / 1024:.0f} KB of logs, {own_mb:.0f} MB in RAM"
    )


def verdict(kills: int, outcome: Outcome) -> str:
    counts = ("lost", "doubled", "unequal", "wrong", "undated", "unexplained")
    told = " ".join(f"{name}={getattr(outcome, name)}" for name in counts)
    return f"kills={kills} {told} {'ok' if outcome.well else 'FAILED'}"


def merge(kills: int, outcome: Outcome) -> None:
    """Into the flat object that every measurement shares; figures of other measurements stay."""
    figures = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    figures |= {"kills": kills} | {name: getattr(outcome, name) for name in ("lost", "doubled", "unequal")}
    RESULTS.write_text(json.dumps(dict(sorted(figures.items())), indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
