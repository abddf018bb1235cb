"""The card "twins compared": alike, differing, contradicting or not compared yet, in words and figures."""

from zoneinfo import ZoneInfo

from filled_house import NOW_MS

from pages.figures import Figures
from pages.proof_card import InfoCard, proof_card
from pages.words import Words
from store.comparisons import Proof

JAKARTA = ZoneInfo("Asia/Jakarta")


def card(proof: Proof, language: str = "en") -> InfoCard:
    words = Words(language)
    return proof_card(proof, NOW_MS, words, Figures(words, JAKARTA))


def test_the_sum_of_a_month_stands_on_the_card() -> None:
    made = card(Proof(30, 2_591_987, 2_591_987, 13, 0, NOW_MS - 60_000))
    assert (made.level, made.sign, made.state) == ("", "ok", "Alike")
    assert made.facts == [
        ("Equal in 30 days", "2,591,987 of 2,592,000"),
        ("Quarantined", "13"),
        ("Contradictions", "0"),
        ("Last compared", "1 minute ago"),
    ]
    assert card(Proof(30, 10, 10, 0, 0, NOW_MS), "id").facts[0] == ("Sama dalam 30 hari", "10 dari 10")


def test_a_difference_is_a_warning_and_a_contradiction_is_red() -> None:
    differ, contradict = card(Proof(30, 10, 7, 0, 0, NOW_MS)), card(Proof(30, 10, 7, 0, 2, NOW_MS))
    assert (differ.level, differ.state) == ("warn", "3 differ")
    assert (contradict.level, contradict.sign) == ("over", "over")


def test_what_was_never_compared_says_so() -> None:
    made = card(Proof(30, 0, 0, 0, 0, None))
    assert (made.state, made.facts) == ("Not yet", [])
