"""Answers to devices: A1 lines, sent only for what is on disk or accounted for there."""

from collections.abc import Iterable

from edge.boots import Boot
from edge.clock import Instant
from edge.line import Ack, encode

# A device that repeats a long run would get an answer for each line of it; five a second are enough.
ANSWER_PAUSE_MS = 200
SEQ_MOST = 2**32 - 1


def answer(boot: Boot, at: Instant) -> None:
    """Say again how far everything is on disk, at most five times a second."""
    if at.mono_ms - boot.answered_mono_ms >= ANSWER_PAUSE_MS:
        _send(boot, at)


def after_commit(moved: Iterable[Boot], at: Instant) -> None:
    """The commit has returned: acknowledge."""
    for boot in moved:
        _send(boot, at)


def _send(boot: Boot, at: Instant) -> None:
    # A fill lies below the cursor but is not on disk before the next commit. Until then the device must not
    # hear the cursor again, or it would let go of a record that only RAM holds. A cursor of 0 is said too: a
    # device whose first records were lost would otherwise send them again after its own pauses only, and its
    # memory may run over before.
    if boot.sender is None or boot.fills or not boot.met:
        return
    boot.answered_mono_ms = at.mono_ms
    boot.sender.send(encode(Ack(boot.name, boot.wire_boot, min(boot.stream.cursor, SEQ_MOST))))
