"""Pairings: from the wish of an edge to the token that it gets, as in RFC 8628; no HTTP and no pages here.

1. A pairing waits PENDING_MS for a person. Once confirmed, the edge has FETCH_MS to fetch its token.
2. The token exists from the moment it is fetched; it is never kept in clear.
3. An answer may be lost. So who has the device code may fetch again until the token was used: each time a new one,
   and the one before ends. At most one of them is ever good, and after its first use none is given out any more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import choice

from cloud.secret import digest_of, new_secret
from cloud.tokens import Grant, Tokens
from process.proxies import network_of
from store.database import Database
from sync import grant as words

# RFC 8628 6.1: no vowels, so that no word comes out; 34 bits of chance.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
CODE_CHARS = 8
PENDING_MS, FETCH_MS = 10 * 60_000, 10 * 60_000
# Kept a while longer, so that an edge hears that its code is too old and not that there never was one.
KEPT_MS = 3_600_000
INTERVAL_S = 5
# An edge's own clock and the line shift its questions against each other.
EARLY_MS = 1_000
# Waiting at once: in all they write a hundred times a second, and one installer may set up a few edges together.
# Two processes may count at the same time; then there are one or two more.
MOST_PENDING, MOST_OF_ADDRESS = 500, 10
# Codes that an account, or everybody at one address, may enter within TRIES_MS. With 500 pairings waiting, a guess is
# right once in 50 million.
TRIES_MS, MOST_TRIES, MOST_TRIES_OF_ADDRESS = 10 * 60_000, 20, 100


class Busy(Exception):
    """Too many pairings wait, in all or from this address."""


class TooManyTries(Exception):
    """Too many codes were entered by this account or from this address."""


class Unfit(Exception):
    """The token is not to be had (yet); `word` is the error of RFC 8628 3.5 or RFC 6749 5.2."""

    def __init__(self, word: str, message: str) -> None:
        super().__init__(message)
        self.word = word


@dataclass(frozen=True, slots=True)
class Started:
    device_code: str
    user_code: str  # as people see it, BCDF-GHJK
    expires_s: int
    interval_s: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pairing that waits for a person."""

    id: int
    user_code: str
    edge: str
    version: str
    address: str
    made_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Given:
    token: str
    site: int


