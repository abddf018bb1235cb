"""A small file in RAM by which one process of the edge tells another what is going on.

It is gone after a restart and never touches the card; nothing that must be kept goes through here.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

# Newest values of 64 devices with 16 channels are 200 kB; a file that grew beyond this is not ours.
MOST_BYTES = 2 * 2**20

# Where the installed services keep theirs; a command in an administrator's shell is not told by systemd.
SERVICE_FOLDER = Path("/run/kembar")


class RamFile:
    """`name` is what it tells ("live", "sync"); two data directories on one machine have two files."""

    def __init__(
        self,
        data_dir: Path,
        name: str,
        environ: Mapping[str, str] = os.environ,
        service_folder: Path = SERVICE_FOLDER,
    ) -> None:
        file = f"kembar-{_fingerprint(data_dir)}-{name}.json"
        of_service = service_folder / file
        known = "RUNTIME_DIRECTORY" not in environ and os.access(of_service, os.R_OK)
        self._path = of_service if known else ram_folder(environ) / file

    @classmethod
    def of_services(
        cls,
        data_dir: Path,
        name: str,
        environ: Mapping[str, str] = os.environ,
        service_folder: Path = SERVICE_FOLDER,
    ) -> "RamFile":
        """For a command in a shell whose word the installed services shall read: beside theirs, when there are any."""
        beside = "RUNTIME_DIRECTORY" not in environ and os.access(service_folder, os.W_OK | os.X_OK)
        return cls(data_dir, name, {"RUNTIME_DIRECTORY": str(service_folder)} if beside else environ)

    def write(self, fields: Mapping[str, Any]) -> None:
        """Replace the content in one step: a reader sees the old or the new, never half of one."""
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        # /dev/shm is open to every user: never write through a link that somebody left there.
        fresh.unlink(missing_ok=True)
        with fresh.open("xb") as file:
            file.write(orjson.dumps(fields))
        fresh.replace(self._path)

    def read(self) -> dict[str, Any] | None:
        """The content, or None when nobody wrote it since the last restart."""
        try:
            with self._path.open("rb") as file:
                fields = orjson.loads(file.read(MOST_BYTES))
        except (FileNotFoundError, orjson.JSONDecodeError):
            return None
        return fields if isinstance(fields, dict) else None

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def ram_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """$RUNTIME_DIRECTORY of systemd (which may name several), else /dev/shm."""
    given = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(given or "/dev/shm")


def _fingerprint(data_dir: Path) -> str:
    return hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
