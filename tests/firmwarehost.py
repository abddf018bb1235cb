"""Builds the sketch's Arduino-free parts for this machine, and talks to the programs made of them."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "build" / "host"


def build(need: Callable[[str], str], program: str) -> Path:
    """The path of one of the programs of firmware/host.mk, up to date."""
    need("g++")
    if program == "tests" and not Path("/usr/include/doctest/doctest.h").exists():
        pytest.skip("doctest-dev is not installed")
    target = BUILT.relative_to(ROOT) / program
    made = subprocess.run(
        [need("make"), "-j2", "-f", "firmware/host.mk", target],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    return BUILT / program


def answers(program: Path, commands: list[str]) -> bytes:
    """What the program says to all of them."""
    ran = subprocess.run(
        [program], input="".join(each + "\n" for each in commands).encode(), capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode(errors="replace")
    return ran.stdout
