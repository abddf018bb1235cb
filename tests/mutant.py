"""A mutant: the program with one defence taken out, the test that has to miss it, and the fault that it is against."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """`line` stands exactly once in `path`, whatever its indentation; with `instead` in its place `test` fails."""

    test: str
    path: str
    line: str
    instead: str

    def out_of(self, text: str) -> str:
        """The text of the module with the defence taken out."""
        lines = text.splitlines(keepends=True)
        (at,) = [number for number, line in enumerate(lines) if line.strip() == self.line]
        lines[at] = lines[at].replace(self.line, self.instead)
        return "".join(lines)


@dataclass(frozen=True, slots=True)
class Fault:
    """`fault` says in a sentence what goes wrong where nothing stands against it."""

    number: int
    name: str
    fault: str
    mutants: tuple[Mutant, ...]
