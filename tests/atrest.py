"""What else must be right once a house has come to rest: each check tells in words what is not."""

from collections.abc import Callable, Iterator

from processes import command, run_to_end
from realhouse import RealHouse

# What a process writes when something in it went wrong that nobody had thought of.
MISTAKES = ("Traceback", "mistake in the program")
BEFORE_CHARACTERS, SHOWN_CHARACTERS = 300, 1_500

# A hundred thousand rows and a hundred boots are compared within seconds; two cores may be busy with other tests.
VERIFY_S = 300.0

Check = Callable[[RealHouse], Iterator[str]]


def mistakes(house: RealHouse) -> Iterator[str]:
    for program in house.servers:
        text = program.log.read_text(errors="replace") if program.log.exists() else ""
        for word in MISTAKES:
            if word in text:
                begin = max(0, text.index(word) - BEFORE_CHARACTERS)
                yield f"{program.log.name}: ...{text[begin:][:SHOWN_CHARACTERS]}"


def digests(house: RealHouse) -> Iterator[str]:
    """What the product itself says of its two sides; it mends, but there must be nothing to mend."""
    compare = command("kembar-sync", "verify", "--config", house.folder / "edge.toml", "--days", "all")
    code, said = run_to_end(compare, house.folder, house.environ, VERIFY_S)
    if code or "mended" in said:
        yield f"kembar-sync verify ends with {code}: {said[-SHOWN_CHARACTERS:]}"
    else:
        print(said.splitlines()[-1] if said else "kembar-sync verify says nothing")


# All processes run and nothing moves any more when these are called.
CHECKS: tuple[Check, ...] = (mistakes, digests)
