"""The system calls of a process as strace wrote them, in order, with the file or socket each one was about.

Only what a proof about order needs: when a call began, when it returned, what it moved.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"(?P<pid>\d+) +(?P<at>\d+\.\d+) (?P<rest>.*)")
_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+|\?).*", re.DOTALL)
_UNFINISHED = re.compile(r"(?P<begin>\w+\(.*) <unfinished \.\.\.>")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(?P<end>.*)")
# strace -y writes 5</data/kembar.sqlite-wal> or 4<UDP:[127.0.0.1:8485]>.
_FILE = re.compile(r"\d+<(?P<file>.*?)>(?:,|$)")


@dataclass(frozen=True)
class Call:
    """`began` and `ended` count the lines of the trace: what has the smaller number happened earlier."""

    name: str
    file: str
    arguments: str
    result: int
    began: int
    ended: int


def strace_command(trace: Path, *argv: str) -> list[str]:
    """`argv` under strace with all its threads; strings are written whole, as far as a datagram goes."""
    calls = "trace=fdatasync,fsync,pwrite64,write,sendto,recvfrom"
    return ["strace", "-f", "-y", "-ttt", "-s", "700", "-e", calls, "-o", str(trace), *argv]


def read_trace(path: Path) -> list[Call]:
    """Every finished call in the order in which it ended."""
    return list(_calls(path.read_text(errors="replace").splitlines()))


def _calls(lines: list[str]) -> Iterator[Call]:
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        pid, text, began = found["pid"], found["rest"], number
        if unfinished := _UNFINISHED.fullmatch(text):
            begun[pid] = (number, unfinished["begin"])
            continue
        if resumed := _RESUMED.fullmatch(text):
            began, begin = begun.pop(pid)
            text = begin + resumed["end"]
        call = _CALL.fullmatch(text)
        if call and call["result"] != "?":
            file = _FILE.match(call["arguments"])
            yield Call(
                call["name"],
                file["file"] if file else "",
                call["arguments"],
                int(call["result"]),
                began,
                number,
            )
