"""Names of files that survive a power cut."""

import os
from pathlib import Path


def on_disk(folder: Path) -> None:
    """A file that was made, renamed or removed in this folder stays so: a rename is on disk only when its folder is."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
