"""What only one of the processes of a server does at a time, such as a minute's job."""

import fcntl
import tempfile


class SoleInFleet:
    """Made before the fork; who gets it first keeps it until it ends, then the next one that asks has it.

    The kernel holds the lock for a process and lets go of it with the process, however that ended. The file has no
    name: nobody else can hold it, and nothing is left behind.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, it is open as long as the fleet

    def mine(self) -> bool:
        """Whether this process is the one, from now on."""
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def close(self) -> None:
        self._file.close()
