"""Tries to get in: a growing pause for each login name, an allowance for each address; in the database, bounded.

Each try is one statement that counts and decides, so that several processes together let no more through than one.
A name is treated alike whether an account has it or not. The pause ends after a quarter of an hour at the latest:
nobody can keep an account's owner out for good.
"""

from hashlib import sha256

from process.proxies import network_of
from store.database import Database

# Wrong passwords without a pause, then the pause after each further one.
FREE = 5
PAUSES_MS = tuple(1000 * s for s in (30, 60, 120, 240, 480, 900))
# So long after the last wrong one all are forgotten.
FORGOTTEN_MS = 3_600_000
# An address may fail so often at once, and once more every EACH_MS.
MOST_AT_ONCE = 20
EACH_MS = 6_000
# Names and addresses remembered; what was touched longest ago goes first.
MOST_KEPT = 20_000

_FAILURES = (
    "CASE WHEN account_tries.at_ms < excluded.at_ms - {forgotten} THEN 1 ELSE account_tries.failures + 1 END"
)
_PAUSE = " ".join(f"WHEN {{failures}} = {FREE + n} THEN {ms}" for n, ms in enumerate(PAUSES_MS))


class Tries:
    """Over one connection; everything inside the caller's write transaction."""

    def __init__(self, db: Database, now_ms: int) -> None:
        self._db, self._now_ms = db, now_ms

    def begin(self, login: str) -> int:
        """Count one try as wrong; 0: go on, else in so many ms. `succeeded` takes it back."""
        failures = _FAILURES.format(forgotten=FORGOTTEN_MS)
        pause = _PAUSE.format(failures=f"({failures})")
        row = self._db.execute(
            "INSERT INTO account_tries (name, failures, at_ms, until_ms) VALUES (?, 1, ?, ?)"
            f" ON CONFLICT (name) DO UPDATE SET failures = {failures}, at_ms = excluded.at_ms,"
            f" until_ms = excluded.at_ms + CASE WHEN ({failures}) < {FREE} THEN 0 {pause} ELSE {PAUSES_MS[-1]} END"
            " WHERE account_tries.until_ms <= excluded.at_ms RETURNING failures",
            (_name(login), self._now_ms, self._now_ms),
        ).fetchone()
        if row is None:
            until = self._db.execute("SELECT until_ms FROM account_tries WHERE name = ?", (_name(login),))
            # A clock that was set back must not make the pause longer than it ever is.
            return min(max(1, int(until.fetchone()[0]) - self._now_ms), PAUSES_MS[-1])
        if row[0] == 1:
            self._trim("account_tries", "name", "at_ms")
        return 0

    def succeeded(self, login: str) -> None:
        self._db.execute("DELETE FROM account_tries WHERE name = ?", (_name(login),))

    def wait_ms(self, address: str) -> int:
        """For how long an address has used its allowance up; 0: it has not."""
        row = self._db.execute(
            "SELECT free_ms FROM address_tries WHERE address = ?", (network_of(address),)
        ).fetchone()
        ahead_ms = int(row[0] if row else 0) - self._now_ms
        most_ms = MOST_AT_ONCE * EACH_MS
        return min(max(0, ahead_ms - most_ms + EACH_MS), most_ms)

    def draw(self, address: str) -> int:
        """Count one try of an address; 0: go on, else it has to wait so many ms, and this one is not counted."""
        wait_ms = self.wait_ms(address)
        if not wait_ms:
            self.failed(address)
        return wait_ms

    def failed(self, address: str) -> None:
        """Draw once on the allowance of an address; what is used up is not used up any further.

        Else wrong codes, which are refused without a wait, would shut out everybody behind one address for days.
        """
        self._db.execute(
            "INSERT INTO address_tries (address, free_ms) VALUES (?, ?) ON CONFLICT (address) DO UPDATE SET"
            " free_ms = CASE WHEN address_tries.free_ms < ? THEN excluded.free_ms"
            f" WHEN address_tries.free_ms > ? THEN address_tries.free_ms"
            f" ELSE address_tries.free_ms + {EACH_MS} END",
            (
                network_of(address),
                self._now_ms + EACH_MS,
                self._now_ms,
                self._now_ms + MOST_AT_ONCE * EACH_MS,
            ),
        )
        self._trim("address_tries", "address", "free_ms")

    def _trim(self, table: str, key: str, at: str) -> None:
        self._db.execute(f"DELETE FROM {table} WHERE {at} < ?", (self._now_ms - 24 * FORGOTTEN_MS,))
        self._db.execute(
            f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} ORDER BY {at} DESC"
            f" LIMIT 100 OFFSET {MOST_KEPT})"
        )


def _name(login: str) -> str:
    """A digest: what people type into the wrong field must not lie about in clear."""
    return sha256(login.encode("utf-8", "replace")).hexdigest()
