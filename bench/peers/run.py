"""Measures Kembar and its peers in one run: a table on stdout, figures, a picture and the table of docs/peers.md."""

import argparse
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.peers.attack import attack
from bench.peers.bridge import Bridge
from bench.peers.drain import catch_up
from bench.peers.gateway import Gateway
from bench.peers.house import Peer
from bench.peers.ours import Kembar
from bench.peers.picture import draw
from bench.peers.programs import Missing
from bench.peers.schedule import schedule
from bench.peers.table import OURS, Result, figures, markdown, ratios, text
from bench.peers.vmagent import VmAgent
from bench.run import merge

PEERS: tuple[Peer, ...] = (Kembar(), VmAgent(), Bridge(), Gateway())
ROOT = Path(__file__).parents[2]
PAGE, PICTURE = ROOT / "docs" / "peers.md", ROOT / "docs" / "pictures" / "peers.png"
BEGIN, END = "<!-- measured -->\n", "<!-- /measured -->"
# Unlike /tmp it is never in RAM.
DISK = "/var/tmp"
# Of each core; the start of this command itself makes less.
BUSY_LOAD = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, metavar="X", help="of the backlogs, for a trial")
    parser.add_argument("--no-files", action="store_true", help="print the table and nothing else")
    asked = parser.parse_args(argv)
    begun_s, busy = time.monotonic(), _busy()
    if busy:
        _tell(busy)
    results = measured(PEERS, asked.share)
    print(text(results))
    for name, ratio in ratios(results).items():
        print(f"{name} {ratio:.2f}")
    print(f"{time.monotonic() - begun_s:.0f} s")
    missing = [result.missing for result in results if result.missing]
    if not asked.no_files:
        missing += write(results, busy)
    for each in missing:
        print(each, file=sys.stderr)
    # Under CI everything is there, or somebody has to know.
    return 1 if missing and os.environ.get("CI") == "true" else 0


def measured(peers: Sequence[Peer], share: float) -> list[Result]:
    """Catching up one after the other; the kills, which need hardly any processor, all at the same time."""
    found = {peer.key: _present(peer) for peer in peers}
    there = [peer for peer in peers if not found[peer.key].missing]
    for peer in there:
        _tell(f"{peer.name}: catching up")
        found[peer.key] = _try(peer, found[peer.key], lambda peer, result: _caught_up(peer, result, share))
    _tell("the kill schedule, for all at once")
    with ThreadPoolExecutor(len(peers)) as pool:
        for result in pool.map(lambda peer: _try(peer, found[peer.key], _survived), there):
            found[result.key] = result
    return list(found.values())


def _present(peer: Peer) -> Result:
    result = Result(peer.key, peer.name, peer.durability)
    try:
        return replace(result, version=peer.version())
    except Missing as error:
        return replace(result, missing=str(error))


def _try(peer: Peer, result: Result, work: Callable[[Peer, Result], Result]) -> Result:
    """A peer that does not do as expected loses its row, not everybody's; it is told why. Our own must work."""
    if result.missing:
        return result
    try:
        return work(peer, result)
    except Exception as error:  # whatever a foreign program makes of it
        if result.key == OURS:
            raise
        traceback.print_exc()
        return replace(result, missing=f"failed: {error}")


def _caught_up(peer: Peer, result: Result, share: float) -> Result:
    with TemporaryDirectory(prefix="kembar-peers-", dir=DISK) as folder:
        return replace(result, caught_up=catch_up(peer, Path(folder), max(1, round(share * peer.backlog))))


def _survived(peer: Peer, result: Result) -> Result:
    with TemporaryDirectory(prefix="kembar-peers-", dir=DISK) as folder, peer.house(Path(folder)) as house:
        return replace(result, survived=attack(house, schedule()))


def _tell(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def write(results: Sequence[Result], busy: str) -> list[str]:
    """Figures, page and picture; what could not be written, in words."""
    merge(figures(results))
    told = f"Measured {datetime.now(UTC):%Y-%m-%d} in one run on {os.cpu_count()} cores, {_machine()}. {busy}".strip()
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{told}\n\n{markdown(results)}\n\n{END}{after}", encoding="utf-8")
    try:
        draw(results, f"{told} How: docs/peers.md.", PICTURE)
    except Missing as error:
        return [str(error)]
    return []


def _busy() -> str:
    """A sentence when others use the machine: then speeds, and even their ratios, say little."""
    load = os.getloadavg()[0]
    if load < BUSY_LOAD * (os.cpu_count() or 1):
        return ""
    return f"Other work kept the machine busy, {load:.1f} processes at a time: the speeds are not what it can do."


def _machine() -> str:
    name = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return f"{name}, {platform.machine()}, Python {platform.python_version()}"
