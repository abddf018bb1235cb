"""`python -m tests.mutants`: each defence against the twelve faults is taken out in turn, and its test must fail then.

In a copy of the house in RAM, with this Python. First all the tests pass there untouched; then one line at a time is
replaced (tests/mutations.py) and its test alone is run. A defence counts as proved when the test itself fails: not
when nothing could be imported, not when it was skipped, not when it never ended.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Started with -m, this folder is not where modules are looked for.
sys.path.insert(0, str(Path(__file__).parent))

from house import MAY_IMPORT, ROOT
from mutant import Fault, Mutant
from mutations import FAULTS
from sim import ram

COPIED = (*MAY_IMPORT, "tests", "bench", "deploy", "setup.cfg")
# The slowest waits ten seconds for what never comes; a test that does not end by then proves nothing.
TEST_S = 60.0
ALL_TESTS_S = 240.0
PASSED, FAILED = 0, 1
# A program that does not run at all fails every test.
NOT_RUN = ("ImportError", "ModuleNotFoundError", "NameError", "SyntaxError", "UnboundLocalError")

Seen = tuple[str, str, str, str]  # node id, phase, kind of error, its first line


@dataclass(frozen=True, slots=True)
class Run:
    """How pytest ended (None: it did not in time), and what tests/mutantwitness.py saw."""

    code: int | None
    passed: Sequence[Seen] = ()
    failed: Sequence[Seen] = ()
    skipped: Sequence[Seen] = ()
    foreign: Sequence[str] = ()


def complaint(run: Run) -> str:
    """Why a run with a defence taken out proves nothing; empty when the test failed as it should."""
    if run.code is None:
        return f"the test did not end within {TEST_S:g} s"
    if run.foreign:
        return f"imported from elsewhere: {run.foreign[0]}"
    if run.code == PASSED:
        return "skipped" if run.skipped else "SURVIVED: the test passes without it"
    if run.code != FAILED or not run.failed:
        return f"pytest ended with {run.code}: the test was not run"
    _name, phase, kind, said = run.failed[0]
    if phase != "call" or kind in NOT_RUN:
        return f"not a failure of the test itself: {kind} in {phase}: {said}"
    return ""


class Copy:
    """The packages and tests in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.house, self._scratch = folder / "house", folder / "scratch"
        self.house.mkdir()
        self._scratch.mkdir()
        for name in COPIED:
            if (ROOT / name).is_dir():
                unneeded = shutil.ignore_patterns("__pycache__", ".*")
                shutil.copytree(ROOT / name, self.house / name, ignore=unneeded)
            else:
                shutil.copy(ROOT / name, self.house / name)

    def run(self, tests: Sequence[str], most_s: float) -> Run:
        witness = self._scratch / "seen.json"
        witness.unlink(missing_ok=True)
        environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(self.house), str(self.house / "tests")]),
            "PYTHONDONTWRITEBYTECODE": "1",  # a line that is put back leaves no trace
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "TMPDIR": str(self._scratch),
            "KEMBAR_WITNESS": str(witness),
        }
        options = ["-q", "-x", "-p", "mutantwitness", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
        argv = [sys.executable, "-m", "pytest", *options, *(f"tests/{test}" for test in tests)]
        with subprocess.Popen(
            argv, cwd=self.house, env=environ, stdout=subprocess.DEVNULL, start_new_session=True
        ) as process:
            try:
                code = process.wait(most_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # its own session: it and what it started, nobody else
                return Run(None)
        seen = json.loads(witness.read_text()) if witness.exists() else {}
        return Run(
            code,
            **{kind: [*map(tuple, each)] for kind, each in seen.items() if kind != "foreign"},
            foreign=seen.get("foreign", ()),
        )

    def without(self, mutant: Mutant) -> Run:
        """Its test, while the defence is out."""
        module = self.house / mutant.path
        text = module.read_text(encoding="utf-8")
        changed = mutant.out_of(text)
        compile(changed, mutant.path, "exec")
        try:
            module.write_text(changed, encoding="utf-8")
            return self.run([mutant.test], TEST_S)
        finally:
            module.write_text(text, encoding="utf-8")


def try_all(faults: Sequence[Fault], copy: Copy) -> int:
    """Prints a row for each defence; gives how many of them no test misses."""
    survived = 0
    for fault in faults:
        for mutant in fault.mutants:
            begun_s = time.monotonic()
            run = copy.without(mutant)
            why = complaint(run)
            survived += bool(why)
            ended = why or f"ok ({run.failed[0][2]}, {time.monotonic() - begun_s:.1f} s)"
            claim = f"test {mutant.test} fails without {mutant.path}: `{mutant.line}`"
            print(f"{fault.number} {fault.name}: {claim}  {ended}", flush=True)
    return survived


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.split("\n")[0])
    parser.add_argument("--fault", type=int, choices=[f.number for f in FAULTS], help="this one alone")
    asked = parser.parse_args(argv)
    faults = [fault for fault in FAULTS if asked.fault in (None, fault.number)]
    mutants = [mutant for fault in faults for mutant in fault.mutants]
    with tempfile.TemporaryDirectory(prefix="kembar-mutants-", dir=ram()) as folder:
        copy = Copy(Path(folder))
        whole = copy.run([*dict.fromkeys(mutant.test for mutant in mutants)], ALL_TESTS_S)
        if whole.code != PASSED or whole.skipped or whole.foreign:
            wrong = [*whole.failed, *whole.skipped, *whole.foreign]
            print(f"the untouched house does not pass these tests (pytest ended with {whole.code}): {wrong}")
            return 1
        print(f"untouched: {len(whole.passed)} tests pass")
        survived = try_all(faults, copy)
    print(f"faults={len(faults)} mutants={len(mutants)} survived={survived} {'FAILED' if survived else 'ok'}")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
