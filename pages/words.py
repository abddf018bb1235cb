"""The texts of one language from pages/texts, looked up by dotted keys; no figures and no HTML here."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LANGUAGES: tuple[str, ...] = ("id", "en")
_FOLDER = Path(__file__).with_name("texts")


class Words:
    """`words("age.seconds", n=3)`: the text with its places filled; a key that does not exist is an error."""

    def __init__(self, language: str, *more: Path) -> None:
        """`more`: folders with further texts, whose tables have names of their own."""
        self.language = language
        self.texts: dict[str, str | list[str]] = {}
        for folder in (_FOLDER, *more):
            self.texts |= _flat(tomllib.loads((folder / f"{language}.toml").read_text("utf-8")))

    def __call__(self, key: str, **places: object) -> str:
        text = self.texts[key]
        if isinstance(text, list):
            raise TypeError(f"{key} is a list; use names()")
        return text.format_map(places) if places else text

    def filled(self, key: str, fields: Mapping[str, object]) -> str:
        """The text with fields that came from elsewhere; a place nobody filled reads "?"."""
        return self(key).format_map(_Fields(fields))

    def counted(self, key: str, n: int, shown: str) -> str:
        """The text for n things: `<key>.one` or `<key>.many`, with {n} shown as `shown`."""
        return self(f"{key}.{'one' if n == 1 else 'many'}", n=shown)

    def has(self, key: str) -> bool:
        return key in self.texts

    def names(self, key: str) -> list[str]:
        """A list of names, such as the months."""
        names = self.texts[key]
        if isinstance(names, str):
            raise TypeError(f"{key} is one text; call it")
        return names

    def below(self, prefix: str) -> dict[str, str]:
        """All plain texts below a prefix, without it: what a script needs to speak the page's language."""
        start = prefix + "."
        return {
            key.removeprefix(start): text
            for key, text in self.texts.items()
            if key.startswith(start) and isinstance(text, str)
        }


class _Fields(dict[str, object]):
    def __missing__(self, _name: str) -> object:
        return "?"


def chosen(asked: str | None, cookie: str | None, accept: str | None) -> str:
    """The language of a page: asked for, else remembered, else the browser's, else Indonesian."""
    for wish in (asked, cookie, *_preferred(accept or "")):
        if wish in LANGUAGES:
            return wish
    return LANGUAGES[0]


def _preferred(accept: str) -> list[str]:
    """Primary tags of an Accept-Language header, most wanted first ("in" is Indonesian's old tag)."""
    wishes = []
    for place, part in enumerate(accept.split(",")[:20]):
        tag, _, quality = part.strip().partition(";q=")
        primary = tag.split("-")[0].lower()
        wishes.append((-_weight(quality), place, "id" if primary == "in" else primary))
    return [tag for _, _, tag in sorted(wishes)]


def _weight(quality: str) -> float:
    try:
        return float(quality or 1)
    except ValueError:
        return 0.0


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found
