"""The clouds that this edge was paired with, each in two files under `paired`: which it is, and its token.

1. The token is written first, then the file that names the cloud; on removal that one goes first. So whenever power
   is lost, a cloud that is named has its token.
2. A file is written under another name, brought to disk, renamed, and then the folder is brought to disk.
3. The address stands in both and in their names: a file that was copied or renamed by hand is not believed.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from edge.settings import cloud_address
from process.fields import is_token
from process.ondisk import on_disk

FOLDER = "paired"
# Each has its own replay; with those of the settings eight are far more than a house needs.
MOST_PAIRED = 4
# Both files of each, and what a lost power may have left; somebody else's folder must not be read for minutes.
MOST_FILES = 64
# An address, a site's name, a token of at most 1024 bytes.
MOST_BYTES = 4_096
# The collector and the pages, which run as another user of the group, read which clouds there are, and no token.
FOLDER_MODE, NAMED_MODE, TOKEN_MODE = 0o2750, 0o640, 0o600


class PairedMistake(ValueError):
    """A file of a pairing cannot be used; `about` names it, the message is one sentence that says what to do."""

    def __init__(self, about: str, message: str) -> None:
        super().__init__(message)
        self.about = about


@dataclass(frozen=True, slots=True)
class Pairing:
    """`order`: the lowest was paired first."""

    url: str
    site: str
    order: int


@dataclass(frozen=True, slots=True)
class Found:
    pairings: tuple[Pairing, ...] = ()
    mistakes: tuple[PairedMistake, ...] = ()


class Paired:
    """The folder of one edge; it is looked at anew at each call."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / FOLDER

    def found(self) -> Found:
        """All pairings in their order, and what is wrong; never raises."""
        try:
            names = sorted(path.name for path in self.folder.iterdir())
        except FileNotFoundError:
            return Found()
        except OSError as error:
            return Found((), (_unreadable(FOLDER, self.folder, error),))
        if len(names) > MOST_FILES:
            return Found(
                (), (PairedMistake(FOLDER, f"{self.folder} holds more than {MOST_FILES} files: clear it up"),)
            )
        pairings, mistakes = [], []
        for name in [name for name in names if name.endswith(".json")]:
            try:
                pairings.append(self._named(name))
            except FileNotFoundError:
                continue  # unpaired in this moment
            except PairedMistake as mistake:
                mistakes.append(mistake)
        pairings.sort(key=lambda each: (each.order, each.url))
        return Found(tuple(pairings), tuple(mistakes))

    def token(self, url: str) -> str:
        """Raises PairedMistake."""
        path = self._path(url, ".token")
        try:
            fields = _fields(path, private=True)
        except FileNotFoundError:
            raise PairedMistake(url, f"{path} is not there: kembar-sync pair {url} makes a new one") from None
        token = fields.get("token")
        if fields.get("url") != url or not isinstance(token, str) or not is_token(token):
            raise PairedMistake(
                url, f"{path} holds no token of {url}: kembar-sync pair {url} makes a new one"
            )
        return token

    def holds(self, url: str) -> bool:
        """Whether anything of this cloud is here, be it half a pairing or a damaged one."""
        return any(self._path(url, suffix).exists() for suffix in (".json", ".token"))

    def write(self, url: str, site: str, token: str) -> None:
        """Keep a pairing; it is on disk when this returns. One that is there already keeps its order."""
        self.make_folder()
        others = self.found().pairings
        mine = [each.order for each in others if each.url == url]
        order = mine[0] if mine else 1 + max((each.order for each in others), default=0)
        self.write_token(url, token)
        self._write(self._path(url, ".json"), {"url": url, "site": site, "order": order}, NAMED_MODE)

    def write_token(self, url: str, token: str) -> None:
        """The old one is in force until this returns, the new one after it."""
        self._write(self._path(url, ".token"), {"url": url, "token": token}, TOKEN_MODE)

    def forget(self, url: str) -> None:
        """From now on the cloud is not one of this edge's; its token stays."""
        self._remove(self._path(url, ".json"))

    def forget_token(self, url: str) -> None:
        self._remove(self._path(url, ".token"))

    def make_folder(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir()
            self.folder.chmod(FOLDER_MODE)
            on_disk(self.folder.parent)

    def _named(self, name: str) -> Pairing:
        path = self.folder / name
        fields = _fields(path)
        try:
            url = cloud_address(fields["url"])
            site, order = fields["site"], fields["order"]
        except (KeyError, ValueError, TypeError, AttributeError):
            raise _nothing_of_ours(path) from None
        if name != self._path(url, ".json").name or not isinstance(site, str) or type(order) is not int:
            raise _nothing_of_ours(path)
        return Pairing(url, site, order)

    def _path(self, url: str, suffix: str) -> Path:
        return self.folder / f"{sha256(url.encode()).hexdigest()[:12]}{suffix}"

    def _write(self, path: Path, fields: Mapping[str, Any], mode: int) -> None:
        fresh = path.with_name(f"{path.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)  # whatever the shell's umask is
            file.write(orjson.dumps(fields))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        on_disk(self.folder)

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        if self.folder.is_dir():
            on_disk(self.folder)


def _fields(path: Path, private: bool = False) -> dict[str, Any]:
    """Raises FileNotFoundError, PairedMistake."""
    about = f"{FOLDER}/{path.name}"
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(MOST_BYTES)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(about, path, error) from error
    if private and mode & 0o077:
        raise PairedMistake(
            about, f"others than its owner may use {path} (mode {mode:04o}): chmod 600 {path}"
        )
    try:
        fields = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise _nothing_of_ours(path) from None
    if not isinstance(fields, dict):
        raise _nothing_of_ours(path)
    return fields


def _unreadable(about: str, path: Path, error: OSError) -> PairedMistake:
    return PairedMistake(
        about, f"{path} cannot be read: {error.strerror}; it must belong to kembar-sync's user"
    )


def _nothing_of_ours(path: Path) -> PairedMistake:
    return PairedMistake(
        f"{FOLDER}/{path.name}", f"{path} is not what kembar-sync pair writes: remove it and pair again"
    )
