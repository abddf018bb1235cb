"""Writes the tables of ARCHITECTURE.md and docs/ from what the code says of itself, between two markers.

`<!-- modules -->` ... `<!-- /modules -->` and the like; what stands outside the markers is written by people.
`make tables` runs it; tests/test_house_docs.py compares.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

ROOT = Path(__file__).parents[1]
PACKAGES = ("metering", "process", "store", "sync", "pages", "edge", "cloud")
# The sketch, and the simulator that it is tested in.
SKETCH = ("firmware/kembar", "tests/megasim")
SKETCH_SUFFIXES = {".ino", ".h", ".c", ".cpp"}
PROGRAMS = {"kembar-edge": "edge.main", "kembar-sync": "edge.sync_main", "kembar-cloud": "cloud.main"}
SETTINGS = {
    "edge-settings": ("edge.settings", "EdgeSettings"),
    "cloud-settings": ("cloud.settings", "CloudSettings"),
}


def modules(root: Path = ROOT) -> list[Path]:
    return [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]


def sentence(path: Path) -> str:
    """The first line of a module's docstring, its one sentence; empty when there is none."""
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return said.partition("\n")[0]


def module_table(root: Path = ROOT) -> str:
    rows = [f"| `{path.relative_to(root)}` | {sentence(path)} |" for path in modules(root)]
    return "\n".join(["| module | its one sentence |", "|---|---|", *rows])


def sketch_files(root: Path = ROOT) -> list[Path]:
    return [
        path
        for folder in SKETCH
        for path in sorted((root / folder).rglob("*"))
        if path.suffix in SKETCH_SUFFIXES
    ]


def sketch_sentence(path: Path) -> str:
    """The first sentence of the comment that a C or C++ file begins with; empty when there is none."""
    lines = path.read_text(encoding="utf-8").splitlines()
    said = next((line for line in lines if line.startswith(("//", "/*")) and "SPDX" not in line), "")
    return said.strip("/* ")


def sketch_table(root: Path = ROOT) -> str:
    """One row for each header or, where there is none of its name, for the file itself."""
    found = sketch_files(root)
    headers = {path.with_suffix("") for path in found if path.suffix == ".h"}
    rows = [
        f"| `{path.relative_to(root)}` | {sketch_sentence(path)} |"
        for path in found
        if path.suffix == ".h" or path.with_suffix("") not in headers
    ]
    return "\n".join(["| file | its one sentence |", "|---|---|", *rows])


def settings_table(model: type[BaseModel]) -> str:
    rows = ["| key | without it | what it has to be |", "|---|---|---|"]
    for table, found in model.model_fields.items():
        listed = next(
            (kind for kind in getattr(found.annotation, "__args__", ()) if isinstance(kind, type)), None
        )
        inner = listed or found.annotation
        assert isinstance(inner, type)
        assert issubclass(inner, BaseModel)
        heading = f"[[{table}]]" if listed else f"[{table}]"
        rows += [f"| `{heading} {key}` | {without} | {what} |" for key, without, what in _keys(inner)]
    return "\n".join(rows)


def _keys(table: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    for key, found in table.model_fields.items():
        default = found.default
        known = (
            "must be given"
            if found.is_required()
            else "–"
            if default in (None, [])
            else f"`{_toml(default)}`"
        )
        yield key, known, found.description or ""


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def command_text(program: str, parser: argparse.ArgumentParser) -> str:
    """One heading for each command, one row for each argument; the same under every Python."""
    return "\n\n".join("\n".join(_command(name, each)) for name, each in commands(program, parser))


def commands(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from commands(f"{name} {word}", below)


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    yield f"### `{name}`"
    yield ""
    yield parser.description or ""
    shown = [
        each
        for each in parser._actions
        if not isinstance(each, argparse._SubParsersAction | argparse._HelpAction)
    ]
    if shown:
        yield from ("", "| argument | without it | meaning |", "|---|---|---|")
    for action in shown:
        given = ", ".join(action.option_strings) or action.dest
        takes = (
            ""
            if action.nargs == 0 or not action.option_strings
            else f" {action.metavar or action.dest.upper()}"
        )
        yield f"| `{given}{takes}` | {_default(action)} | {(action.help or '').replace('%%', '%')} |"


def _default(action: argparse.Action) -> str:
    if action.required:
        return "must be given"
    return "–" if action.default in (None, False, argparse.SUPPRESS) else f"`{action.default}`"


def parser_of(module: str) -> argparse.ArgumentParser:
    made = importlib.import_module(module).parser()
    assert isinstance(made, argparse.ArgumentParser)
    return made


def texts() -> dict[str, str]:
    """For each marker what stands between its two ends."""
    said = {"modules": module_table(), "sketch": sketch_table()}
    for marker, (module, name) in SETTINGS.items():
        said[marker] = settings_table(getattr(importlib.import_module(module), name))
    for program, module in PROGRAMS.items():
        if (ROOT / (module.replace(".", "/") + ".py")).exists():
            said[program] = command_text(program, parser_of(module))
    return said


def filled(page: str, said: dict[str, str]) -> str:
    for marker, text in said.items():
        begin, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
        before, begun, rest = page.partition(begin)
        _, ended, after = rest.partition(end)
        if begun and ended:
            page = f"{before}{begin}\n{text}\n\n{end}{after}"
    return page


def pages() -> list[Path]:
    return [
        path for path in (ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))) if path.exists()
    ]


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    everything = texts()
    for path in pages():
        before = path.read_text(encoding="utf-8")
        if (after := filled(before, everything)) != before:
            path.write_text(after, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: brought up to date")
