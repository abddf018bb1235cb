"""`kembar-edge simulate`: virtual devices that speak to a collector as Arduinos would, over UDP or a pty.

Only arguments and the loop; edge/workbench.py is one device at work.
"""

import argparse
import logging
import math
import os
import select
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from edge.devicelink import DeviceLink, PtyDeviceLink, UdpDeviceLink
from edge.eeprom import Eeprom
from edge.line import CHANNELS_MOST, NAME
from edge.mischief import Faults
from edge.produced import Produced
from edge.workbench import Conditions, Workbench

log = logging.getLogger(__name__)

# A stop is noticed, and a hello sent, at most this late.
WAIT_S_MOST = 0.1
# A fault that is asked for without a number: often enough to be seen within seconds.
FAULT_USUAL = 0.05


def number(least: float, most: float) -> Callable[[str], float]:
    def within(text: str) -> float:
        if not least <= float(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is outside {least}..{most}")
        return float(text)

    return within


def device_name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 to 16 of a-z, 0-9 and -")
    return text


def udp_url(text: str) -> tuple[str, int]:
    url = urlsplit(text)
    if url.scheme != "udp" or not url.hostname or not url.port:
        raise argparse.ArgumentTypeError(f"{text!r} is not like udp://127.0.0.1:8485")
    return url.hostname, url.port


def add_arguments(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--to", type=udp_url, default="udp://127.0.0.1:8485", metavar="URL", help="the collector"
    )
    where.add_argument(
        "--pty", action="store_true", help="print a serial port's path and speak there instead"
    )
    add = parser.add_argument
    add("--device", type=device_name, action="append", metavar="NAME", help="default garage; may be repeated")
    add(
        "--channels",
        type=int,
        choices=range(1, CHANNELS_MOST + 1),
        default=3,
        metavar="1..16",
        help="sensors",
    )
    add(
        "--rate", type=number(0.01, 10_000), metavar="HZ", help="readings per second of all channels together"
    )
    add(
        "--speed", type=number(0, 100_000), default=1.0, metavar="X", help="the recorded load changes so fast"
    )
    add("--capacity", type=int, default=4096, metavar="N", help="records that it can hold")
    add("--seconds", type=number(0, 1e9), metavar="S", help="measure so long, then send what is left and end")
    add(
        "--linger",
        type=number(0, 1e9),
        default=60.0,
        metavar="S",
        help="then fail after so long without answer",
    )
    add("--state", type=Path, metavar="FILE", help="keeps boot number and energy counters, as EEPROM does")
    add("--produced", type=Path, metavar="FILE", help="append each record as CSV before it is sent")
    add_faults(parser.add_argument_group("faults"))


def add_faults(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    for fault in ("drop", "duplicate", "reorder", "corrupt"):
        add(
            f"--{fault}",
            type=number(0, 1),
            nargs="?",
            const=FAULT_USUAL,
            default=0.0,
            metavar="SHARE",
            help=f"{fault} this share of the datagrams; {FAULT_USUAL} when no number is given",
        )
    add("--timeouts", type=number(0, 1), default=0.0, metavar="SHARE", help="readings that no sensor answers")
    add("--clock-error", type=number(-0.01, 0.01), default=0.0, metavar="SHARE", help="0.005 is 0.5 %% fast")
    add("--reboot-every", type=number(1, 1e9), metavar="S", help="restart the device; it keeps its records")
    add("--seed", type=int, default=1, metavar="N", help="the same seed repeats the same faults")


def run(args: argparse.Namespace, stop: threading.Event) -> int:
    """0 when stopped or when everything was acknowledged; 1 when --linger was over before."""
    with ExitStack() as opened:
        # Without a file the list goes nowhere.
        produced = opened.enter_context(closing(Produced(args.produced or Path(os.devnull))))
        eeprom = Eeprom(args.state)
        benches = []
        for name in args.device or ["garage"]:
            link = opened.enter_context(closing(open_link(args, name)))
            random = Random(f"{args.seed} {name}")
            benches.append(
                Workbench(name, conditions(args), link, eeprom, random, produced, time.monotonic())
            )
        return work(benches, args.seconds, args.linger, stop)


def open_link(args: argparse.Namespace, name: str) -> DeviceLink:
    if not args.pty:
        return UdpDeviceLink(*args.to)
    link = PtyDeviceLink()
    # Flushed: a script waits for this line before it starts the collector.
    print(name, link.path, flush=True)
    return link


def conditions(args: argparse.Namespace) -> Conditions:
    return Conditions(
        channels=args.channels,
        readings_per_s=args.rate or args.channels,
        capacity=args.capacity,
        speed=args.speed,
        clock_error=args.clock_error,
        timeouts=args.timeouts,
        reboot_every_s=args.reboot_every,
        faults=Faults(args.drop, args.duplicate, args.reorder, args.corrupt),
    )


def work(benches: Sequence[Workbench], seconds: float | None, linger_s: float, stop: threading.Event) -> int:
    end_s = math.inf if seconds is None else time.monotonic() + seconds
    while not stop.is_set():
        now_s = time.monotonic()
        if now_s < end_s:
            for bench in benches:
                bench.measure(now_s)
        elif not any(bench.device.held() for bench in benches):
            return 0
        elif now_s >= end_s + linger_s:
            log.warning("not acknowledged: %s", {b.device.name: len(b.device.held()) for b in benches})
            return 1
        for bench in benches:
            bench.exchange(now_s)
        due_s = min(bench.due_s(now_s) for bench in benches) if now_s < end_s else WAIT_S_MOST
        select.select([bench.link for bench in benches], [], [], min(due_s, WAIT_S_MOST))
    return 0
