"""The version of the program that runs here, as its package says, in the words that a cloud takes."""

from importlib.metadata import PackageNotFoundError, version

from sync.shape import is_version


def own_version() -> str | None:
    """None where it cannot be told: a cloud would refuse every reading for a version that it does not take."""
    try:
        found = version("kembar")
    except PackageNotFoundError:
        return None
    return found if is_version(found) else None
