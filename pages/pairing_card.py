"""The card of the page "health" with the code of a pairing that waits for a person, as texts and QR."""

from dataclasses import dataclass

from markupsafe import Markup

from pages.condition import PairingWait
from pages.figures import Figures
from pages.qr import qr
from pages.words import Words


@dataclass(frozen=True, slots=True)
class PairingCard:
    """`place`: the address to type, without what browsers add by themselves."""

    code: str
    place: str
    link: str
    qr: Markup
    left: str


def pairing_card(waits: PairingWait, words: Words, figures: Figures) -> PairingCard:
    left = words("health.pairing_left", span=figures.duration(waits.left_ms))
    return PairingCard(waits.user_code, waits.page.partition("://")[2], waits.link, qr(waits.link), left)
