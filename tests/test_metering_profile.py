"""Profiles: what is beyond or near a limit, what may be kept, and what of a strange change is understood."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.profile import MOST_NAME, Limit, Mistake, Profile, Verdict

VOLTS = Limit(198_000, 231_000)


@pytest.mark.parametrize(
    ("limit", "value", "verdict"),
    [
        (VOLTS, 231_001, "over"), (VOLTS, 231_000, "near-over"), (VOLTS, 227_700, "near-over"),
        (VOLTS, 227_699, None), (VOLTS, 201_301, None), (VOLTS, 201_300, "near-under"),
        (VOLTS, 198_000, "near-under"), (VOLTS, 197_999, "under"), (VOLTS, None, None),
        (Limit(high=3_500), 3_501, "over"), (Limit(high=3_500), 3_325, "near-over"), (Limit(high=3_500), 0, None),
        (Limit(low=850), 849, "under"), (Limit(low=850), 892, "near-under"), (Limit(low=850), 893, None),
        (Limit(), 10**9, None),
    ],
)  # fmt: skip
def test_where_a_value_lies(limit: Limit, value: int | None, verdict: Verdict | None) -> None:
    assert limit.verdict(value) == verdict


def test_a_profile_travels_as_a_whole() -> None:
    kept = Profile("AC kamar", "Kamar depan", 2, "L1", {"voltage_mv": VOLTS, "current_ma": Limit(high=3_500)})
    assert Profile.read(kept.value()) == kept
    assert kept.check() == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(("name", "room", "colour", "phase", "limits", "icon"))


@given(JSON | st.dictionaries(FIELDS, JSON))
def test_whatever_came_as_a_change_gives_a_profile(value: Any) -> None:
    assert Profile.read(Profile.read(value).value()) == Profile.read(value)


def test_limits_that_are_not_understood_count_as_never_set() -> None:
    limits = {
        "voltage_mv": [198_000], "current_ma": [None, None], "power_mw": [1, "2"], "weather": [1, 2],
        "frequency_mhz": [49_500, True], "power_factor_milli": [850, None],
    }  # fmt: skip
    assert Profile.read({"limits": limits}).limits == {"power_factor_milli": Limit(low=850)}


@pytest.mark.parametrize(
    ("profile", "mistakes"),
    [
        (Profile(name="n" * (MOST_NAME + 1)), [Mistake("name", "long")]),
        (Profile(room="a\nb"), [Mistake("room", "long")]),
        (Profile(limits={"power_mw": Limit(900_000, 800_000)}), [Mistake("power_mw.low", "order")]),
        (Profile(limits={"power_mw": Limit(5, 5)}), [Mistake("power_mw.low", "order")]),
        (Profile(limits={"voltage_mv": Limit(-1, 10**9)}),
         [Mistake("voltage_mv.low", "range"), Mistake("voltage_mv.high", "range")]),
    ],
)  # fmt: skip
def test_what_may_not_be_kept(profile: Profile, mistakes: list[Mistake]) -> None:
    assert profile.check() == mistakes
