"""A PostgreSQL server of one measurement or one test: on a socket in its own folder, gone at the end."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

START_S = 60


@contextmanager
def server(pg_ctl: str, options: str = "") -> Iterator[str]:
    """The url of a fresh server's database `postgres`; `options` as for `postgres -o`."""
    bin_ = Path(pg_ctl).parent
    folder = Path(mkdtemp(prefix="kembar-pg-"))
    try:
        data = folder / "data"
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        folder.chmod(0o755)
        _as_user([bin_ / "initdb", "--auth=trust", "--username=kembar", "--no-sync", "-D", data])
        settings = f"-c listen_addresses='' -c unix_socket_directories='{folder}' {options}"
        log = folder / "log"
        _as_user([bin_ / "pg_ctl", "-w", "-t", str(START_S), "-D", data, "-l", log, "-o", settings, "start"])
        try:
            yield f"postgresql://kembar@/postgres?host={folder}"
        finally:
            _as_user([bin_ / "pg_ctl", "-w", "-D", data, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_user(command: list[str | Path]) -> None:
    """PostgreSQL refuses to run as root."""
    words = [str(word) for word in command]
    if os.getuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    done = subprocess.run(words, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
