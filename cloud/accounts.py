"""Accounts: a login name and a password; logging in, and changing the password; no roles and no HTTP here.

A login name that nobody has costs the same work and gets the same answer as a wrong password.
"""

import unicodedata
from dataclasses import dataclass

from cloud import audit
from cloud.passwords import Passwords
from cloud.sessions import Sessions
from cloud.tries import Tries
from store.database import Database

LEAST_LOGIN_CHARS, MOST_LOGIN_CHARS = 3, 254


class BadLogin(ValueError):
    """What was typed cannot be a login name."""


class Taken(Exception):
    """Somebody has this login name."""


class Wait(Exception):
    """Too many wrong passwords; `s` seconds until the next try."""

    def __init__(self, ms: int) -> None:
        super().__init__(f"too many tries; {ms} ms to wait")
        self.s = -(-ms // 1000)


@dataclass(frozen=True, slots=True)
class Account:
    id: int
    login: str
    shown: str


def login_of(typed: str) -> str:
    """An e-mail address or any name, as it is compared; raises BadLogin."""
    login = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed[:1024]).strip().casefold())
    if not LEAST_LOGIN_CHARS <= len(login) <= MOST_LOGIN_CHARS or not login.isprintable():
        raise BadLogin(f"a login name has {LEAST_LOGIN_CHARS} to {MOST_LOGIN_CHARS} printable characters")
    return login


class Accounts:
    """Over one connection."""

    def __init__(self, db: Database, passwords: Passwords, now_ms: int) -> None:
        self._db, self._passwords, self._now_ms = db, passwords, now_ms

    def prepared(self, typed: str, password: str) -> tuple[str, str, str]:
        """Login, name as shown and hash of an account to be; raises BadLogin, Unfit, Busy. No transaction wanted."""
        login = login_of(typed)
        self._passwords.check(password, login)
        return login, typed.strip(), self._passwords.hash(password)

    def add(self, login: str, shown: str, hashed: str) -> int:
        """A new account, inside the caller's write transaction; raises Taken."""
        row = self._db.execute(
            "INSERT INTO accounts (login, shown, password, made_ms) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (login) DO NOTHING RETURNING id",
            (login, shown, hashed, self._now_ms),
        ).fetchone()
        if row is None:
            raise Taken("this login name is taken")
        return int(row[0])

    def find(self, typed: str) -> Account | None:
        try:
            login = login_of(typed)
        except BadLogin:
            return None
        row = self._db.execute("SELECT id, login, shown FROM accounts WHERE login = ?", (login,)).fetchone()
        return Account(*row) if row else None

    def log_in(self, typed: str, password: str, agent: str, address: str) -> str | None:
        """The secret of a new session; None when name or password is wrong. Raises Wait, Busy."""
        try:
            login = login_of(typed)
        except BadLogin:
            login = ""
        self._draw(login, address)
        row = self._db.execute("SELECT id, password FROM accounts WHERE login = ?", (login,)).fetchone()
        account, hashed = row or (None, self._passwords.nobodys)
        right = self._passwords.is_right(hashed, password)
        better = self._passwords.hash(password) if right and self._passwords.is_old(hashed) else None
        with self._db.write():
            tries = Tries(self._db, self._now_ms)
            # The hash took a while: who changed the password meanwhile has ended this try too.
            if not right or account is None or not self._still(account, hashed):
                tries.failed(address)
                audit.note(self._db, self._now_ms, "login-refused", None, account, "", address)
                return None
            tries.succeeded(login)
            if better:
                self._db.execute("UPDATE accounts SET password = ? WHERE id = ?", (better, account))
            audit.note(self._db, self._now_ms, "login", None, account, "", address)
            return Sessions(self._db).begin(account, self._now_ms, agent, address)

    def change(self, account: int, old: str, new: str, but: str, address: str) -> bool:
        """A new password, all other sessions ended (`but`: the one that stays); False: the old one is wrong.

        Raises Wait, Unfit, Busy.
        """
        login, hashed = self._db.execute(
            "SELECT login, password FROM accounts WHERE id = ?", (account,)
        ).fetchone()
        self._passwords.check(new, login)
        self._draw(login, address)
        right = self._passwords.is_right(hashed, old)
        better = self._passwords.hash(new) if right else ""
        with self._db.write():
            tries = Tries(self._db, self._now_ms)
            if not right or not self._still(account, hashed):
                tries.failed(address)
                audit.note(self._db, self._now_ms, "password-refused", None, account, "", address)
                return False
            tries.succeeded(login)
            self.set_password(account, better, but, "password-changed", address)
            return True

    def set_password(self, account: int, hashed: str, but: str, act: str, address: str) -> None:
        """Inside the caller's write transaction: the new hash, other sessions and open resets ended, and noted."""
        self._db.execute("UPDATE accounts SET password = ? WHERE id = ?", (hashed, account))
        self._db.execute("DELETE FROM resets WHERE account = ?", (account,))
        Sessions(self._db).end_all(account, but)
        audit.note(self._db, self._now_ms, act, None, account, "", address)

    def _draw(self, login: str, address: str) -> None:
        with self._db.write():
            tries = Tries(self._db, self._now_ms)
            wait_ms = tries.wait_ms(address) or tries.begin(login)
        if wait_ms:
            raise Wait(wait_ms)

    def _still(self, account: int, hashed: str) -> bool:
        row = self._db.execute("SELECT password FROM accounts WHERE id = ?", (account,)).fetchone()
        return row is not None and row[0] == hashed
