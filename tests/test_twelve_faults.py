"""The twelve faults: each has defences, each defence is one line of the code, and each line a test that misses it."""

import ast
import importlib
from functools import cache
from pathlib import Path

import pytest
from house import ROOT
from mutant import Fault, Mutant
from mutants import FAILED, PASSED, Copy, Run, complaint
from mutantwitness import foreign
from mutations import FAULTS

MUTANTS = [mutant for fault in FAULTS for mutant in fault.mutants]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
SAID = ("tests/test_x.py::test_x", "call", "AssertionError", "assert 1 == 2")


@cache
def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def row_of(fault: Fault) -> str:
    """The fault's row in the table of docs/faults.md."""
    (found,) = [line for line in PAGE.splitlines() if line.startswith(f"| {fault.number} ")]
    return found


def test_all_twelve_are_there_each_with_up_to_three_defences() -> None:
    assert [fault.number for fault in FAULTS] == list(range(1, 13))
    assert {len(fault.mutants) for fault in FAULTS} <= {1, 2, 3}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.line)
def test_a_defence_is_one_line_of_the_code_that_can_be_taken_out(mutant: Mutant) -> None:
    before = text(mutant.path)
    assert [line.strip() for line in before.splitlines()].count(mutant.line) == 1
    after = mutant.out_of(before)
    assert ast.dump(ast.parse(after)) != ast.dump(ast.parse(before))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.test)
def test_the_test_of_a_defence_exists(mutant: Mutant) -> None:
    path, _, name = mutant.test.partition("::")
    functions = [
        node.name for node in ast.parse(text(f"tests/{path}")).body if isinstance(node, ast.FunctionDef)
    ]
    assert functions.count(name) == 1


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_page_names_a_fault_with_its_defences_and_their_tests(fault: Fault) -> None:
    row = row_of(fault)
    assert f"**{fault.name}**: {fault.fault}" in row
    for mutant in fault.mutants:
        assert f"(`{mutant.path}`: `{mutant.line}`)" in row
        assert f"`{mutant.test}`" in row


def test_the_page_counts_the_mutants() -> None:
    assert f"faults={len(FAULTS)} mutants={len(MUTANTS)} survived=0 ok" in PAGE


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (Run(FAILED, failed=[SAID]), ""),
        (Run(PASSED, passed=[SAID]), "SURVIVED"),
        (Run(PASSED, skipped=[SAID]), "skipped"),
        (Run(None), "did not end"),
        (Run(2), "was not run"),
        (Run(FAILED, failed=[(SAID[0], "setup", "AssertionError", "x")]), "in setup"),
        (Run(FAILED, failed=[(SAID[0], "call", "NameError", "x")]), "NameError"),
        (Run(FAILED, failed=[SAID], foreign=["elsewhere/store/part.py"]), "imported from elsewhere"),
    ],
)
def test_only_a_failure_of_the_test_itself_proves_a_defence(run: Run, words: str) -> None:
    assert words in complaint(run)
    assert bool(words) == bool(complaint(run))


def test_what_was_imported_from_elsewhere_than_the_copy_is_seen(tmp_path: Path) -> None:
    used = importlib.import_module("store.part").__file__
    assert foreign(ROOT) == []
    assert used in foreign(tmp_path)


def test_a_line_that_no_test_misses_is_told_and_one_that_is_missed_is_not(tmp_path: Path) -> None:
    test = "test_edge_stream.py::test_records_in_order_are_taken"
    missed = Mutant(test, "edge/stream.py", "self.head = record.seq", "pass")
    not_missed = Mutant(test, "edge/stream.py", "self._waiting.setdefault(record.seq, record)", "pass")
    copy = Copy(tmp_path)
    assert complaint(copy.without(missed)) == ""
    assert "SURVIVED" in complaint(copy.without(not_missed))
