"""A meter's key is its name for ever: what is read back is what was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.gap import CAUSES, Gap
from metering.reading import Meter

names = st.from_regex(r"[a-z0-9-]{1,16}(~[0-9a-f]{4})?", fullmatch=True)


@given(source=names, channel=st.integers(1, 99_999))
def test_a_key_gives_its_meter_back(source: str, channel: int) -> None:
    assert Meter.parse(Meter(source, channel).key) == Meter(source, channel)


@pytest.mark.parametrize(
    "key",
    ["garage", "garage/", "/1", "garage/one", "garage/-1", "garage/1.0", "", "/", "garage/ 1", "garage/²"],
)
def test_what_is_no_key_is_refused_with_an_example(key: str) -> None:
    with pytest.raises(ValueError, match="for example garage/1"):
        Meter.parse(key)


@pytest.mark.parametrize("key", ["garage/01", "garage/0", "garage/100000", "garage/" + "9" * 5000])
def test_a_meter_has_one_key_only_and_no_channel_that_cannot_be(key: str) -> None:
    with pytest.raises(ValueError, match="for example garage/1"):
        Meter.parse(key)


def test_a_source_may_contain_a_slash_the_last_one_counts() -> None:
    assert Meter.parse("a/b/2") == Meter("a/b", 2)


def test_meters_sort_by_source_then_channel_number() -> None:
    assert sorted([Meter("b", 1), Meter("a", 10), Meter("a", 2)]) == [
        Meter("a", 2),
        Meter("a", 10),
        Meter("b", 1),
    ]


def test_a_gap_counts_its_records_with_both_ends() -> None:
    assert Gap("garage", 7, 5, 9, "link", None, None).records == 5


def test_a_silence_has_no_records() -> None:
    assert Gap("garage", 7, 1, 0, "device-off", 0, 9).records == 0


@pytest.mark.parametrize("cause", CAUSES)
def test_every_word_of_the_list_explains(cause: str) -> None:
    assert Gap("garage", 7, 1, 1, cause, None, None).explained


def test_a_word_that_is_not_on_the_list_explains_nothing() -> None:
    assert not Gap("garage", 7, 1, 1, "weather", None, None).explained
