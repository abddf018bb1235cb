"""An edge and a hosted site for tests of pairing, the person who confirms, and `kembar-sync run` in a thread."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path

from hosted import Hosted

from cloud.pairing import INTERVAL_S, Pairings
from cloud.tokens import Token, Tokens
from edge import sync_main
from edge.pairing_commands import Here, PairingCommands
from edge.ramfile import RamFile
from edge.settings import EdgeSettings
from pages.app import wall_ms
from process.service import Running
from process.settings import read_settings
from store.by_stream import RowsByStream
from store.part import Part
from store.receiver import Receiver
from store.sqlite import open_database
from sync.progress import Progress

VALUES = (225_700, 108, 24_400, 38, 50_000, 1_000, 0)
BEGUN_MS = time.time_ns() // 1_000_000 - 86_400_000
PATIENCE_S = 20.0


class Home:
    """One edge beside one hosted site, which has the sites "rumah" and "kos"."""

    def __init__(self, folder: Path, cloud: Hosted) -> None:
        self.data_dir, self.cloud = folder / "edge", cloud
        self.data_dir.mkdir()
        self.config = folder / "edge.toml"
        self.write_settings()
        self.said = StringIO()
        self.waits: list[float] = []
        self.now_s = 0.0
        self.seq = 0

    def write_settings(self, more: str = "") -> None:
        self.config.write_text(
            f'[edge]\nname = "rumah"\ndata_dir = "{self.data_dir}"\ntimezone = "Asia/Jakarta"\n'
            f'[[link]]\nurl = "udp://127.0.0.1:8485"\n{more}'
        )

    @property
    def settings(self) -> EdgeSettings:
        return read_settings(self.config, EdgeSettings, secrets=True)

    def commands(self, during: Callable[[], bool]) -> PairingCommands:
        """`during`: what happens while the edge waits; True: whoever started it gives up."""

        def wait(seconds: float) -> bool:
            self.waits.append(seconds)
            self.now_s += seconds
            with self.cloud.database() as db, db.write():  # for the cloud too the interval is over
                db.execute("UPDATE pairings SET polled_ms = polled_ms - ?", (1000 * INTERVAL_S,))
            return during()

        return PairingCommands(self.settings, Here(wait, clock_s=lambda: self.now_s, out=self.said))

    def pair(self, site: str | None = "rumah") -> int:
        """`kembar-sync pair` with a person beside it who confirms for this site, or denies."""
        return self.commands(lambda: self.decide(site)).pair(self.cloud.url)

    def command(self, name: str) -> int:
        run: int = getattr(self.commands(lambda: True), name)(self.cloud.url)
        return run

    def decide(self, site: str | None) -> bool:
        with self.cloud.database() as db:
            found = db.execute("SELECT id FROM pairings WHERE decided_ms IS NULL").fetchall()
            number = db.execute("SELECT id FROM sites WHERE name = ?", (site,)).fetchone() if site else None
            with db.write():
                for (pairing,) in found:
                    Pairings(Tokens(wall_ms), wall_ms).decide(db, pairing, number and number[0], 1)
        return False

    def tokens(self, site: int = 1) -> list[Token]:
        with self.cloud.database() as db:
            return Tokens(wall_ms).of_site(db, site)

    def revoke_all(self, site: int = 1) -> None:
        with self.cloud.database() as db, db.write():
            for token in Tokens(wall_ms).of_site(db, site):
                Tokens(wall_ms).revoke(db, site, token.id)

    def record(self, rows: int) -> None:
        first, self.seq = self.seq + 1, self.seq + rows
        with closing(open_database(self.data_dir / "kembar.sqlite", "edge")) as db, db.write():
            made = [(seq, 1, BEGUN_MS + seq, *VALUES) for seq in range(first, self.seq + 1)]
            Receiver(db, RowsByStream(db)).receive(Part("garage", 7, first - 1, made))

    def arrived(self, site: int = 1) -> list[int]:
        """The numbers of all rows that the site has, doubled ones twice."""
        with self.cloud.database() as db:
            rows = db.execute(
                "SELECT r.seq FROM readings r JOIN streams s ON s.id = r.stream WHERE s.site = ? ORDER BY r.seq",
                (site,),
            )
            return [seq for (seq,) in rows.fetchall()]

    def all_arrived(self) -> bool:
        """0 lost, 0 doubled."""
        return self.arrived() == list(range(1, self.seq + 1))

    def told(self) -> dict[str, Progress]:
        fields = RamFile(self.data_dir, "sync").read() or {"clouds": []}
        return {each["url"]: Progress(**each) for each in fields["clouds"]}

    def state(self, url: str | None = None) -> str:
        told = self.told().get(url or self.cloud.url)
        return told.state if told else ""

    @contextmanager
    def sending(self) -> Iterator[None]:
        """`kembar-sync run`, stopped at the end."""
        running = Running({})
        thread = threading.Thread(target=sync_main._run, args=(self.config, running))
        thread.start()
        try:
            yield
        finally:
            running.stop.set()
            thread.join()


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; other threads set the pace."""
    deadline_s, waiting = time.monotonic() + PATIENCE_S, threading.Event()
    while not holds():
        assert time.monotonic() < deadline_s, "it never came to that"
        waiting.wait(0.02)
