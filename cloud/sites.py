"""The sites of this host: those of the settings file with their tokens, and all that the database knows.

A site that one process makes is found by the others at once: the database is asked for every key that is not known
yet. What is remembered of a site never changes: its number and its key.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from threading import Lock

from cloud.connections import Connections
from store.database import Database

# Sites remembered so that no request asks for one again; beyond it all are forgotten and asked for anew.
MOST_REMEMBERED = 20_000
# Sites named in one query: far below the 32 766 values that SQLite takes.
MOST_ASKED = 500


@dataclass(frozen=True, slots=True)
class HostedSite:
    """`number` is local to this database; `digest` the SHA-256 of the token that the settings give it, if any."""

    number: int
    key: str
    title: str
    public: bool = False
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class SiteSetting:
    """What the settings say of one site."""

    key: str
    token: str
    title: str | None = None
    public: bool = False


class Sites:
    """Finds sites by key, number and token. Safe for threads."""

    def __init__(self, settings: Iterable[SiteSetting], connections: Connections) -> None:
        self._connections = connections
        self._set: dict[str, HostedSite] = {}
        settings = list(settings)
        numbers = numbers_of(connections.mine(), [setting.key for setting in settings])
        for setting in settings:
            title, digest = setting.title or setting.key, token_digest(setting.token)
            number = numbers[setting.key]
            self._set[setting.key] = HostedSite(number, setting.key, title, setting.public, digest)
        self._by_digest = {site.digest: site for site in self._set.values()}
        if len(self._by_digest) < len(self._set):
            raise ValueError("two sites have the same token; each needs its own")
        self._paired: Callable[[Sequence[str]], Mapping[str, int]] = lambda _digests: {}
        self.public = frozenset(site.number for site in self._set.values() if site.public)
        self._known: dict[str, HostedSite] = dict(self._set)
        self._numbered: dict[int, HostedSite] = {}
        self._lock = Lock()

    def by_key(self, key: str) -> HostedSite | None:
        """None where there is no such site; only what is there is remembered."""
        found = self._known.get(key)
        if found is None:
            found = next(iter(self._rows("s.name = ?", key)), None)
        return found

    def by_numbers(self, numbers: Iterable[int]) -> list[HostedSite]:
        """In the order of their titles; each is asked for once in the life of this process, many at a time."""
        wanted = list(numbers)
        found = {number: self._numbered.get(number) for number in wanted}
        unknown = [number for number in wanted if found[number] is None]
        for begin in range(0, len(unknown), MOST_ASKED):
            some = unknown[begin : begin + MOST_ASKED]
            found |= {
                site.number: site for site in self._rows(f"s.id IN ({', '.join('?' * len(some))})", *some)
            }
        return sorted(filter(None, found.values()), key=lambda site: (site.title.casefold(), site.number))

    def all(self) -> list[HostedSite]:
        """Those of the settings, in their order."""
        return list(self._set.values())

    def by_number(self, number: int) -> HostedSite | None:
        return next(iter(self.by_numbers([number])), None)

    def ask_for_paired(self, sites_of: Callable[[Sequence[str]], Mapping[str, int]]) -> None:
        """`sites_of`: the numbers of the sites whose paired edges have these tokens, by the tokens' digests in hex."""
        self._paired = sites_of

    def by_token(self, token: str) -> HostedSite | None:
        """The site of a token of the settings. How long it takes tells nothing: only digests meet digests."""
        digest = token_digest(token)
        site = self._by_digest.get(digest)
        return site if site is not None and compare_digest(site.digest or b"", digest) else None

    def by_bearer(self, header: str | None) -> HostedSite | None:
        """The site of an `Authorization: Bearer ...` header: a token of the settings, or of a paired edge."""
        return self.by_bearers([header])[0]

    def by_bearers(self, headers: Sequence[str | None]) -> list[HostedSite | None]:
        """The site of each, asked for together."""
        tokens = [bearer_of(header) for header in headers]
        found = [self.by_token(token) if token else None for token in tokens]
        digests = [
            "" if site or not token else token_digest(token).hex()
            for token, site in zip(tokens, found, strict=True)
        ]
        wanted = [digest for digest in digests if digest]
        paired = self._paired(wanted) if wanted else {}
        sites = {site.number: site for site in self.by_numbers(set(paired.values()))}
        return [site or sites.get(paired.get(digest, 0)) for site, digest in zip(found, digests, strict=True)]

    def _rows(self, where: str, *values: str | int) -> list[HostedSite]:
        rows = (
            self._connections.mine()
            .execute(
                "SELECT s.id, s.name, coalesce(h.title, s.name) FROM sites s"
                f" LEFT JOIN homes h ON h.site = s.id WHERE {where}",
                values,
            )
            .fetchall()
        )
        return [self._remember(self._set.get(row[1]) or HostedSite(*row)) for row in rows]

    def _remember(self, site: HostedSite) -> HostedSite:
        with self._lock:
            if len(self._known) >= MOST_REMEMBERED:
                self._known, self._numbered = {}, {}
            self._known[site.key] = self._numbered[site.number] = site
        return site


def bearer_of(header: str | None) -> str:
    """The token of an `Authorization: Bearer ...` header, "" when it is something else."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def token_digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()


def numbers_of(db: Database, keys: list[str]) -> dict[str, int]:
    """The number of each of these sites, made for the new ones."""
    found = _known_numbers(db, keys)
    new = [key for key in keys if key not in found]
    if new:
        with db.write():
            db.executemany(
                "INSERT INTO sites (name) VALUES (?) ON CONFLICT (name) DO NOTHING", [(key,) for key in new]
            )
            found |= _known_numbers(db, new)
    return {key: found[key] for key in keys}


def _known_numbers(db: Database, keys: list[str]) -> dict[str, int]:
    """Of those of these sites that are there, many in one question: a host may have thousands in its settings."""
    found: dict[str, int] = {}
    for begin in range(0, len(keys), MOST_ASKED):
        some = keys[begin : begin + MOST_ASKED]
        marks = ", ".join("?" * len(some))
        found |= dict(db.execute(f"SELECT name, id FROM sites WHERE name IN ({marks})", some).fetchall())
    return found
