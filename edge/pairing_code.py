"""The code of a pairing while it waits for a person: in the terminal, and through a RAM file on the LAN page."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import segno

from edge import waiting
from edge.ramfile import RamFile
from pages.condition import PairingWait
from sync.granting import Wish


@contextmanager
def shown(wish: Wish, data_dir: Path, out: TextIO) -> Iterator[None]:
    """The page shows it while the block lasts, the terminal from its begin on."""
    print(f"Open {wish.page}\nand enter the code {wish.user_code}\n", file=out)
    # Half blocks; a terminal without them would show question marks.
    if out.isatty() and "utf" in (out.encoding or "").lower():
        segno.make(wish.link, error="m", micro=False).terminal(out, border=2, compact=True)
    ram = RamFile.of_services(data_dir, waiting.NAME)
    is_told = _told(ram, wish, out)
    minutes = wish.expires_s // 60
    print(f"It is good for {minutes} minutes. Waiting for somebody to confirm it ...", file=out, flush=True)
    try:
        yield
    finally:
        if is_told:
            ram.remove()


def _told(ram: RamFile, wish: Wish, out: TextIO) -> bool:
    waits = PairingWait(wish.user_code, wish.page, wish.link, 1000 * wish.expires_s)
    try:
        waiting.tell(ram, waits, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)
    except OSError as error:  # a file that another user left in a folder open to all
        print(f"The page Health cannot show the code: {error}", file=out)
        return False
    return True
