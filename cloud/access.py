"""Who may do what at a site: roles and acts, one table; pure, without accounts and HTTP."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What an account is at one site. A share link is none of them: it may LOOK, and nothing else."""

    OWNER = "owner"
    INSTALLER = "installer"
    VIEWER = "viewer"


class Act(StrEnum):
    LOOK = "look"  # pages, read API, exports
    NAME = "name"  # what people say of meters: names, rooms, limits
    PAIR = "pair"  # confirm an edge; see, rotate and revoke its tokens
    SHARE = "share"  # make and revoke share links; invite, give roles, remove members; read the audit log


ALLOWED: Mapping[Role, frozenset[Act]] = {
    Role.OWNER: frozenset(Act),
    Role.INSTALLER: frozenset({Act.LOOK, Act.NAME, Act.PAIR}),
    Role.VIEWER: frozenset({Act.LOOK}),
}
BY_SHARE = frozenset({Act.LOOK})
# Who typed the token that the settings give a site; a program that sends it may only look.
BY_TOKEN = frozenset({Act.LOOK, Act.NAME})


def allows(role: Role | None, act: Act) -> bool:
    """Whether a role allows an act; nobody (None) may do anything."""
    return role is not None and act in ALLOWED[role]
