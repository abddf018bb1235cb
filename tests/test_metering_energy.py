"""Energy between counter values: what was used, whatever happened to the counter."""

from hypothesis import given
from hypothesis import strategies as st

from metering.energy import RATED_POWER_W, WRAP_WH, Step, across, differences

SECOND_MS, HOUR_MS = 1_000, 3_600_000
# 23 kW for a second are 6.4 Wh: the counter may show 6 more, and 1 Wh of rounding.
MOST_IN_A_SECOND_WH = RATED_POWER_W // 3600 + 1


def only_step(*counters: tuple[int, int]) -> Step:
    [step] = differences(counters)
    return step


def test_use_is_the_difference_of_the_counter() -> None:
    assert only_step((0, 1200), (HOUR_MS, 1450)) == Step(HOUR_MS, 250, None, 1200, 1450)


def test_one_value_alone_tells_nothing() -> None:
    assert list(differences([(0, 1200)])) == []


def test_no_values_tell_nothing() -> None:
    assert list(differences([])) == []


def test_a_counter_that_stands_still_used_nothing() -> None:
    assert only_step((0, 7), (SECOND_MS, 7)) == Step(SECOND_MS, 0, None, 7, 7)


def test_energy_used_across_a_gap_is_in_the_next_difference() -> None:
    week_ms = 7 * 24 * HOUR_MS
    assert only_step((0, 1000), (week_ms, 91_000)).wh == 90_000


def test_the_most_a_meter_can_measure_in_a_second_is_plain_use() -> None:
    step = only_step((0, 500), (SECOND_MS, 500 + MOST_IN_A_SECOND_WH))
    assert (step.wh, step.event) == (MOST_IN_A_SECOND_WH, None)


def test_more_than_rated_power_and_time_allow_is_an_exchanged_meter_and_counts_nothing() -> None:
    step = only_step((0, 500), (SECOND_MS, 500 + MOST_IN_A_SECOND_WH + 1))
    assert (step.wh, step.event) == (0, "exchange")


def test_one_watt_hour_may_appear_in_no_time_because_the_counter_moves_in_steps() -> None:
    assert only_step((0, 500), (0, 501)).event is None
    assert only_step((0, 500), (0, 502)).event == "exchange"


def test_the_rated_power_of_the_meter_decides_what_is_too_much() -> None:
    [step] = differences([(0, 0), (HOUR_MS, 2_002)], rated_power_w=2_000)
    assert step.event == "exchange"
    [step] = differences([(0, 0), (HOUR_MS, 2_001)], rated_power_w=2_000)
    assert step.event is None


def test_time_that_runs_backwards_allows_no_energy_but_the_step_of_the_counter() -> None:
    assert only_step((HOUR_MS, 500), (0, 501)).event is None
    assert only_step((HOUR_MS, 500), (0, 510)).event == "exchange"


def test_a_counter_over_its_top_goes_on_from_zero_and_loses_nothing() -> None:
    step = only_step((0, WRAP_WH - 3), (SECOND_MS, 2))
    assert step == Step(SECOND_MS, 5, "wrap", WRAP_WH - 3, 2)


def test_a_counter_that_starts_again_near_zero_was_reset_and_what_it_shows_was_used() -> None:
    assert only_step((0, 5_000), (SECOND_MS, 4)) == Step(SECOND_MS, 4, "reset", 5_000, 4)


def test_a_reset_to_exactly_what_the_time_allows_is_still_a_reset() -> None:
    assert only_step((0, 5_000), (SECOND_MS, MOST_IN_A_SECOND_WH)).event == "reset"
    assert only_step((0, 5_000), (SECOND_MS, MOST_IN_A_SECOND_WH + 1)).event == "exchange"


def test_another_meter_with_a_lower_counter_is_an_exchange_and_counts_nothing() -> None:
    assert only_step((0, 900_000), (SECOND_MS, 40_000)) == Step(SECOND_MS, 0, "exchange", 900_000, 40_000)


def test_a_wrap_is_preferred_to_a_reset_where_both_could_be() -> None:
    assert only_step((0, WRAP_WH - 1), (SECOND_MS, 1)).event == "wrap"


def test_a_counter_beyond_the_top_of_a_pzem_never_wraps_backwards() -> None:
    step = only_step((0, WRAP_WH + 50), (SECOND_MS, 3))
    assert (step.wh, step.event) == (3, "reset")


def test_a_pzem_counts_to_9999_999_kwh_and_then_from_zero() -> None:
    assert only_step((0, 9_999_999), (SECOND_MS, 0)) == Step(SECOND_MS, 1, "wrap", 9_999_999, 0)


def test_a_wrap_is_no_more_than_power_and_time_allow() -> None:
    assert only_step((0, WRAP_WH - 1), (SECOND_MS, MOST_IN_A_SECOND_WH - 1)).event == "wrap"
    assert only_step((0, WRAP_WH - 1), (SECOND_MS, MOST_IN_A_SECOND_WH)).event == "reset"


def test_a_meter_for_100_amperes_measures_23_kilowatts_at_most() -> None:
    assert only_step((0, 0), (HOUR_MS, 23_001)).event is None
    assert only_step((0, 0), (HOUR_MS, 23_002)).event == "exchange"


used_each_second = st.lists(st.integers(0, MOST_IN_A_SECOND_WH - 1), max_size=50)


@given(start=st.integers(0, WRAP_WH - 1), used=used_each_second)
def test_without_an_exchange_the_differences_add_up_to_what_was_used(start: int, used: list[int]) -> None:
    truth, counters = start, [(0, start)]
    for second, wh in enumerate(used, 1):
        truth += wh
        counters.append((second * SECOND_MS, truth % WRAP_WH))
    assert sum(step.wh for step in differences(counters)) == sum(used)


@given(used=used_each_second, kept=st.data())
def test_leaving_readings_out_does_not_change_the_total(used: list[int], kept: st.DataObject) -> None:
    counters = [(0, 100)]
    for second, wh in enumerate(used, 1):
        counters.append((second * SECOND_MS, counters[-1][1] + wh))
    inner = kept.draw(st.lists(st.sampled_from(counters), unique=True)) if counters[1:-1] else []
    thinned = sorted({counters[0], counters[-1], *inner})
    assert sum(step.wh for step in differences(thinned)) == sum(used)


def test_across_a_gap_the_counter_tells_what_was_used() -> None:
    assert across((0, 1200), (HOUR_MS, 1450)) == 250
    assert across((0, 1200), (HOUR_MS, 1200)) == 0


def test_across_a_gap_a_wrap_and_a_reset_are_recognised() -> None:
    assert across((0, WRAP_WH - 10), (HOUR_MS, 5)) == 15
    assert across((0, 5_000_000), (HOUR_MS, 40)) == 40


def test_across_a_gap_another_meters_counter_tells_nothing() -> None:
    assert across((0, 100), (SECOND_MS, 900_000)) is None


def test_across_a_gap_two_values_are_needed() -> None:
    assert across(None, (HOUR_MS, 1450)) is None
    assert across((0, 1200), None) is None
