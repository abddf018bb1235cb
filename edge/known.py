"""The clouds that this edge knows: those of the settings, then those that it was paired with."""

from collections.abc import Callable
from dataclasses import dataclass

from edge.paired import Paired, PairedMistake
from edge.settings import EdgeSettings


@dataclass(frozen=True, slots=True)
class KnownCloud:
    """`read_token` raises a ValueError in one sentence; `first`: its dates stand."""

    url: str
    is_paired: bool
    read_token: Callable[[], str]
    first: bool

    @property
    def advice(self) -> str:
        """What helps when the cloud does not know the token."""
        if self.is_paired:
            return f"pair again: kembar-sync pair {self.url}"
        return "correct the token in the settings"


@dataclass(frozen=True, slots=True)
class Known:
    """`mistakes`: files of pairings that cannot be used; which clouds they are of may not be known."""

    clouds: tuple[KnownCloud, ...]
    mistakes: tuple[PairedMistake, ...] = ()

    @property
    def urls(self) -> list[str]:
        return [cloud.url for cloud in self.clouds]


def known(settings: EdgeSettings) -> Known:
    """Looked at now; never raises. A cloud that stands in the settings too has the token of the settings."""
    paired = Paired(settings.edge.data_dir)
    found = paired.found()
    written = {cloud.url: cloud.read_token for cloud in settings.cloud}
    tokens = {
        pairing.url: (lambda url=pairing.url: paired.token(url))
        for pairing in found.pairings
        if pairing.url not in written
    }
    clouds = tuple(
        KnownCloud(url, url in tokens, read_token, first=place == 0)
        for place, (url, read_token) in enumerate((written | tokens).items())
    )
    return Known(clouds, found.mistakes)


def confirming(settings: EdgeSettings) -> list[str] | None:
    """The clouds that must have a row before it is pruned; None while it cannot be told which they are."""
    found = known(settings)
    return None if found.mistakes else found.urls
