"""The house as its tests look at it from outside: tracked files, modules, imports."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Which package may import which, beside the standard library and what setup.cfg installs.
MAY_IMPORT: dict[str, set[str]] = {
    "metering": set(),
    "process": set(),
    "store": {"metering"},
    "sync": {"metering", "store"},
    "pages": {"metering", "store", "process"},
    "edge": {"metering", "process", "store", "sync", "pages"},
    "cloud": {"metering", "process", "store", "sync", "pages"},
}


def modules() -> list[Path]:
    """Every module of the packages; a file counts from the moment it lies there."""
    return [path for package in MAY_IMPORT for path in sorted((ROOT / package).rglob("*.py"))]


def scripts() -> list[Path]:
    return [path for folder in ("deploy", "tests", "bench") for path in sorted((ROOT / folder).rglob("*.py"))]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """The full names of the modules that a module imports, wherever in it, by either form of import."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def tracked_texts() -> Iterator[tuple[str, str]]:
    """Every tracked file that is text, with its content; outside a clone every file of the packages."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [each for each in listed.stdout.split("\0") if each] or [
        name(path) for path in modules() + scripts()
    ]
    for each in names:
        if (ROOT / each).is_file():
            content = (ROOT / each).read_bytes()
            if b"\0" not in content:
                yield each, content.decode("utf-8")
