"""Small looks at values that came as JSON: each gives the value with its type, or BadShape in words.

`what` is the field's name as the sender knows it.
"""

import re
from typing import Any

import orjson

from metering.quantity import MOST_EXACT
from store.part import Hole
from sync.grant import VERSION_MOST_CHARS
from sync.rejection import BadShape, WrongVersion

# Sources, edges, causes: a device's name has 16 characters, a second board's 21 (name~hhhh), a link's more.
_NAME = re.compile(r"[\w.:~@+-]{1,64}")
_VERSION = re.compile(rf"[!-~]{{1,{VERSION_MOST_CHARS}}}")
# Of batches and of live posts.
VERSION = 1
# What a change is about; the value itself is bounded by the batch.
MOST_KEY_CHARACTERS = 200


def spoken(version: Any, what: str) -> None:
    if version != VERSION:
        raise WrongVersion(f"{what} version {repr(version)[:20]} is not spoken here; expected {VERSION}")


def table(value: Any, what: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise BadShape(f"{what}: an object expected")


def listed(value: Any, what: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise BadShape(f"{what}: a list expected")


def name(value: Any, what: str) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise BadShape(f"{what}: 1 to 64 letters, digits and _.:~@+- expected")


def is_version(value: Any) -> bool:
    """Whether it can be the version of a program: what the other side says of itself is shown to people."""
    return isinstance(value, str) and _VERSION.fullmatch(value) is not None


def version(value: Any, what: str) -> str:
    if is_version(value):
        return str(value)
    raise BadShape(f"{what}: 1 to {VERSION_MOST_CHARS} printable ASCII characters without spaces expected")


def natural(value: Any, what: str, least: int = 0) -> int:
    if type(value) is int and least <= value <= MOST_EXACT:
        return value
    raise BadShape(f"{what}: an integer from {least} to {MOST_EXACT} expected")


def flag(value: Any, what: str) -> bool:
    if isinstance(value, bool):
        return value
    raise BadShape(f"{what}: true or false expected")


def hole(value: Any) -> Hole:
    """[from, to, cause, from_ms, to_ms]; causes that are not known yet are taken as they are."""
    fields = listed(value, "hole")
    if len(fields) != 5:
        raise BadShape("hole: [from, to, cause, from_ms, to_ms] expected")
    times = [None if ms is None else natural(ms, "hole time") for ms in fields[3:]]
    from_seq = natural(fields[0], "hole from", least=1)
    return Hole(
        from_seq,
        natural(fields[1], "hole to", least=from_seq),
        name(fields[2], "hole cause"),
        *times,
    )


def change(value: Any) -> tuple[int, str, str, int, str]:
    """[seq, kind, key, rev, value]; the value is any JSON and is kept as text."""
    fields = listed(value, "change")
    if len(fields) != 5:
        raise BadShape("change: [seq, kind, key, rev, value] expected")
    seq, rev = natural(fields[0], "change seq", least=1), natural(fields[3], "change rev", least=1)
    key = fields[2]
    if not isinstance(key, str) or len(key) > MOST_KEY_CHARACTERS:
        raise BadShape(f"change key: a text of at most {MOST_KEY_CHARACTERS} characters expected")
    try:
        text = orjson.dumps(fields[4]).decode()
    except orjson.JSONEncodeError as error:
        raise BadShape(f"change value: {error}") from error
    return seq, name(fields[1], "change kind"), key, rev, text
