"""`make sim`: many seeded houses; prints the seed of each that goes wrong, and a verdict at the end."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from simulated_cloud import SITE
from simulated_sync import TwinHouse
from verdict import differences, read, unbalanced, wrong
from weather import Weather

from store.by_stream import RowsByStream
from store.by_time import RowsByTime
from store.sqlite import open_database

BAD_WEATHER_MS = 1_200_000
# Of what is wrong in one house; the first few tell enough.
MOST_TOLD = 5


def try_seed(folder: Path, seed: int, weather: Weather) -> list[str]:
    """What is wrong with this seed's house after 20 minutes of bad weather and 9 of calm; [] when all is right."""
    house = TwinHouse(folder, seed, weather)
    try:
        house.run(BAD_WEATHER_MS)
        house.settle()
        house.compare()
    finally:
        house.close()
    found = list(_judge(house))
    shutil.rmtree(folder)
    return [f"seed {seed}", *found[:MOST_TOLD], f"history {house.log}"] if found else []


def _judge(house: TwinHouse) -> Iterator[str]:
    """The edge, then each cloud against the truth and against the edge."""
    with closing(open_database(house.edge.path, "edge")) as db:
        edge = read(db, "r.channel", 0)
        yield from unbalanced(db, RowsByStream(db).stock, 0)
    yield from wrong(house, edge, house.truth.nowhere)
    for number, side in enumerate(house.clouds):
        with closing(open_database(side.path, "cloud")) as db:
            cloud = read(db, "(SELECT m.channel FROM meters m WHERE m.id = r.meter)", SITE)
            short = list(unbalanced(db, RowsByTime(db, SITE).stock, SITE))
        # Of the first cloud the dates stand; a second one may know those of another life of the card.
        found = [
            *wrong(house, cloud, house.truth.nowhere, cloud=True),
            *differences(edge, cloud, dates=not number or not house.restored, gaps=not house.restored),
            *short,
        ]
        yield from (f"{side.path.parent.name}: {each}" for each in found)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    asked = parser.parse_args(argv)
    bad = 0
    for seed in range(asked.first, asked.first + asked.seeds):
        with tempfile.TemporaryDirectory(dir=ram()) as folder:
            told = try_seed(Path(folder) / "house", seed, Weather())
        bad += bool(told)
        print("\n".join(told), end="\n" if told else "", flush=True)
    print(f"seeds={asked.seeds} wrong={bad} {'ok' if not bad else 'failed'}")
    return 1 if bad else 0


def ram() -> str | None:
    """Power cuts are simulated at the commit, so the files may lie in RAM."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
