"""The way by vmagent to VictoriaMetrics: a reading is six samples, posted as lines of InfluxDB's protocol."""

import http.client
import json
import re
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path

import requests

from bench.household import free_port
from bench.peers.house import Held, House
from bench.peers.programs import Program, find, wait_until
from bench.shaped import START_MS, readings
from metering.quantity import QUANTITIES
from metering.reading import CHANNEL, FIRST_VALUE, SEQ, TAKEN_MS, Row

PACKAGE = "victoria-metrics"
# The six that a sensor measures; its alarm flag is left out, to vmagent's advantage.
FIELDS = tuple(quantity.column for quantity in QUANTITIES[:6])
BATCH_ROWS = 1_000
ANSWER_S, START_S = 10.0, 30.0
# A producer on a beat cannot wait long for one answer.
OFFER_S = 1.0
METER_SECONDS_MS = 1_000
SEEN_S = 3.0


def influx_line(row: Row) -> str:
    """One reading, in base units of a thousandth as the sensor resolves them, with its time in ns."""
    values = row[FIRST_VALUE : FIRST_VALUE + len(FIELDS)]
    fields = ",".join(f"{name}={value}" for name, value in zip(FIELDS, values, strict=True))
    return f"pzem,channel={row[CHANNEL]} {fields} {row[TAKEN_MS]}000000"


def seq_of(channel: int, taken_ms: int, channels: int = 6) -> int:
    """bench/shaped.py numbers second after second, meter after meter."""
    return (taken_ms - START_MS) // METER_SECONDS_MS * channels + channel


class _VmAgent:
    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.entry, self.server, self._inlet = (free_port(socket.SOCK_STREAM) for _ in range(3))
        self.acknowledged: set[int] = set()
        self._opened = opened
        self._agent = Program(
            [
                find("vmagent", PACKAGE),
                # The queue's directory is named after this address, so it stays the same.
                f"-remoteWrite.url=http://127.0.0.1:{self.entry}/api/v1/write",
                f"-remoteWrite.tmpDataPath={folder}/queue",
                f"-httpListenAddr=127.0.0.1:{self._inlet}",
            ],
            folder,
        )
        self._database = Program(
            [
                find("victoria-metrics", PACKAGE),
                f"-storageDataPath={folder}/data",
                f"-httpListenAddr=127.0.0.1:{self.server}",
                "-retentionPeriod=100y",
            ],
            folder,
        )
        opened.callback(self._database.stop)
        opened.callback(self._agent.stop)
        self._session = opened.enter_context(requests.Session())
        self._session.trust_env = False
        self._producer = http.client.HTTPConnection("127.0.0.1", self._inlet, timeout=OFFER_S)

    def record(self, count: int) -> None:
        self.start()
        wait_until(lambda: self._answers(self._inlet), START_S, "vmagent's answer")
        source, left = readings(), count
        while rows := list(islice(source, min(BATCH_ROWS, left))):
            body = "\n".join(map(influx_line, rows))
            self._session.post(
                f"http://127.0.0.1:{self._inlet}/write", body, timeout=ANSWER_S
            ).raise_for_status()
            left -= len(rows)
        self._agent.stop()

    def start(self) -> None:
        self._agent.start()

    def kill(self) -> None:
        self._agent.kill()

    def serve(self) -> None:
        self._database.start()
        wait_until(lambda: self._answers(self.server), START_S, "VictoriaMetrics' answer")

    def _answers(self, port: int) -> bool:
        with suppress(requests.RequestException):
            return self._session.get(f"http://127.0.0.1:{port}/health", timeout=ANSWER_S).ok
        return False

    def offer(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        try:
            self._producer.request("POST", "/write", "\n".join(map(influx_line, rows)))
            answer = self._producer.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._producer.close()
            return
        if answer.status == http.client.NO_CONTENT:
            self.acknowledged |= {row[SEQ] or 0 for row in rows}

    def arrived(self) -> int:
        told = self._ask("/metrics").text
        found = re.search(r'^vm_rows_inserted_total\{type="promremotewrite"\} (\d+)', told, re.MULTILINE)
        return int(found[1]) // len(FIELDS) if found else 0

    def first_s(self) -> None:
        return None

    def held(self) -> Held:
        """A reading of which a sample is missing is not there; one of which a sample came twice is doubled."""
        seen, times = -1, self._samples()
        # On a busy machine what was inserted last is seen some seconds later only.
        while len(times) != seen:
            seen = len(times)
            time.sleep(SEEN_S)
            times = self._samples()
        samples = Counter(seq for seq, _name in times)
        whole = frozenset(seq for seq, count in samples.items() if count == len(FIELDS))
        return Held(whole, frozenset(seq for (seq, _name), count in times.items() if count > 1))

    def _samples(self) -> Counter[tuple[int, str]]:
        """How often each sample of each reading is there, by seq and name."""
        self._ask("/internal/force_flush")
        times: Counter[tuple[int, str]] = Counter()
        for line in self._ask("/api/v1/export?match[]={channel!=''}").text.splitlines():
            series = json.loads(line)
            channel, name = int(series["metric"]["channel"]), series["metric"]["__name__"]
            times.update((seq_of(channel, taken_ms), name) for taken_ms in series["timestamps"])
        return times

    def _ask(self, path: str) -> requests.Response:
        answer = self._session.get(f"http://127.0.0.1:{self.server}{path}", timeout=START_S)
        answer.raise_for_status()
        return answer


class VmAgent:
    key, name = "vmagent", "vmagent → VictoriaMetrics"
    durability = "RAM, to disk within a second or so, no fsync before 204; server: RAM first"
    backlog = 1_000_000

    def version(self) -> str:
        find("vmagent", PACKAGE)
        told = subprocess.run(
            ["dpkg-query", "--show", "--showformat=${Version}", PACKAGE],
            capture_output=True,
            text=True,
            check=False,
        )
        return told.stdout.strip() or "version unknown"

    @contextmanager
    def house(self, folder: Path) -> Iterator[House]:
        with ExitStack() as opened:
            yield _VmAgent(folder, opened)
