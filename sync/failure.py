"""The kinds of failure on the way to a cloud, told apart by what the sender should do next.

Unreachable   wait a little and ask again, for ever; nothing is wrong with what was sent
RowsRefused   send less, until the rows that are refused stand alone; then withhold them
NotAdmitted   a person must look; try every few minutes, withhold nothing
TooLarge      halve the batch
"""


class Failure(Exception):
    """What went wrong between here and a cloud, in words for the status page."""


class Unreachable(Failure):
    """No connection, a time-out, 408, 429, 5xx, or an answer that is not ours (a hotel's login page)."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class RowsRefused(Failure):
    """The cloud took nothing of the batch, because of some of its rows; `cloud_ms`: what its clock shows."""

    def __init__(self, reason: str, cloud_ms: int | None = None) -> None:
        super().__init__(reason)
        self.cloud_ms = cloud_ms


class NotAdmitted(Failure):
    """Wrong token, wrong address, another version, a redirect: every batch would fail the same way."""


class TooLarge(Failure):
    """The batch is larger than the cloud takes."""
