"""What a reader of a hosted site finds beside its pages: other homes, people, the account, the way out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MenuLink:
    """`word` is the key of its text."""

    word: str
    url: str


@dataclass(frozen=True, slots=True)
class Menu:
    """`name`: of the account that is logged in; `leave`: where its form goes that logs out, "" when nobody is in.

    `csrf` is what each form of this reader carries.
    """

    name: str
    links: tuple[MenuLink, ...]
    leave: str
    csrf: str
