"""Every file is small, says what it is in one sentence, and belongs to nobody's machine."""

import ast
import re
import statistics
from collections.abc import Iterator
from pathlib import Path

import describe
import pytest
from house import ROOT, modules, name, scripts, tracked_texts, tree

MODULE_MOST_LINES = 300  # above it a second noun is hiding
MODULE_MEDIAN_LINES = 120
FUNCTION_MOST_LINES = 60
NAMES_THAT_SAY_NOTHING = {"util", "utils", "common", "helper", "helpers", "manager", "misc"}
# Put together here, so that this file does not find itself.
LEFT_UNDONE = re.compile("|".join(("FIX" + "ME", "TO" + "DO", "X" * 3)) + r"\b")
# A path that exists on one developer's machine only.
OWN_MACHINE = re.compile(r"(?<![\w.:}-])/(?:work|root|home/(?!pi\b)\w+|Users)/")


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name(path)}: {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_module_is_longer_than_can_be_held_in_mind() -> None:
    files = modules() + scripts() + describe.sketch_files() + sorted((ROOT / "firmware/tests").glob("*.cpp"))
    assert {name(path): count for path in files if (count := lines(path)) > MODULE_MOST_LINES} == {}


def test_half_of_the_modules_fit_on_two_screens() -> None:
    assert statistics.median(lines(path) for path in modules()) <= MODULE_MEDIAN_LINES


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        each: count
        for path in modules() + scripts()
        for each, count in functions(path)
        if count > FUNCTION_MOST_LINES
    }
    assert long == {}


@pytest.mark.parametrize("path", modules() + scripts(), ids=name)
def test_a_module_begins_with_one_sentence(path: Path) -> None:
    said = describe.sentence(path)
    assert re.fullmatch(r"[^a-z].*[.]", said), f"{name(path)} begins with {said!r}"
    assert ". " not in said.replace("e.g. ", ""), (
        f"{name(path)} begins with more than one sentence on its first line"
    )


def test_a_file_of_the_sketch_begins_with_one_sentence() -> None:
    said = {name(path): describe.sketch_sentence(path) for path in describe.sketch_files()}
    assert {each: text for each, text in said.items() if not re.fullmatch(r"[^a-z].*[.]", text)} == {}


def test_architecture_md_has_the_files_of_the_sketch() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert describe.sketch_table() in page, "make tables brings ARCHITECTURE.md up to date"


def test_architecture_md_has_the_sentence_of_every_module() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    missing = [
        name(path) for path in modules() if f"| `{name(path)}` | {describe.sentence(path)} |" not in page
    ]
    assert missing == [], "make tables brings ARCHITECTURE.md up to date"


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name(path) for path in modules() + scripts() if path.stem in NAMES_THAT_SAY_NOTHING] == []


def test_nothing_is_left_undone_in_a_comment() -> None:
    assert [each for each, text in tracked_texts() if LEFT_UNDONE.search(text)] == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    assert {each: found[0] for each, text in tracked_texts() if (found := OWN_MACHINE.search(text))} == {}
