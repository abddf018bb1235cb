"""`kembar-edge collect`: links, collector, beacon and bulletin in one loop, until told to stop."""

import queue
import shutil
import time
from contextlib import ExitStack, closing

from edge.beacon import BeaconSender
from edge.bulletin import Bulletin
from edge.clock import SystemClock
from edge.collector import Collector
from edge.known import confirming
from edge.link import MOST_QUEUED, Inbox, SerialLink, UdpLink
from edge.live import Live
from edge.notebook import Notebook
from edge.pruning import Pruning
from edge.ramfile import RamFile
from edge.settings import EdgeSettings
from edge.sole import sole_writer
from edge.tally import Tally
from edge.timezone import tell_timezone
from process.service import CannotGoOn, Running
from store.database import Database, Unopenable
from store.sqlite import open_database

# The longest the loop sleeps: acknowledgements leave at most this late after a commit fell due.
TURN_S = 0.1
# Lines taken in one turn before the clock is looked at again.
MOST_PER_TURN = 500

DATABASE = "kembar.sqlite"


def collect(settings: EdgeSettings, running: Running) -> None:
    """Raises CannotGoOn when the database or a link cannot be opened, or another process collects there."""
    with sole_writer(settings.edge.data_dir):
        try:
            db = open_database(settings.edge.data_dir / DATABASE, "edge")
        except Unopenable as error:
            raise CannotGoOn(str(error)) from error
        with closing(db):
            _collect(db, settings, running)


def _collect(db: Database, settings: EdgeSettings, running: Running) -> None:
    clock = SystemClock(settings.edge.clock, Notebook(db).last_on_disk_ms())
    collector = Collector(db, Tally(), Live())
    told = RamFile(settings.edge.data_dir, "live")
    bulletin = Bulletin(collector, clock, told)
    pruning = _pruning(db, settings, collector.tally)
    tell_timezone(db, settings.edge.name, settings.edge.timezone, time.time_ns())
    inbox: Inbox = queue.Queue(MOST_QUEUED)
    with ExitStack() as stack:
        # What is live ends with the process; a crash leaves the file, whose age then tells.
        stack.callback(told.remove)
        beacons = _open_links(settings, inbox, clock, collector.tally, stack)
        running.ready(f"collecting from {', '.join(link.url for link in settings.link)}")
        while not running.stop.is_set():
            _turn(inbox, collector, clock)
            at = clock.now()
            bulletin.tick(at)
            for beacon in beacons:
                beacon.tick(at.mono_ms)
            if inbox.empty():
                pruning.tick(at)
            running.alive()
        collector.finish(clock.now())


def _pruning(db: Database, settings: EdgeSettings, tally: Tally) -> Pruning:
    edge = settings.edge
    return Pruning(
        db,
        tally,
        lambda: confirming(settings),
        edge.keep_days,
        edge.disk_percent,
        lambda: shutil.disk_usage(edge.data_dir),
    )


def _turn(inbox: Inbox, collector: Collector, clock: SystemClock) -> None:
    try:
        collector.hear(inbox.get(timeout=TURN_S))
        for _ in range(MOST_PER_TURN):
            collector.hear(inbox.get_nowait())
    except queue.Empty:
        pass
    collector.tick(clock.now())


def _open_links(
    settings: EdgeSettings, inbox: Inbox, clock: SystemClock, tally: Tally, stack: ExitStack
) -> list[BeaconSender]:
    beacons = []
    for setting in settings.link:
        link: UdpLink | SerialLink
        if setting.udp:
            link = UdpLink(*setting.udp, inbox, clock.now, tally.count)
            beacon = BeaconSender(settings.edge.name, setting.udp[0], link.port)
            stack.callback(beacon.close)
            beacons.append(beacon)
        else:
            link = SerialLink(setting.url, inbox, clock.now, tally.count)
        link.start()
        stack.callback(link.close)
    return beacons
