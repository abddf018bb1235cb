"""The sites of the settings file with their numbers in the database and their tokens, and those of paired edges."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from store.database import Database


@dataclass(frozen=True, slots=True)
class HostedSite:
    """`number` is local to this database; `digest` is the SHA-256 of the site's token."""

    number: int
    key: str
    title: str
    public: bool
    digest: bytes


@dataclass(frozen=True, slots=True)
class SiteSetting:
    """What the settings say of one site."""

    key: str
    token: str
    title: str | None = None
    public: bool = False


class Sites:
    """Finds sites by key and by token; entered into the table `sites` when new."""

    def __init__(self, settings: Iterable[SiteSetting], db: Database) -> None:
        self._by_key: dict[str, HostedSite] = {}
        settings = list(settings)
        numbers = _numbers(db, [setting.key for setting in settings])
        for setting in settings:
            number = numbers[setting.key]
            digest = token_digest(setting.token)
            title = setting.title or setting.key
            self._by_key[setting.key] = HostedSite(number, setting.key, title, setting.public, digest)
        self._by_digest = {site.digest: site for site in self._by_key.values()}
        self._by_number = {site.number: site for site in self._by_key.values()}
        self._paired: Callable[[str], int | None] = lambda _digest: None
        if len(self._by_digest) < len(self._by_key):
            raise ValueError("two sites have the same token; each needs its own")

    def all(self) -> list[HostedSite]:
        return list(self._by_key.values())

    def by_key(self, key: str) -> HostedSite | None:
        return self._by_key.get(key)

    def by_number(self, number: int) -> HostedSite | None:
        return self._by_number.get(number)

    def ask_for_paired(self, site_of: Callable[[str], int | None]) -> None:
        """`site_of`: the number of the site whose paired edge has a token, by the token's digest in hex."""
        self._paired = site_of

    def by_token(self, token: str) -> HostedSite | None:
        """The site of a token of the settings. How long it takes tells nothing: only digests meet digests."""
        digest = token_digest(token)
        site = self._by_digest.get(digest)
        return site if site is not None and compare_digest(site.digest, digest) else None

    def by_bearer(self, header: str | None) -> HostedSite | None:
        """The site of an `Authorization: Bearer ...` header: a token of the settings, or of a paired edge."""
        token = bearer_of(header)
        if not token:
            return None
        site = self.by_token(token)
        if site is not None:
            return site
        number = self._paired(token_digest(token).hex())
        return None if number is None else self.by_number(number)


def bearer_of(header: str | None) -> str:
    """The token of an `Authorization: Bearer ...` header, "" when it is something else."""
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def token_digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()


def _numbers(db: Database, keys: list[str]) -> dict[str, int]:
    """The number of each site, made for the new ones; a site that left the settings keeps its own."""
    with db.write():
        db.executemany(
            "INSERT INTO sites (name) VALUES (?) ON CONFLICT (name) DO NOTHING", [(key,) for key in keys]
        )
        return dict(db.execute("SELECT name, id FROM sites").fetchall())
