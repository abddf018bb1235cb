"""A pairing that waits for a person, told by `kembar-sync pair` through a RAM file and shown on the LAN page.

The device code is not in it: who has that one gets the token.
"""

from edge.ramfile import RamFile
from pages.condition import PairingWait

NAME = "pairing"


def tell(ram: RamFile, waits: PairingWait, mono_ms: int) -> None:
    """`mono_ms`: how long this machine has been running, also while it slept."""
    until_ms = mono_ms + waits.left_ms
    ram.write(
        {"user_code": waits.user_code, "page": waits.page, "link": waits.link, "until_mono_ms": until_ms}
    )


def read(ram: RamFile, mono_ms: int) -> PairingWait | None:
    """None when none waits; a command that was killed leaves its file behind, which then has its own end."""
    try:
        told = ram.read()
    except OSError:  # of another user: the page goes on without it
        return None
    if told is None or not mono_ms < told["until_mono_ms"]:
        return None
    return PairingWait(told["user_code"], told["page"], told["link"], told["until_mono_ms"] - mono_ms)
