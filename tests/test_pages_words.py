"""Both languages say everything, and nothing that is never said."""

import re
from pathlib import Path

import pytest

from pages.words import LANGUAGES, Words, chosen

ROOT = Path(__file__).parent.parent / "pages"
PLACES = re.compile(r"\{(\w+)\}")
# Keys as code and templates write them: whole, or as a beginning to which a word is added.
WHOLE = re.compile(r"[\"'`]([a-z_]+\.[a-z][\w-]*)[\"'`]")
BEGINNING = re.compile(r"[\"'`]([a-z_]+\.[a-z_]*)(?:\$?\{|[\"'`] ?[+~])")


def sources() -> str:
    files = [*ROOT.glob("*.py"), *ROOT.glob("templates/*.html"), *ROOT.glob("static/*.js")]
    return "\n".join(path.read_text("utf-8") for path in files)


def test_every_language_has_the_same_texts() -> None:
    keys = {language: set(Words(language).texts) for language in LANGUAGES}
    assert keys["id"] == keys["en"]


def test_a_text_has_the_same_places_in_every_language() -> None:
    texts = {language: Words(language).texts for language in LANGUAGES}
    different = [
        key
        for key, text in texts["id"].items()
        if isinstance(text, str) and set(PLACES.findall(text)) != set(PLACES.findall(str(texts["en"][key])))
    ]
    assert different == []


def test_every_text_is_used() -> None:
    said = sources()
    whole, beginnings = set(WHOLE.findall(said)), set(BEGINNING.findall(said))
    unused = [
        key
        for key in Words("id").texts
        if key not in whole
        and key.removesuffix(".one").removesuffix(".many") not in whole
        and not any(key.startswith(begin) for begin in beginnings)
    ]
    assert unused == []


def test_every_key_that_is_asked_for_exists() -> None:
    asked = re.findall(r"(?:\bt|_t|words|say|counted)\(\s*[\"']([a-z_]+\.[\w.-]+)[\"']", sources())
    texts = Words("id").texts
    assert len(asked) > 60
    assert [key for key in asked if key not in texts and f"{key}.one" not in texts] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rows", [0, 99_999, 123_456, 999_499, 87_654_321])
@pytest.mark.parametrize("state", ["ok", "catching-up", "offline", "not-admitted"])
def test_the_line_of_the_header_is_short(language: str, rows: int, state: str) -> None:
    from zoneinfo import ZoneInfo

    from pages.figures import Figures
    from pages.render import line_text
    from pages.sync_line import SyncLine

    figures = Figures(Words(language), ZoneInfo("Asia/Jakarta"))
    assert len(line_text(SyncLine(state, rows, 0), figures, 0)) <= 26


@pytest.mark.parametrize(
    ("asked", "cookie", "accept", "language"),
    [
        (None, None, None, "id"),
        (None, None, "de-DE,de;q=0.9,en;q=0.5", "en"),
        (None, None, "en;q=0.2, in-ID", "id"),
        (None, "en", "id", "en"),
        ("id", "en", "en", "id"),
        ("xx", None, "en-GB", "en"),
        (None, None, "en;q=nonsense", "en"),
    ],
)
def test_the_language_is_asked_for_then_remembered_then_the_browsers(
    asked: str | None, cookie: str | None, accept: str | None, language: str
) -> None:
    assert chosen(asked, cookie, accept) == language


def test_a_field_that_an_edge_did_not_send_is_a_question_mark() -> None:
    assert Words("en").filled("notice.other", {}) == "There is a notice: ?."
