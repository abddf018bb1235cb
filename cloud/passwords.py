"""Passwords: which are taken, and their argon2id hashes, a bounded number of them worked out at once."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

LEAST_CHARS, MOST_CHARS = 10, 1_024
# RFC 9106, its second recommended choice, on one lane: about 0.15 s of one core.
TIME_COST, MEMORY_KIB, LANES = 3, 65_536, 1
# At once in one process: 128 MiB. More tries wait, and after WAIT_S are told to come again.
MOST_AT_ONCE = 2
WAIT_S = 5.0
# Of the ten characters and more that people choose first, in any spelling; and runs of one character.
COMMONEST = frozenset(
    """
    1234567890 0123456789 12345678910 123456789a 1q2w3e4r5t qwertyuiop qwerty12345 password12 password123
    password1234 passw0rd123 iloveyou12 iloveyou123 sayangkamu sayangku123 indonesia1 indonesia123
    bismillah1 bismillah123 alhamdulillah rahasia123 rahasiaku1 katasandi123 admin12345 administrator
    letmein123 welcome123 kembar12345 kembarkembar 1122334455 9876543210 0987654321 abcdefghij abc1234567
    doraemon123
    """.split()  # noqa: SIM905
)


class Unfit(ValueError):
    """A password that is not taken; `why` is "short", "long", "name" or "common"."""

    def __init__(self, why: str) -> None:
        super().__init__(f"password {why}")
        self.why = why


class Busy(Exception):
    """As many hashes as there may be are being worked out."""


class Passwords:
    """Safe for threads."""

    def __init__(
        self,
        time_cost: int = TIME_COST,
        memory_kib: int = MEMORY_KIB,
        at_once: int = MOST_AT_ONCE,
        wait_s: float = WAIT_S,
    ) -> None:
        self._hasher = PasswordHasher(time_cost, memory_kib, LANES, type=Type.ID)
        self._slots, self._wait_s = BoundedSemaphore(at_once), wait_s
        # Compared with where there is no account: the same work, and never right.
        self.nobodys = self._hasher.hash("nobody has this password")

    def check(self, password: str, login: str) -> None:
        """Whether it may become somebody's password; raises Unfit."""
        plain = _plain(password)
        if len(password) > MOST_CHARS:
            raise Unfit("long")
        if len(plain) < LEAST_CHARS:
            raise Unfit("short")
        folded = plain.casefold()
        if folded in (login, login.partition("@")[0]):
            raise Unfit("name")
        if folded in COMMONEST or len(set(folded)) == 1:
            raise Unfit("common")

    def hash(self, password: str) -> str:
        """Raises Busy."""
        with self._slot():
            return self._hasher.hash(_plain(password))

    def is_right(self, hashed: str, password: str) -> bool:
        """Raises Busy. One that is too long is compared as an empty one: the work stays the same."""
        with self._slot():
            try:
                return self._hasher.verify(hashed, _plain(password) if len(password) <= MOST_CHARS else "")
            except (VerificationError, InvalidHashError):
                return False

    def is_old(self, hashed: str) -> bool:
        """Whether it was made with other costs than today's."""
        return self._hasher.check_needs_rehash(hashed)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._wait_s):
            raise Busy("too many logins at once")
        try:
            yield
        finally:
            self._slots.release()


def _plain(password: str) -> str:
    """Two keyboards write one character in two ways; both are the same password."""
    return unicodedata.normalize("NFKC", password[: MOST_CHARS + 1])
