"""A backup as one file: a zip of the database's content and of a manifest that says what has to be in it."""

import fcntl
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Literal
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pydantic import ValidationError

from cloud.holdings import Holdings
from process.ondisk import on_disk
from process.settings import Table

CONTENT, MANIFEST = "content", "manifest.json"
PIECE_BYTES = 1024 * 1024
# 10 000 homes of five meters are 12 MB.
MANIFEST_MOST_BYTES = 512 * 2**20
# A third of the size at a speed that a disk has anyway.
_LEVEL = 1
_OLDEST_ZIP_YEAR = (1980, 1, 1, 0, 0, 0)


class Unreadable(Exception):
    """No backup of ours, or a damaged one; the message says which file and what is wrong."""


class Ended(Table):
    """What was in force and is left out of the backup on purpose."""

    sessions: int
    shares: int
    invitations: int


class Manifest(Table):
    """`bytes` and `sha256` are those of the content."""

    version: Literal[1]
    engine: Literal["sqlite", "postgresql"]
    program: str
    made_ms: int
    migrations: list[str]
    bytes: int
    sha256: str
    ended: Ended
    holdings: Holdings


class NewArchive:
    def __init__(self, zipped: ZipFile) -> None:
        self._zip = zipped

    def content(self, stream: IO[bytes], packed: bool, go_on: Callable[[], None]) -> tuple[int, str]:
        """Take in a stream to its end; gives its bytes and SHA-256. `packed`: it is compressed already."""
        size, digest = 0, sha256()
        with self._zip.open(_entry(CONTENT, packed), "w", force_zip64=True) as to:
            while piece := stream.read(PIECE_BYTES):
                go_on()
                to.write(piece)
                digest.update(piece)
                size += len(piece)
        return size, digest.hexdigest()

    def manifest(self, manifest: Manifest) -> None:
        self._zip.writestr(
            _entry(MANIFEST, packed=False), manifest.model_dump_json(indent=1), compresslevel=_LEVEL
        )


def _entry(name: str, packed: bool) -> ZipInfo:
    entry = ZipInfo(name, _OLDEST_ZIP_YEAR)
    entry.compress_type = ZIP_STORED if packed else ZIP_DEFLATED
    entry._compresslevel = _LEVEL  # type: ignore[attr-defined]
    return entry


@contextmanager
def new_archive(to: Path) -> Iterator[NewArchive]:
    """At `to`, for its owner alone, once everything is written and on disk; before, or after an error, nothing is.

    Raises Unreadable when another backup is being written there.
    """
    part = to.with_name(f"{to.name}.part")
    with open(part, "wb", opener=_private) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unreadable(f"another backup to {to} is going on") from None
        try:
            # What a power cut left there.
            file.truncate(0)
            with ZipFile(file, "w") as zipped:
                yield NewArchive(zipped)
            file.flush()
            os.fsync(file.fileno())
            part.replace(to)
            on_disk(to.parent)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _private(path: str, _flags: int) -> int:
    """Not emptied yet: it may be somebody else's who holds its lock."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


class Archive:
    """One that was made earlier; everything in it was looked at before this exists."""

    def __init__(self, path: Path, zipped: ZipFile, manifest: Manifest) -> None:
        self.path, self._zip, self.manifest = path, zipped, manifest

    def pieces(self, go_on: Callable[[], None] = lambda: None) -> Iterator[bytes]:
        with self._zip.open(CONTENT) as content:
            while piece := content.read(PIECE_BYTES):
                go_on()
                yield piece


@contextmanager
def opened(path: Path, go_on: Callable[[], None] = lambda: None) -> Iterator[Archive]:
    """Raises Unreadable, also when a single byte of the content is another than when it was written."""
    try:
        zipped = ZipFile(path)
    except (OSError, BadZipFile) as error:
        raise Unreadable(f"{path} is no backup of kembar-cloud: {_first(error)}") from error
    with zipped:
        try:
            archive = Archive(path, zipped, _manifest(zipped))
            digest = sha256()
            for piece in archive.pieces(go_on):
                digest.update(piece)
        except (BadZipFile, KeyError, ValidationError, EOFError, zlib.error) as error:
            raise Unreadable(f"{path} is no whole backup of kembar-cloud: {_first(error)}") from error
        if digest.hexdigest() != archive.manifest.sha256:
            raise Unreadable(f"{path} is damaged: its content is not what its manifest says")
        yield archive


def _manifest(zipped: ZipFile) -> Manifest:
    entry = zipped.getinfo(MANIFEST)
    if entry.file_size > MANIFEST_MOST_BYTES:
        raise BadZipFile(f"a manifest of {entry.file_size} bytes; at most {MANIFEST_MOST_BYTES}")
    return Manifest.model_validate_json(zipped.read(entry))


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
