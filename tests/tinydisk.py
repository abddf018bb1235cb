"""A tiny disk for one folder: a real ext4 of a few MB that fills up, turns read-only by an error, is mounted anew.

It is mounted in a mount namespace of its own, which ends with the program that holds it: nothing is left behind
when a test dies. Programs see the disk when `inside` stands before their own words; the test looks at `seen`.
"""

import errno
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from processes import Program, wait_until

# Room for the schema, the log of writes before it is folded back, and some minutes of records.
DISK_BYTES = 12 * 2**20
BALLAST_BYTES = 4_096
MOUNT_S = 10.0
OPTIONS = "loop,errors=remount-ro"


class NotPermitted(Exception):
    """Here nothing may be mounted; the message says what was tried and what the answer was."""


class TinyDisk:
    """`folder` is empty and belongs to this disk until the end of the block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._image = folder.with_name(f"{folder.name}.img")
        hold = (
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            "echo held; exec sleep infinity",
        )
        self._holder = Program(f"{folder.name}-disk", hold, folder.parent)

    def __enter__(self) -> Self:
        self._folder.mkdir(exist_ok=True)
        with self._image.open("wb") as image:
            image.truncate(DISK_BYTES)
        # No blocks are kept for root: full is full for everybody.
        _run("mkfs.ext4", "-q", "-m", "0", str(self._image))
        try:
            self._holder.start()
            wait_until(lambda: "held" in self._holder.said() or not self._holder.runs(), MOUNT_S, str)
            if not self._holder.runs():
                raise NotPermitted(f"unshare --mount: {self._holder.said().strip()}")
            self.mount()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._holder.runs():
            self._holder.kill()

    @property
    def inside(self) -> list[str]:
        """Words before a command that is to see the disk."""
        return ["nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt", f"--wd={self._folder.parent}"]

    @property
    def seen(self) -> Path:
        """The folder as it is on the disk."""
        return Path(f"/proc/{self._holder.pid}/root") / self._folder.relative_to("/")

    def mount(self) -> None:
        """As after a start of the machine."""
        _run(*self.inside, "mount", "-o", OPTIONS, str(self._image), str(self._folder))

    def remount(self, option: str) -> None:
        """ "ro" is refused by the kernel while anybody may write."""
        _run(*self.inside, "mount", "-o", f"remount,{option}", str(self._folder))

    def unmount(self) -> None:
        """Nobody may have a file of it open any more; what an error left behind is mended."""
        _run(*self.inside, "umount", str(self._folder))
        _run("e2fsck", "-y", str(self._image), good=(0, 1))

    def fill(self) -> None:
        """Until not one block is left."""
        with (self.seen / "ballast").open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(BALLAST_BYTES))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        (self.seen / "ballast").unlink()

    def fail(self) -> None:
        """The kernel finds an error and lets nothing be written any more, though files are open for it."""
        device = self.seen.stat().st_dev
        name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
        Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("1")


def _run(*argv: str, good: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode not in good:
        raise NotPermitted(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
