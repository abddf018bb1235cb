"""Every route of the hosted site times every kind of visitor: what the policy says, and what the real server answers.

The policy is written down here once more, by hand, and takes nothing from cloud/access.py. `make roles` asks a server
and writes docs/roles.md; tests/test_cloud_every_door.py holds both against each other.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import requests
from hosted import OTHER_TOKEN, TOKEN, Hosted, hosted
from madeparts import row
from visiting import CSRF, Visiting, secret_of

from cloud.access import Role
from cloud.tokens import Grant, Tokens
from pages.app import wall_ms
from store.part import Part
from sync import grant as words
from sync.batch import Batch

PAGE = Path(__file__).parent.parent / "docs" / "roles.md"
BEGIN, END = "<!-- roles -->\n", "<!-- /roles -->"
HOUR_MS = 3_600_000
# The home that all of them ask for, and one that there is none of.
HOME, NO_HOME = "rumah", "there-is-none"


@dataclass(frozen=True, slots=True)
class Who:
    """`acts`: what this visitor may do at HOME; `bearer`: "settings" or "paired", "" where no token is sent."""

    name: str
    acts: frozenset[str] = frozenset()
    account: bool = False
    bearer: str = ""


def who(name: str, acts: str = "", account: bool = False, bearer: str = "") -> Who:
    return Who(name, frozenset(acts.split()), account, bearer)


VISITORS: tuple[Who, ...] = (
    who("nobody"),
    who("share link", "look"),
    who("typed token", "look name"),
    who("viewer", "look", account=True),
    who("installer", "look name pair", account=True),
    who("owner", "look name pair share", account=True),
    who("token", "look", bearer="settings"),
    who("paired edge", "look", bearer="paired"),
    who("owner elsewhere", account=True),
    who("share elsewhere"),
    who("token elsewhere", bearer="settings"),
    who("edge elsewhere", bearer="paired"),
)
# They may do nothing at HOME, and must not learn that it is there.
STRANGERS: tuple[str, ...] = tuple(one.name for one in VISITORS if not one.acts)


def _at_home(act: str) -> Callable[[Who, int], int]:
    """Who may not even look is sent to the login as from a home that does not exist."""
    return lambda who, good: 303 if "look" not in who.acts else good if act in who.acts else 403


RULES: Mapping[str, Callable[[Who, int], int]] = {
    "everybody": lambda _who, good: good,
    "account": lambda who, good: good if who.account else 303,
    "look": _at_home("look"),
    "name": _at_home("name"),
    "pair": _at_home("pair"),
    "share": _at_home("share"),
    "read": lambda who, good: good if "look" in who.acts else 401,
    # Of its own home, which no address names: another home's token reaches that other home.
    "edge": lambda who, good: good if who.bearer else 401,
    "paired": lambda who, good: {"paired": good, "settings": 403}.get(who.bearer, 401),
}


@dataclass(frozen=True, slots=True)
class Door:
    """One route with a request that does something there; `good`: the answer to who may."""

    method: str
    path: str
    rule: str
    good: int = 200
    query: str = ""
    form: Mapping[str, str | int] = field(default_factory=dict)
    body: bytes = b""
    kind: str = "application/json"
    packed: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def expected(self, who: Who) -> int:
        return RULES[self.rule](who, self.good)

    @property
    def is_form(self) -> bool:
        return self.method == "POST" and not self.path.startswith("/api/")

    def url(self, key: str = HOME) -> str:
        path = self.path.replace("<key>", key).replace("<name:path>", "base.css")
        return f"{path}?{self.query}" if self.query else path


def _reads() -> Iterator[Door]:
    for name in ("energy", "gaps", "health", "latest", "ledger", "meters", "readings", "series"):
        query = "meter=garage/1" if name in ("energy", "series", "readings") else ""
        yield Door("GET", f"/api/v1/sites/<key>/{name}", "read", query=query)


def _pages() -> Iterator[Door]:
    yield Door("GET", "/sites/<key>", "look", 303)
    for name in ("", "health", "history", "history.csv", "manifest.webmanifest", "meters", "recap"):
        yield Door("GET", f"/sites/<key>/{name}", "look")
    yield Door("GET", "/sites/<key>/meter", "look", query="meter=garage/1")
    yield Door("POST", "/sites/<key>/meter", "name", 303, "meter=garage/1", {"name": "Garasi"})
    for name, rule in (("edges", "pair"), ("people", "share"), ("shares", "share"), ("log", "share")):
        yield Door("GET", f"/sites/<key>/{name}", rule)
    yield Door("POST", "/sites/<key>/edges", "pair", 303, form={"way": "revoke", "token": 99})
    invite = {"way": "invite", "role": "viewer", "about": "x"}
    yield Door("POST", "/sites/<key>/people", "share", form=invite)
    yield Door("POST", "/sites/<key>/shares", "share", form={"way": "make", "label": "x", "days": 7})


def _intake() -> Iterator[Door]:
    now_ms = time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS
    hour = {"v": 1, "from_ms": now_ms - HOUR_MS, "to_ms": now_ms, "columns": ["power_mw"], "source": "garage"}
    of_stream = orjson.dumps({"v": 1, "source": "garage", "boot": 7, "after": 0})
    for name, body in (
        ("digests", orjson.dumps(hour)), ("digests/rows", orjson.dumps(hour)), ("latest", b'{"v":1,"meters":[]}'),
        ("streams", b"{}"), ("streams/changes", of_stream), ("streams/gaps", of_stream),
        ("streams/cursors", b'[["garage",7]]'),
    ):  # fmt: skip
        yield Door("POST", f"/api/v1/{name}", "edge", body=body)
    for name in ("batches", "mends"):
        yield Door("POST", f"/api/v1/{name}", "edge", body=Batch((), "rumah").encode(), packed=True)


def _pairing() -> Iterator[Door]:
    client = f"client_id={words.CLIENT_ID}"
    wish = f"{client}&edge=rumah&version=1".encode()
    yield Door("POST", words.PAIR, "everybody", body=wish, kind=words.FORM)
    grant = f"{client}&grant_type={words.GRANT_TYPE}&device_code=x".encode()
    yield Door("POST", words.PAIR_TOKEN, "everybody", 400, body=grant, kind=words.FORM)
    for path in (words.ROTATE, words.REVOKE):
        yield Door("POST", path, "paired", kind=words.FORM)


def _entrances() -> Iterator[Door]:
    yield Door("GET", "/", "everybody", query="form")
    for path in ("/invite", "/reset", "/s", "/healthz", "/api/v1/openapi.json", "/static/<name:path>"):
        yield Door("GET", path, "everybody")
    # Where an account is by invitation, nobody signs up.
    yield Door("GET", "/signup", "everybody", 404)
    yield Door("POST", "/signup", "everybody", 404, form={"login": "x", "new": "x"})
    for path, status in (("/invite", 404), ("/reset", 422), ("/s", 404)):
        yield Door("POST", path, "everybody", status, form={"code": "no such secret", "new": "x"})
    yield Door("POST", "/login", "everybody", 403, form={"token": "no such token"})
    for path in ("/account", "/fleet", "/new", "/pair"):
        yield Door("GET", path, "account")
    yield Door("POST", "/account", "account", 303, form={"way": "leave", "site": NO_HOME})
    yield Door("POST", "/new", "account", 422, form={"title": ""})
    yield Door("POST", "/pair", "account", 404, form={"way": "confirm", "code": "BBBBBBBB", "site": HOME})
    # Last: it ends what the visitor came with.
    yield Door("POST", "/logout", "everybody", 303)


DOORS: tuple[Door, ...] = (*_reads(), *_pages(), *_intake(), *_pairing(), *_entrances())
OF_A_HOME: tuple[Door, ...] = tuple(door for door in DOORS if "<key>" in door.path)


class Asker(Visiting):
    """One visitor at a real server, with an address of its own, so that none uses up what another may ask."""

    def __init__(self, url: str, who: Who, number: int, bearer: str = "") -> None:
        super().__init__(url)
        self.who = who
        self.headers["X-Forwarded-For"] = f"203.0.113.{number}"
        self._bearer = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        self._csrf = ""

    def ask(self, door: Door, key: str = HOME, **other: Any) -> requests.Response:
        """`other`: fields of its form in place of those of the table."""
        url, headers, data = self.url + door.url(key), dict(self._bearer), None
        if door.is_form:
            self._csrf = self._csrf or self.csrf()
            data = {"csrf": self._csrf, **door.form, **other}
        elif door.method == "POST":
            headers["Content-Type"] = door.kind
            headers |= {"Content-Encoding": "gzip"} if door.packed else {}
        return self.request(
            door.method, url, data=data or door.body, headers=headers, allow_redirects=False, timeout=20
        )


@contextmanager
def askers(cloud: Hosted) -> Iterator[dict[str, Asker]]:
    """All visitors by their names, each let in by its own way, and rows at the home that they ask for."""
    cloud.batch(Part("garage", 7, 0, [row(1)]))
    with ExitStack() as opened:
        tokens = {"token": TOKEN, "token elsewhere": OTHER_TOKEN}
        tokens |= {"paired edge": paired(cloud, 1), "edge elsewhere": paired(cloud, 2)}
        made = {
            one.name: opened.enter_context(Asker(cloud.url, one, n, tokens.get(one.name, "")))
            for n, one in enumerate(VISITORS, 1)
        }
        for role in Role:
            made[role].join(cloud.invited(1, role), f"the-{role}")
        made["owner elsewhere"].join(cloud.invited(2, Role.OWNER), "the-other-owner")
        made["typed token"].enter(TOKEN)
        for guest, owner, key in (
            ("share link", "owner", "rumah"),
            ("share elsewhere", "owner elsewhere", "kos"),
        ):
            shared = made[owner].submit(f"/sites/{key}/shares", way="make", label="x", days=7)
            made[guest].submit("/s", code=secret_of(shared))
        yield made


def paired(cloud: Hosted, site: int) -> str:
    with cloud.database() as db, db.write():
        return Tokens(wall_ms).make(db, Grant(site, "pi", None, ""))[1]


def seen(cloud: Hosted) -> dict[tuple[str, str], int]:
    """The status of every door, by its name and that of the visitor."""
    with askers(cloud) as made:
        return {(door.name, name): made[name].ask(door).status_code for door in DOORS for name in made}


def table(found: Mapping[tuple[str, str], int]) -> str:
    names = [one.name for one in VISITORS]
    lines = ["| route | who may | " + " | ".join(names) + " |", "|---|---" + "|---" * len(names) + "|"]
    for door in sorted(DOORS, key=lambda one: (one.path, one.method)):
        cells = [f"{door.expected(one)} {found[door.name, one.name]}" for one in VISITORS]
        lines.append(f"| `{door.name.replace(':path', '')}` | {door.rule} | {' | '.join(cells)} |")
    return "\n".join(lines)


def filled(page: str, text: str) -> str:
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{text}\n\n{END}{rest.partition(END)[2]}"


def plain(answer: requests.Response, key: str) -> tuple[int, dict[str, str], str]:
    """An answer without what names the home that was asked for, and without what differs each time."""
    home, own = f"/sites/{key}", ("Date", "Content-Length")
    headers = {name: text.replace(home, "HOME") for name, text in answer.headers.items() if name not in own}
    return answer.status_code, headers, CSRF.sub("", answer.text).replace(home, "HOME")


if __name__ == "__main__":
    with TemporaryDirectory() as folder, hosted(Path(folder) / "cloud.db") as here:
        PAGE.write_text(filled(PAGE.read_text("utf-8"), table(seen(here))), "utf-8")
