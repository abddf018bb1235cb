"""Bounds of what the callers of one process may take of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """`callers`: at once; `held_bytes`: of all requests that are not answered yet.

    `together`: taken up in one turn, for at most `taking_up_s`.

    `streams`: answers made while they are sent.
    `arrival_s`: for a whole request; `answer_s`: for what a caller takes of an answer, or of each piece of a long one.
    """

    body_bytes: int
    callers: int = 256
    held_bytes: int = 64 * 2**20
    # Worked on together: the first of them waits for the last one, about a millisecond each.
    together: int = 16
    # A process that has worked so long in a turn takes up nobody more: other ones may be free.
    taking_up_s: float = 0.005
    # Each has a database connection; a process has eight.
    streams: int = 6
    # A full body of 1 MiB over 20 kB/s; an edge on a poorer line has halved its batches long before.
    arrival_s: float = 60.0
    answer_s: float = 60.0
