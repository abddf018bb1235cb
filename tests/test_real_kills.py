"""Real processes, killed at random: nothing lost, nothing doubled, both sides the same."""

from pathlib import Path
from random import Random, SystemRandom

from eavesdrop import Eavesdropper
from powercuts import PowerCuts
from realhouse import RealHouse

KILLS = 34
FLOWED_LEAST = 500


def test_kill_9_of_every_process_in_random_order_loses_and_doubles_nothing(tmp_path: Path) -> None:
    seed = SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    with RealHouse(tmp_path) as house, Eavesdropper(house.lines) as wire:
        cuts = PowerCuts(house, wire, Random(seed))
        outcome = cuts.run(KILLS)
    print(f"{cuts.kills} kills, {', '.join(cuts.phases)}; {outcome}")
    assert outcome.well, f"seed {seed}: {outcome}"
    assert cuts.kills == KILLS
    assert outcome.arrived > FLOWED_LEAST, "next to nothing flowed, so nothing was shown"
