"""The acknowledgement leaves after the fsync of the commit that holds the record: shown on the system calls.

For every A1 in a trace of the real collector: all its records had come in, then frames were written to the
database's log, then an fsync of that log began after the last of them and returned 0, and only then the A1
was handed to the network.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from realhouse import RealHouse
from tracing import Call, read_trace, strace_command

# Several commits: a line that comes twice asks for one, at most once a second.
DEVICE = ("--seconds", "8", "--rate", "40", "--duplicate", "0.3", "--linger", "60")
LIFE_S = 70.0
COMMITS_LEAST = 4
_RECORD = re.compile(r"[RN]1,(?P<device>[a-z0-9-]+),(?P<boot>\d+),(?P<seq>\d+),")
_ACK = re.compile(r"A1,(?P<device>[a-z0-9-]+),(?P<boot>\d+),(?P<seq>\d+)\*")

Acks = list[tuple[Call, tuple[str, str], int]]


def answers(calls: list[Call]) -> Acks:
    """Every A1 that was sent, with its stream and its seq."""
    return [
        (call, (ack["device"], ack["boot"]), int(ack["seq"]))
        for call in calls
        if call.name == "sendto"
        for ack in _ACK.finditer(call.arguments)
    ]


def broken_promises(calls: list[Call]) -> list[str]:
    """Every A1 of the trace that left although its records could still be lost."""
    heard: dict[tuple[str, str, int], int] = {}
    for call in calls:
        for line in _RECORD.finditer(call.arguments) if call.name == "recvfrom" else ():
            heard.setdefault((line["device"], line["boot"], int(line["seq"])), call.ended)
    found = []
    for answer, stream, seq in answers(calls):
        came_in = [heard.get((*stream, each)) for each in range(1, seq + 1)]
        why = _why_broken([call for call in calls if call.ended < answer.began], came_in)
        if why:
            found.append(f"A1 {','.join(stream)},{seq}: {why}")
    return found


def _why_broken(before: list[Call], came_in: list[int | None]) -> str:
    at = [number for number in came_in if number is not None]
    if len(at) < len(came_in):
        return f"record {came_in.index(None) + 1} had not come in"
    log = [call for call in before if call.file.endswith("-wal")]
    frames = [call for call in log if call.name == "pwrite64"]
    if not frames or frames[-1].began < max(at):
        return "nothing was written to the log since its newest record came in"
    synced = any(_is_sync(call) and call.result == 0 and call.began > frames[-1].ended for call in log)
    return "" if synced else "the frames of its commit were not yet fsynced"


def _is_sync(call: Call) -> bool:
    return call.name in ("fdatasync", "fsync") and call.file.endswith("-wal")


def test_every_acknowledgement_left_after_the_fsync_of_its_commit(
    tmp_path: Path, need: Callable[[str], str]
) -> None:
    need("strace")
    calls = traced(tmp_path)
    assert len({seq for _call, _stream, seq in answers(calls)}) >= COMMITS_LEAST
    assert broken_promises(calls) == []
    # The proof itself: the same trace with the fsync before an answer failed must not pass.
    for answer, stream, seq in answers(calls):
        sync = [call for call in calls if _is_sync(call) and call.ended < answer.began][-1]
        failed = [replace(call, result=-1) if call is sync else call for call in calls]
        promise = f"A1 {','.join(stream)},{seq}: "
        assert any(broken.startswith(promise) for broken in broken_promises(failed)), promise


def traced(folder: Path) -> list[Call]:
    """What the collector did while a device handed over everything it had."""
    with RealHouse(folder) as house:
        collect = house.program("collect", strace_command(folder / "trace", *house.collect.argv))
        house.start(collect)
        assert house.device("garage", *DEVICE).start().wait(LIFE_S) == 0
        collect.stop()
    return read_trace(folder / "trace")
