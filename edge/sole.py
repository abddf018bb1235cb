"""That only one process writes readings into a data directory: a lock that ends with its holder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from process.service import CannotGoOn
from store.sqlite import SHARED_MODE

LOCK = "collect.lock"


class Taken(CannotGoOn):
    """Another process holds it."""


@contextmanager
def sole_writer(data_dir: Path) -> Iterator[None]:
    """Held while the block lasts; raises Taken at once if another process has it, CannotGoOn if it cannot be made."""
    path = data_dir / LOCK
    try:
        # For reading: a lock needs no more, and a file that another user of the group made is no hindrance.
        lock = os.open(path, os.O_RDONLY | os.O_CREAT, SHARED_MODE)
    except OSError as error:
        raise CannotGoOn(f"{path} cannot be made: {error}; check that this user may write there") from error
    with os.fdopen(lock):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Taken(
                f"another kembar-edge collect writes into {data_dir}; end it, or give this one a folder of its own"
            ) from error
        yield
