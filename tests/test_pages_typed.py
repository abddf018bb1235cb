"""Numbers as people type them: in their language, with either keyboard, exactly."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.figures import Figures
from pages.typed import NotANumber, typed_number
from pages.words import LANGUAGES, Words

WORDS = {language: Words(language) for language in LANGUAGES}


@pytest.mark.parametrize(
    ("language", "text", "small"),
    [
        ("id", "231", 231_000), ("id", "231,5", 231_500), ("id", "231.5", 231_500), ("id", "1.234", 1_234_000),
        ("id", "1.234,5", 1_234_500), ("id", "0,85", 850), ("id", "-5", -5_000), ("id", " 1 200 ", 1_200_000),
        ("en", "231.5", 231_500), ("en", "231,5", 231_500), ("en", "1,234", 1_234_000), ("en", "1.234", 1_234),
        ("en", "1,234.5", 1_234_500), ("id", "", None), ("id", "—", None), ("en", "  ", None),
        ("en", "0.0004", 0), ("en", "0.0006", 1), ("id", "12.345.678,9", 12_345_678_900),
    ],
)  # fmt: skip
def test_it_is_understood(language: str, text: str, small: int | None) -> None:
    assert typed_number(text, WORDS[language], 1000) == small


@pytest.mark.parametrize("text", ["abc", "1,2,3", "1.2.3", "12 V", "1e3", "1.23,4", "--5", "9" * 30, "NaN"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_none_is_refused(language: str, text: str) -> None:
    with pytest.raises(NotANumber):
        typed_number(text, WORDS[language], 1000)


@given(st.integers(-(10**12), 10**12), st.integers(0, 3))
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_page_shows_is_understood_again(language: str, value: int, decimals: int) -> None:
    """Also a number of thousands: as it is written in this language, it is read in this language."""
    words = WORDS[language]
    text = Figures(words, ZoneInfo("UTC")).number(value, 1000, decimals)
    step = 10 ** (3 - decimals)
    assert typed_number(text, words, 1000) == step * ((2 * value + step) // (2 * step))
