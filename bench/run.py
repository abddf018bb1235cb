"""Runs measurements by name, prints one table and merges the figures into bench/results.json.

`python -m bench` runs what fits into ten minutes, `python -m bench catchup wire` only these.
"""

import argparse
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson

RESULTS = Path(__file__).with_name("results.json")
# Name on the command line -> module and function that gives {figure: value}.
MEASUREMENTS: dict[str, tuple[str, str]] = {
    "wire": ("bench.wire", "measure"),
    "steady": ("bench.steady", "measure"),
    "live": ("bench.live", "measure"),
    "pages": ("bench.pages", "measure"),
    "card": ("bench.card", "measure"),
    "catchup": ("bench.catchup", "measure"),
    "catchup-10m": ("bench.longbacklog", "measure"),
    "ten-years": ("bench.tenyears", "measure"),
    "bulk": ("bench.bulk", "measure"),
    "homes-sqlite": ("bench.homes", "sqlite"),
    "homes-postgresql": ("bench.homes", "postgresql"),
}
LONG: tuple[str, ...] = ("catchup-10m", "ten-years", "bulk", "homes-sqlite", "homes-postgresql")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure; see bench/results.json.")
    parser.add_argument(
        "names", nargs="*", choices=[[], *MEASUREMENTS], metavar="NAME", help="what to measure"
    )
    asked = parser.parse_args(argv)
    figures: dict[str, float] = {}
    for name in asked.names or [each for each in MEASUREMENTS if each not in LONG]:
        module, function = MEASUREMENTS[name]
        measure: Callable[[], dict[str, float]] = getattr(importlib.import_module(module), function)
        figures |= measure()
    print(_table(figures))
    merge(figures)
    return 0


def _table(figures: dict[str, float]) -> str:
    width = max(len(name) for name in figures)
    return "\n".join(f"{name:<{width}}  {value:>12,}" for name, value in figures.items())


def merge(figures: dict[str, float]) -> None:
    """Keep what other runs measured."""
    held = orjson.loads(RESULTS.read_bytes()) if RESULTS.is_file() else {}
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    RESULTS.write_bytes(orjson.dumps(held | figures, option=options))
