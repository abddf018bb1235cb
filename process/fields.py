"""The kinds of value that both servers' settings share: names, addresses, folders, tokens.

Each check is a pure look at one value, except where it says that it looks at the machine.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StrictStr, ValidationInfo, field_validator

from process.settings import Here, Table

NAME_MOST_CHARS = 16  # a device's name in a line; an edge's travels in beacons, a site's in addresses
TOKEN_STRONG_CHARS = 16  # shorter ones can be guessed over the internet; the cloud says so at its start
TOKEN_MOST_BYTES = 1024  # no token is longer; a token_file that points at a disk image must not be read


def _name(value: str) -> str:
    if not re.fullmatch(rf"[a-z0-9-]{{1,{NAME_MOST_CHARS}}}", value):
        raise ValueError("not a name that fits into lines and addresses")
    return value


def split_address(value: str) -> tuple[str, int]:
    """`127.0.0.1:8480`, `[::]:8480` or `localhost:8480`; port 0 lets the system choose."""
    host, colon, port = value.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not bare or (":" in bare and bare == host):
        raise ValueError("not host:port")
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
        raise ValueError("the port is not a number from 0 to 65535")
    return bare, int(port)


def _address(value: str) -> str:
    split_address(value)
    return value


def from_here(value: Path, info: ValidationInfo) -> Path:
    """A relative path starts at the settings file, wherever the process was started."""
    here = Here.of(info)
    return here.folder / value if here else value


def once(info: ValidationInfo, kind: str, value: str) -> str:
    """The value, if no earlier table of this kind in the file had the same."""
    here = Here.of(info)
    seen = here.seen.setdefault(kind, set()) if here else set()
    if value in seen:
        raise ValueError("it stands there twice")
    seen.add(value)
    return value


def writable_folder(value: Path, info: ValidationInfo) -> Path:
    """Looks at the machine: makes the folder when it is not there, and tries whether this user may write."""
    path = from_here(value, info)
    here = Here.of(info)
    if here and here.machine:
        try:
            path.mkdir(mode=0o770, parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"cannot be made: {error.strerror}") from None
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            raise ValueError(
                "its disk is read-only, perhaps after an error; check the disk and the log of the system"
            )
        if not os.access(path, os.W_OK | os.X_OK):
            raise ValueError("this user may not write there")
    return path


def _secret_file(value: Path, info: ValidationInfo) -> Path:
    """Looks at the machine, when this process is one that reads secrets."""
    path = from_here(value, info)
    here = Here.of(info)
    if here and here.secrets:
        read_secret(path)
    return path


def read_secret(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            content = opened.read(TOKEN_MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise ValueError(f"others than its owner may use it (mode {mode:04o}): chmod 600 {path}")
    return _token(content.decode("ascii", "replace").strip(), "what it holds")


def is_token(value: str) -> bool:
    return re.fullmatch(rf"[!-~]{{1,{TOKEN_MOST_BYTES}}}", value) is not None


def _token(value: str, what: str = "it") -> str:
    if not is_token(value):
        raise ValueError(f"{what} is not a word of 1 to {TOKEN_MOST_BYTES} printable characters")
    return value


def _secret_token(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        _token(value.get_secret_value())
    return value


Name = Annotated[StrictStr, AfterValidator(_name)]
Address = Annotated[StrictStr, AfterValidator(_address)]
WritableFolder = Annotated[Path, AfterValidator(writable_folder)]
SecretFile = Annotated[Path, AfterValidator(_secret_file)]


class WithToken(Table):
    """A table that has a bearer token, written there, or in a file, or in the environment."""

    token: Annotated[SecretStr | None, AfterValidator(_secret_token)] = Field(
        default=None,
        description=f"the token itself, one word; {TOKEN_STRONG_CHARS} characters or more resist guessing",
    )
    token_file: SecretFile | None = Field(
        default=None, description="a file of mode 0600 or 0400 that holds the token and nothing else"
    )
    token_env: StrictStr | None = Field(
        default=None,
        validate_default=True,
        description="the name of an environment variable that holds the token; "
        "exactly one of token, token_file and token_env",
    )

    @field_validator("token_env", mode="after")
    @classmethod
    def _exactly_one(cls, value: str | None, info: ValidationInfo) -> str | None:
        # A field that was refused is absent from info.data; it was given all the same.
        others = [info.data.get(name, "refused") for name in ("token", "token_file")]
        given = [each for each in (*others, value) if each is not None]
        if len(given) != 1:
            raise ValueError("no token is given" if not given else "more than one token is given")
        here = Here.of(info)
        if value is not None and here and here.secrets:
            if value not in here.environ:
                raise ValueError("there is no such variable in the environment")
            _token(here.environ[value], "what it holds")
        return value

    def read_token(self, environ: Mapping[str, str] = os.environ) -> str:
        """The token; read_settings(secrets=True) has made sure that it can be read."""
        if self.token is not None:
            return self.token.get_secret_value()
        if self.token_file is not None:
            return read_secret(self.token_file)
        return environ[self.token_env or ""]
