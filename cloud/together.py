"""Taking together: what edges of several sites offer at once, in one transaction; each keeps the rules of its own.

A transaction costs its round trips and its way to the disk, whatever is in it. Where many edges wait, they share one.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar

from store.database import Database, Question

Taken = TypeVar("Taken", covariant=True)


class Offer(Protocol[Taken]):
    """What one edge has for its site: asked for first, then stored, both inside a write transaction of the site."""

    @property
    def site(self) -> int: ...

    def questions(self) -> Sequence[Question[Any]]:
        """All that it wants to know before it is stored."""

    def store(self, answers: Sequence[Any]) -> Taken:
        """`answers` to its questions, in their order. Called once more when a transaction was rolled back."""


def take_alone(db: Database, offer: Offer[Taken]) -> Taken:
    """Waits for whoever writes at its site."""
    with db.write(offer.site):
        return offer.store(db.together(offer.questions()))


def take_together(db: Database, offers: Sequence[Offer[Taken]]) -> dict[int, Taken]:
    """What was taken, by its site: all but those at which somebody else writes now. At most one offer of a site.

    All or nothing: raises what any of them raises.
    """
    taken = {}
    with db.write_where_free([offer.site for offer in offers]) as free:
        mine = [offer for offer in offers if offer.site in free]
        asked = [offer.questions() for offer in mine]
        answers = iter(db.together([question for each in asked for question in each]))
        for offer, questions in zip(mine, asked, strict=True):
            taken[offer.site] = offer.store(list(islice(answers, len(questions))))
    return taken
