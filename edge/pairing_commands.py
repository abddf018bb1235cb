"""The commands `kembar-sync pair`, `unpair` and `rotate`: what they ask of a cloud, keep, print, and how they end."""

import os
import pwd
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from edge.collect import DATABASE
from edge.paired import MOST_PAIRED, Paired, Pairing
from edge.pairing_code import shown
from edge.settings import EdgeSettings, cloud_address
from edge.status import is_running
from edge.version import own_version
from process.service import EXIT_FAILED, EXIT_OK, EXIT_USAGE, CannotGoOn
from store.clouds import Clouds
from store.sqlite import open_database
from sync.failure import Failure, NotAdmitted, Unreachable
from sync.grant import UNKNOWN_TOKEN
from sync.granting import Granting, Refused, TooLate
from sync.uplink import Uplink

# Whom the installed services send as (deploy/raspberrypi/install.sh).
SERVICE_USER = "kembar-sync"


@dataclass(frozen=True, slots=True)
class Here:
    """What these commands need of the machine; `wait` pauses for so many seconds, True: it was told to stop.

    `command`: the whole command as it was typed.
    """

    wait: Callable[[float], bool]
    command: str = "kembar-sync ..."
    clock_s: Callable[[], float] = time.monotonic
    uid: Callable[[], int] = os.geteuid
    out: TextIO | None = None

    @property
    def terminal(self) -> TextIO:
        return self.out or sys.stdout

    def say(self, words: str) -> None:
        print(words, file=self.terminal, flush=True)


class PairingCommands:
    """`url` of each method is a cloud's address as a person typed it; each gives an exit code."""

    def __init__(self, settings: EdgeSettings, here: Here) -> None:
        self._settings, self._here = settings, here
        self._paired = Paired(settings.edge.data_dir)

    def pair(self, url: str) -> int:
        """Ask for a code, show it, wait until a person has confirmed it, keep the token; raises CannotGoOn."""
        address = self._address(url)
        if address is None or not self._has_room(address):
            return EXIT_USAGE
        self._check_user()
        with _disk():
            self._paired.make_folder()
        with Uplink(address, None) as uplink:
            granting = Granting(uplink)
            try:
                wish = granting.wish(self._settings.edge.name, own_version() or "unknown")
                old_token = self._token(address)
                with shown(wish, self._settings.edge.data_dir, self._here.terminal):
                    granted = granting.granted(wish, old_token, self._here.wait, self._here.clock_s)
            except (Failure, TooLate) as failure:
                return self._failed(f"{address}: not paired: {failure}")
        before = self._pairing(address)
        is_same = before is not None and before.site == granted.site
        if not is_same:
            self._begin_anew(address)
        with _disk():
            self._paired.write(address, granted.site, granted.token)
        if before is not None and not is_same and old_token is not None:
            self._revoke(address, old_token)  # the first use of the new one ends only one of the same home
        home = granted.title or granted.site
        self._here.say(f"{address}: paired{f' with {home}' if home else ''}")
        if not is_running(self._settings):
            self._here.say("kembar-sync run is not running here: start it, and the readings go there")
        return self._use(address, granted.token)

    def unpair(self, url: str) -> int:
        """Give the token up at the cloud and forget the pairing here; raises CannotGoOn."""
        address = self._of_paired(url)
        if address is None:
            return EXIT_USAGE
        token = self._token(address)
        self._paired.forget(address)
        if token is not None:
            self._revoke(address, token)
        self._paired.forget_token(address)
        self._here.say(f"{address}: unpaired; nothing is sent there any more, what it has stays there")
        return EXIT_OK

    def rotate(self, url: str) -> int:
        """Exchange the token for a new one, without a pause; raises CannotGoOn."""
        address = self._of_paired(url)
        if address is None:
            return EXIT_USAGE
        try:
            with Uplink(address, self._paired.token(address)) as uplink:
                token = Granting(uplink).rotated().token
        except ValueError as mistake:
            return self._failed(str(mistake))
        except NotAdmitted as refusal:
            return self._failed(f"{address}: {refusal}; kembar-sync pair {address} makes a new token")
        except Failure as failure:
            return self._failed(f"{address}: the token stays as it was: {failure}")
        with _disk():
            self._paired.write_token(address, token)
        self._here.say(f"{address}: new token")
        return self._use(address, token)

    def _revoke(self, address: str, token: str) -> None:
        try:
            with Uplink(address, token) as uplink:
                Granting(uplink).revoke()
        except Failure as failure:
            if not (isinstance(failure, Refused) and failure.word == UNKNOWN_TOKEN):
                self._here.say(
                    f"{address}: its token was not revoked there ({failure}): do that on the home's page"
                )

    def _use(self, address: str, token: str) -> int:
        """A token is in force, and the one before it over, from its first use on."""
        try:
            with Uplink(address, token) as uplink:
                uplink.cursors([])
        except Unreachable as failure:
            self._here.say(
                f"{address}: kembar-sync run will use the token once the cloud answers ({failure})"
            )
        except Failure as failure:
            return self._failed(f"{address}: the new token is refused: {failure}; pair again")
        return EXIT_OK

    def _begin_anew(self, address: str) -> None:
        """Another home's cloud has nothing of ours for certain, whatever was noted: nothing may be pruned for that."""
        path = self._settings.edge.data_dir / DATABASE
        if path.exists():
            with closing(open_database(path, "edge")) as db:
                Clouds(db).doubt(address)

    def _address(self, url: str) -> str | None:
        try:
            return cloud_address(url)
        except ValueError as error:
            self._failed(f"{url}: {error}; expected https://..., or http:// to this machine itself")
            return None

    def _has_room(self, address: str) -> bool:
        if address in [cloud.url for cloud in self._settings.cloud]:
            self._failed(
                f"{address} is a [[cloud]] of the settings and has its token there; take that out first"
            )
            return False
        others = [each for each in self._paired.found().pairings if each.url != address]
        if len(others) >= MOST_PAIRED:
            self._failed(f"{len(others)} clouds are paired, which is the most; unpair one of them first")
        return len(others) < MOST_PAIRED

    def _of_paired(self, url: str) -> str | None:
        address = self._address(url)
        if address is None:
            return None
        self._check_user()
        if self._paired.holds(address):
            return address
        known = ", ".join(each.url for each in self._paired.found().pairings) or "none"
        self._failed(f"{address} is not paired; paired: {known}")
        return None

    def _pairing(self, address: str) -> Pairing | None:
        return next((each for each in self._paired.found().pairings if each.url == address), None)

    def _token(self, address: str) -> str | None:
        try:
            return self._paired.token(address)
        except ValueError:
            return None

    def _check_user(self) -> None:
        """What another user writes the service could not read."""
        uid, folder, data_dir = self._here.uid(), self._paired.folder, self._settings.edge.data_dir
        owner = folder.stat().st_uid if folder.exists() else uid
        if owner == uid and not (uid == 0 and data_dir.stat().st_uid != 0):
            return
        name = _user(folder if folder.exists() and owner != uid else data_dir)
        raise CannotGoOn(
            f"the service could not read what this user writes: sudo -u {name} {self._here.command}"
        )

    @staticmethod
    def _failed(words: str) -> int:
        print(words, file=sys.stderr)
        return EXIT_FAILED


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotGoOn(f"the pairing cannot be kept: {error}") from error


def _user(path: Path) -> str:
    """Who shall run the command: the service's own user, where there is one."""
    try:
        return pwd.getpwnam(SERVICE_USER).pw_name
    except KeyError:
        uid = path.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"'#{uid}'"
