"""News: how many changes a cloud has made itself, as its answers tell; more than before, and they are fetched."""


class News:
    """Told by the threads that send, asked by the one that fetches. Safe for threads: a number is replaced whole."""

    def __init__(self) -> None:
        self._told = 0
        self._fetched = 0

    def told(self, changes: int) -> None:
        self._told = changes

    @property
    def waiting(self) -> int | None:
        """What is to be fetched up to, None when there is nothing; fewer than before is a cloud that was restored."""
        return self._told if self._told != self._fetched else None

    def fetched(self, changes: int) -> None:
        """Everything up to there has been fetched."""
        self._fetched = changes