class Pairings:
    """Safe for threads and processes; each method opens its own transaction, but `decide`."""

    def __init__(
        self,
        tokens: Tokens,
        now_ms: Callable[[], int],
        secret: Callable[[], str] = new_secret,
        letter: Callable[[str], str] = choice,
    ) -> None:
        self._tokens, self._now_ms, self._secret, self._letter = tokens, now_ms, secret, letter

    def start(self, db: Database, edge: str, version: str, address: str) -> Started:
        """On disk when it returns; raises Busy."""
        now_ms, device_code = self._now_ms(), self._secret()
        with db.write():
            db.execute("DELETE FROM pairings WHERE expires_ms <= ?", (now_ms - KEPT_MS,))
            db.execute("DELETE FROM pairing_tries WHERE since_ms <= ?", (now_ms - TRIES_MS,))
            self._check_room(db, address, now_ms)
            code = self._free_code(db)
            db.execute(
                "INSERT INTO pairings (device, user_code, edge, version, address, made_ms, expires_ms, polled_ms,"
                " denied) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)",
                (digest_of(device_code), code, edge, version, address, now_ms, now_ms + PENDING_MS),
            )
        return Started(device_code, shown(code), PENDING_MS // 1000, INTERVAL_S)

    def fetch(self, db: Database, device_code: str, old_token: str | None = None) -> Given:
        """The token of a confirmed pairing; raises Unfit, cloud.tokens.TooMany. `old_token` ends with its first use."""
        now_ms, device = self._now_ms(), digest_of(device_code)
        row = db.execute(
            "SELECT id, expires_ms, polled_ms, decided_ms, denied FROM pairings WHERE device = ?", (device,)
        ).fetchone()
        if row is None:
            raise Unfit("invalid_grant", "this device_code is not known here")
        number, expires_ms, polled_ms, decided_ms, denied = row
        if now_ms >= expires_ms:
            raise Unfit(words.EXPIRED, "this device_code is too old; begin anew")
        if denied:
            raise Unfit(words.DENIED, "this pairing was denied")
        if 0 <= now_ms - polled_ms < INTERVAL_S * 1000 - EARLY_MS:
            raise Unfit(words.SLOW_DOWN, f"ask every {INTERVAL_S} s")
        if decided_ms is None:
            with db.write():
                db.execute("UPDATE pairings SET polled_ms = ? WHERE id = ?", (now_ms, number))
            raise Unfit(words.PENDING, "nobody has confirmed this pairing yet")
        return self._give(db, number, old_token)

    def waiting(self, db: Database, user_code: str, account: int, address: str) -> Waiting | None:
        """The pairing of a code as a person entered it; every call counts as a try. Raises TooManyTries."""
        now_ms = self._now_ms()
        with db.write():
            tries = [
                (f"account {account}", MOST_TRIES),
                (f"address {network_of(address)}", MOST_TRIES_OF_ADDRESS),
            ]
            # Counted before it is looked at, so that many guesses at once are not more than many in a row.
            spent = [self._try(db, who, now_ms) > most for who, most in tries]
        if any(spent):
            raise TooManyTries
        row = db.execute(
            "SELECT id, user_code, edge, version, address, made_ms, expires_ms FROM pairings"
            " WHERE user_code = ? AND decided_ms IS NULL AND expires_ms > ?",
            (entered(user_code), now_ms),
        ).fetchone()
        return Waiting(row[0], shown(row[1]), *row[2:]) if row else None

    def decide(self, db: Database, pairing: int, site: int | None, account: int) -> bool:
        """Confirm for a site, or deny (None), once (inside a write transaction); False: too late."""
        now_ms = self._now_ms()
        done = db.execute(
            "UPDATE pairings SET decided_ms = ?, denied = ?, site = ?, account = ?, expires_ms = ?"
            " WHERE id = ? AND decided_ms IS NULL AND expires_ms > ? RETURNING id",
            (now_ms, int(site is None), site, account, now_ms + FETCH_MS, pairing, now_ms),
        )
        return done.fetchone() is not None

    def _give(self, db: Database, number: int, old_token: str | None) -> Given:
        with db.write():
            # The same statement locks the row: two questions at once get their tokens one after the other.
            site, account, edge, address, before = db.execute(
                "UPDATE pairings SET polled_ms = ? WHERE id = ? RETURNING site, account, edge, address, token",
                (self._now_ms(), number),
            ).fetchone()
            if before is not None and not self._tokens.end_unused(db, before):
                raise Unfit("invalid_grant", "the token of this pairing is in use; begin anew")
            replaces = self._of_same_site(db, old_token, site)
            token, secret = self._tokens.make(db, Grant(site, edge, account, address, replaces))
            db.execute("UPDATE pairings SET token = ? WHERE id = ?", (token, number))
        return Given(secret, site)

    def _of_same_site(self, db: Database, old_token: str | None, site: int) -> int | None:
        """An edge may only give up a token of the site that it is paired with."""
        known = self._tokens.number(db, digest_of(old_token)) if old_token else None
        return known[0] if known and known[1].site == site else None

    @staticmethod
    def _check_room(db: Database, address: str, now_ms: int) -> None:
        waiting = db.execute(
            "SELECT address FROM pairings WHERE decided_ms IS NULL AND expires_ms > ?", (now_ms,)
        ).fetchall()
        # A house has a whole network of IPv6 addresses.
        of_address = sum(network_of(each) == network_of(address) for (each,) in waiting)
        in_all = len(waiting)
        if in_all >= MOST_PENDING or of_address >= MOST_OF_ADDRESS:
            raise Busy(f"{of_address} pairings from this address and {in_all} in all wait for a person")

    def _free_code(self, db: Database) -> str:
        """Two in 25 thousand million are the same; then the other one is drawn."""
        while True:
            code = "".join(self._letter(ALPHABET) for _ in range(CODE_CHARS))
            if db.execute("SELECT 1 FROM pairings WHERE user_code = ?", (code,)).fetchone() is None:
                return code

    @staticmethod
    def _try(db: Database, who: str, now_ms: int) -> int:
        """How many tries this one makes within TRIES_MS."""
        row = db.execute(
            "INSERT INTO pairing_tries (who, tries, since_ms) VALUES (?, 1, ?) ON CONFLICT (who) DO UPDATE SET"
            " tries = CASE WHEN pairing_tries.since_ms <= ? THEN 1 ELSE pairing_tries.tries + 1 END,"
            " since_ms = CASE WHEN pairing_tries.since_ms <= ? THEN excluded.since_ms ELSE pairing_tries.since_ms END"
            " RETURNING tries",
            (who, now_ms, now_ms - TRIES_MS, now_ms - TRIES_MS),
        ).fetchone()
        return int(row[0])


def shown(code: str) -> str:
    return f"{code[:4]}-{code[4:]}"


def entered(text: str) -> str:
    """A code as it is kept, however it was typed: small letters, blanks, another dash."""
    return "".join(letter for letter in text.upper() if letter in ALPHABET)[: CODE_CHARS + 1]
