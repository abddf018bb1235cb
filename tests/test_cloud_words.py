"""The hosted site's own pages say everything in both languages, and nothing that is never said."""

import re
from pathlib import Path

from cloud.access import Role
from pages.words import LANGUAGES, Words

ROOT = Path(__file__).parent.parent
CLOUD = ROOT / "cloud"
PLACES = re.compile(r"\{(\w+)\}")
# Whole keys, and beginnings to which a word is added.
WHOLE = re.compile(r"[\"']([a-z_]+\.[a-z][\w-]*)[\"']")
BEGINNING = re.compile(r"[\"']([a-z_]+\.)(?:\{|[\"'] ?\+)")
# `t(word + ".title")`
ENDING = re.compile(r"\bword \+ [\"'](\.\w+)[\"']")


def own() -> dict[str, dict[str, str | list[str]]]:
    """What this package adds to the texts of pages/."""
    return {
        language: {key: text for key, text in Words(language, CLOUD / "texts").texts.items()
                   if key not in Words(language).texts}
        for language in LANGUAGES
    }  # fmt: skip


def sources() -> str:
    return "\n".join(
        path.read_text("utf-8") for path in [*CLOUD.glob("*.py"), *CLOUD.glob("templates/*.html")]
    )


def test_every_language_has_the_same_texts_with_the_same_places() -> None:
    texts = own()
    assert set(texts["id"]) == set(texts["en"])
    different = [
        key
        for key, text in texts["id"].items()
        if set(PLACES.findall(str(text))) != set(PLACES.findall(str(texts["en"][key])))
    ]
    assert different == []


def test_no_text_of_pages_is_said_otherwise_here() -> None:
    for language in LANGUAGES:
        both, theirs = Words(language, CLOUD / "texts").texts, Words(language).texts
        assert {key for key in theirs if both[key] != theirs[key]} == set()


def test_every_text_is_used() -> None:
    said = sources()
    whole, beginnings = set(WHOLE.findall(said)), set(BEGINNING.findall(said))
    endings = tuple(ENDING.findall(said))
    unused = [
        key
        for key in own()["id"]
        if key not in whole
        and key.removesuffix(".one").removesuffix(".many") not in whole
        and not any(key.startswith(begin) for begin in beginnings)
        and not key.endswith(endings)
    ]
    assert unused == []


def test_every_role_and_every_act_that_is_noted_has_a_name() -> None:
    texts = own()["id"]
    notes = re.findall(r"(?:note\([^)]*?|_note\(|\"role-changed\" if before else )\"([a-z-]+)\"", sources())
    assert len(notes) > 8
    assert [act for act in notes if f"act.{act}" not in texts] == []
    assert [role for role in Role if f"role.{role}" not in texts] == []
