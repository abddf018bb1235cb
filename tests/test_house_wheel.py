"""A wheel built from this clone has everything the programs need, so nothing is fetched on a Pi."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from house import MAY_IMPORT, ROOT, modules, name, tracked_texts

BUILD_S = 120
SOURCES = (
    "setup.cfg",
    "setup.py",
    "pyproject.toml",
    "MANIFEST.in",
    "LICENSE",
    "README.md",
    "Makefile",
    "ruff.toml",
)
VENDOR = "pages/static/vendor"


def built(folder: Path) -> set[str]:
    """The names in a wheel built from a copy, without a network: what npm fetched is there already."""
    clone = folder / "clone"
    leave = shutil.ignore_patterns("__pycache__")
    for package in (*MAY_IMPORT, "deploy"):
        shutil.copytree(ROOT / package, clone / package, ignore=leave)
    for each in SOURCES:
        if (ROOT / each).exists():
            shutil.copy(ROOT / each, clone)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*command, "-w", folder, clone], capture_output=True, text=True, timeout=BUILD_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("kembar-*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


def test_a_wheel_has_every_module_every_page_and_the_chart_library(tmp_path: Path) -> None:
    inside = built(tmp_path)
    tracked = {each for each, _ in tracked_texts() if each.partition("/")[0] in MAY_IMPORT}
    fetched = {f"{VENDOR}/{each}" for each in ("uPlot.iife.min.js", "uPlot.min.css", "LICENSE")}
    wanted = {name(path) for path in modules()} | tracked | fetched
    assert wanted - inside == set()
    assert [each for each in inside if each.startswith(("tests/", "deploy/", "bench/"))] == []
