"""A seeded house with everything going wrong: nothing on the edge is wrong, doubled or without a reason.

As many seeds as fit the time budget; a failure names its seed. The first seed comes from the code that is judged: each
change meets new histories, the same code the same ones.
"""

import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from firmwarehistory import try_seed
from firmwarehouse import sketch
from house import modules

# Some ten histories of six minutes; FIRMWARE_BUDGET_S=3600 is for longer.
BUDGET_S = float(os.environ.get("FIRMWARE_BUDGET_S", "30"))


def test_all_faults_together_leave_nothing_wrong_or_unexplained(
    tmp_path: Path, need: Callable[[str], str]
) -> None:
    program = sketch(need)
    judged = [program.read_bytes(), *(path.read_bytes() for path in modules())]
    seed = first = zlib.crc32(b"".join(judged)) % 1_000_000
    end = time.monotonic() + BUDGET_S
    while time.monotonic() < end:
        assert try_seed(tmp_path / str(seed), program, seed) == []
        seed += 1
    assert seed > first
