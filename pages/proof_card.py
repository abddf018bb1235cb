"""The card "twins compared" of the page "health": how many readings of a month both sides hold alike, as texts."""

from dataclasses import dataclass

from pages.figures import Figures
from pages.words import Words
from store.comparisons import Proof

Fact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class InfoCard:
    title: str
    level: str
    sign: str
    state: str
    note: str
    facts: list[Fact]


def proof_card(proof: Proof, now_ms: int, words: Words, figures: Figures) -> InfoCard:
    """`proof` of one cloud; before the first comparison it says so."""
    title, note = words("health.proof"), words("health.proof_note")
    if proof.at_ms is None:
        return InfoCard(title, "", "old", words("health.proof_none"), note, [])
    unequal = proof.rows - proof.equal
    facts = [
        (
            words("health.proof_equal", n=str(proof.days)),
            words("health.proof_of", equal=figures.count(proof.equal), total=figures.count(proof.total)),
        ),
        (words("health.proof_quarantined"), figures.count(proof.quarantined)),
        (words("health.proof_conflicts"), figures.count(proof.conflicts)),
        (words("health.proof_at"), figures.age(max(0, now_ms - proof.at_ms))),
    ]
    state = words("health.proof_differ", n=figures.count(unequal)) if unequal else words("health.proof_alike")
    level, sign = ("over", "over") if proof.conflicts else ("warn", "old") if unequal else ("", "ok")
    return InfoCard(title, level, sign, state, note, facts)
