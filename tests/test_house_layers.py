"""The order of the packages holds: who may import whom, and no circle among modules."""

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from house import MAY_IMPORT, ROOT, imported, modules, name


def ours(path: Path) -> set[str]:
    return {each.partition(".")[0] for each in imported(path)} & set(MAY_IMPORT)


def test_every_import_package_at_the_root_has_its_place_in_the_order() -> None:
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found <= set(MAY_IMPORT)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    wrong = {
        name(path): extra
        for path in modules()
        if path.parts[len(ROOT.parts)] == package and (extra := ours(path) - allowed)
    }
    assert wrong == {}


def test_no_package_imports_tests_benchmarks_or_deployment() -> None:
    outside = {"tests", "bench", "deploy", "pytest", "hypothesis", "playwright"}
    wrong = {
        name(path): found
        for path in modules()
        if (found := {each.partition(".")[0] for each in imported(path)} & outside)
    }
    assert wrong == {}


def test_the_order_of_packages_has_no_circle() -> None:
    seen = {package: set[str]() for package in MAY_IMPORT}
    for path in modules():
        package = path.parts[len(ROOT.parts)]
        seen[package] |= ours(path) - {package}
    assert list(TopologicalSorter(seen).static_order())


def test_no_two_modules_import_each_other_even_by_way_of_others() -> None:
    known = {
        name(path).removesuffix(".py").replace("/", "."): path
        for path in modules()
        if path.name != "__init__.py"
    }
    graph = {
        module: {each for each in imported(path) if each in known and each != module}
        for module, path in known.items()
    }
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}", pytrace=False)


def test_relative_imports_are_not_used_so_that_every_import_can_be_checked() -> None:
    wrong = [name(path) for path in modules() if "\nfrom ." in path.read_text(encoding="utf-8")]
    assert wrong == []


def test_architecture_md_shows_this_very_order() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `") and line.count("|") == 4]
    shown = {row[1].strip(" `/"): row[3] for row in rows}
    for package, allowed in MAY_IMPORT.items():
        assert package in shown, f"no row for {package}/ in the table of layers"
        words = set(shown[package].replace("`", " ").replace(",", " ").replace("/", " ").split())
        everything = set(MAY_IMPORT) - {"edge", "cloud"}
        said = everything if "all" in words else words & set(MAY_IMPORT)
        assert said == allowed, f"ARCHITECTURE.md and tests/house.py differ on {package}/"
