"""A settings file in TOML becomes a checked model, or every mistake in it is told at once.

It does not know what can be set: `edge.settings` and `cloud.settings` say that. The description of a field is
what its value has to be; it is printed after "expected" and in docs/settings.md.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, ValidationInfo
from pydantic.fields import FieldInfo

Model = TypeVar("Model", bound=BaseModel)
VALUE_SHOWN_CHARS = 80  # a pasted certificate or key file must not fill the screen


class Table(BaseModel):
    """One table of a settings file: nothing unknown in it, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Here:
    """Where a file is being read, for the checks that need more than the value itself."""

    folder: Path  # of the settings file; relative paths start there
    environ: Mapping[str, str]
    secrets: bool  # whether this process reads the secrets; others may not even be allowed to
    machine: bool  # whether folders are made and looked at
    seen: dict[str, set[str]] = field(default_factory=dict)

    @staticmethod
    def of(info: ValidationInfo) -> Here | None:
        return info.context if isinstance(info.context, Here) else None


@dataclass(frozen=True, slots=True)
class Mistake:
    key: str
    value: str
    wrong: str  # what is wrong with it, may be empty
    expected: str

    def __str__(self) -> str:
        wrong = f"{self.wrong}; " if self.wrong else ""
        value = f" = {self.value}" if self.value else ""
        return f"{self.key}{value}: {wrong}expected {self.expected}"


class SettingsMistakes(Exception):
    """The file cannot be used; the message has one line for each mistake."""

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        self.path = path
        self.mistakes = mistakes
        lines = [f"{path}: {len(mistakes)} to correct", *(f"  {each}" for each in mistakes)]
        super().__init__("\n".join(lines))


def read_settings(
    path: Path,
    model: type[Model],
    *,
    secrets: bool = False,
    machine: bool = True,
    environ: Mapping[str, str] = os.environ,
) -> Model:
    here = Here(path.absolute().parent, environ, secrets, machine)
    try:
        return model.model_validate(_toml(path), context=here)
    except ValidationError as error:
        mistakes = [_mistake(model, each) for each in error.errors(include_url=False)]
        raise SettingsMistakes(path, mistakes) from None


def _toml(path: Path) -> dict[str, Any]:
    readable = "a settings file in TOML that this user may read"
    try:
        # Editors of Windows begin a file with a byte order mark, which TOML does not know.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsMistakes(path, [Mistake("file", "", error.strerror or str(error), readable)]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsMistakes(path, [Mistake("file", "", str(error), readable)]) from None


def _mistake(model: type[BaseModel], error: Any) -> Mistake:
    place: tuple[str | int, ...] = error["loc"]
    found = field_at(model, place)
    key = _key(place, found)
    if error["type"] == "extra_forbidden":
        return Mistake(key, _shown(error["input"]), "no such key", _known(model, place))
    expected = (found.description if found else None) or "a table"
    if error["type"] == "missing":
        return Mistake(key, "", "is missing", expected)
    own_words = error["type"] == "value_error"
    secret = found is not None and SecretStr in (found.annotation, *get_args(found.annotation))
    value = "(not shown)" if secret else _shown(error["input"])
    return Mistake(key, value, str(error["ctx"]["error"]) if own_words else "", expected)


def _shown(value: object) -> str:
    """The value as TOML writes it, near enough to find it in the file."""
    match value:
        case dict():
            return "a table"
        case list():
            return "a list"
        case bool():
            return str(value).lower()
        case None:
            return ""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= VALUE_SHOWN_CHARS else text[:VALUE_SHOWN_CHARS] + "…"


def _key(place: tuple[str | int, ...], found: FieldInfo | None) -> str:
    """`[edge] name`, or `[[cloud]] 2, url` for the second table of that name."""
    table, *rest = place
    if rest and isinstance(rest[0], int):
        return f"[[{table}]] {rest[0] + 1}" + "".join(f", {part}" for part in rest[1:2])
    if not rest and found and get_origin(found.annotation) is list:
        return f"[[{table}]]"
    return f"[{table}]" + "".join(f" {part}" for part in rest[:1])


def _known(model: type[BaseModel], place: tuple[str | int, ...]) -> str:
    table = table_at(model, place[:-1])
    known = sorted(table.model_fields) if table else []
    near = difflib.get_close_matches(str(place[-1]), known, n=1)
    return near[0] if near else "one of " + ", ".join(known)


def table_at(model: type[BaseModel], place: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The model of the table at this place; tables of one name (a list) share it."""
    table: type[BaseModel] | None = model
    for part in place:
        if isinstance(part, str) and table is not None:
            found = table.model_fields.get(part)
            table = table_of(found) if found else None
    return table


def table_of(found: FieldInfo) -> type[BaseModel] | None:
    for kind in (found.annotation, *get_args(found.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def field_at(model: type[BaseModel], place: tuple[str | int, ...]) -> FieldInfo | None:
    names = [part for part in place if isinstance(part, str)]
    table = table_at(model, tuple(names[:1])) if len(names) > 1 else model
    return table.model_fields.get(names[min(len(names), 2) - 1]) if table and names else None
