"""The way by thingsboard-gateway: REST connector -> SQLite storage -> MQTT -> a broker in ThingsBoard's place.

It lies in a virtual environment of its own (deploy/ready.sh gateway), because it pins what it depends on.
"""

import http.client
import json
import socket
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from bench.household import free_port
from bench.peers.broker import Sink, broker, wait_for_broker
from bench.peers.house import Held, House
from bench.peers.programs import Missing, Program
from bench.shaped import readings
from metering.quantity import QUANTITIES
from metering.reading import CHANNEL, FIRST_VALUE, SEQ, TAKEN_MS, Row

PROGRAMS = Path(__file__).parents[2] / "build" / "peers" / "bin"
FIELDS = tuple(quantity.column for quantity in QUANTITIES[:6])
TELEMETRY = "v1/gateway/telemetry"
ASKS, ANSWERS = "v1/devices/me/rpc/request/", "v1/devices/me/rpc/response/"
OFFER_S = 1.0

# A plain broker would bring a question back to who asked it, for it also listens there; ThingsBoard does not.
RIGHTS = f"""\
topic readwrite #

user bench
topic write #
topic read {ANSWERS}#
"""

# As shipped it drains some 500 readings a second; these three sizes and pauses are its best.
TUNED = {"maxPayloadSizeBytes": 65_536, "minPackSendDelayMS": 0}
PACK_ROWS = 1_000


def settings(port: int) -> dict[str, Any]:
    return {
        "thingsboard": {
            "host": "127.0.0.1",
            "port": port,
            "remoteShell": False,
            "remoteConfiguration": False,
            "statistics": {"enable": False},
            "deviceFiltering": {"enable": False, "filterFile": "list.json"},
            "handleDeviceRenaming": False,
            "security": {"type": "accessToken", "accessToken": "bench"},
            "qos": 1,
            "reportStrategy": {"type": "ON_RECEIVED"},
            "checkingDeviceActivity": {"checkDeviceInactivity": False},
            **TUNED,
        },
        "storage": {"type": "sqlite", "max_read_records_count": PACK_ROWS, "data_file_path": "./data/"},
        "grpc": {"enabled": False},
        "connectors": [{"name": "rest", "type": "rest", "configuration": "rest.json"}],
    }


def connector(port: int) -> dict[str, Any]:
    names = ("seq", "channel", *FIELDS)
    return {
        "name": "rest",
        "logLevel": "ERROR",
        "server": {"host": "127.0.0.1", "port": str(port), "SSL": False},
        "requestsMapping": {},
        "mapping": [
            {
                "endpoint": "/readings",
                "HTTPMethods": ["POST"],
                "security": {"type": "anonymous"},
                "converter": {
                    "type": "json",
                    "deviceInfo": {
                        "deviceNameExpressionSource": "request",
                        "deviceNameExpression": "${meter}",
                        "deviceProfileExpressionSource": "constant",
                        "deviceProfileExpression": "pzem",
                    },
                    "attributes": [],
                    "timeseries": [
                        {"type": "integer", "key": name, "value": "${" + name + "}"} for name in names
                    ],
                },
            }
        ],
    }


def logging() -> dict[str, Any]:
    """Errors only; the loggers that it asks for by name."""
    names = ("service", "tb_connection", "storage", "database", "extension", "connector", "converter")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "loggers": {name: {"handlers": ["console"], "level": "ERROR", "propagate": False} for name in names},
        "root": {"level": "ERROR", "handlers": ["console"]},
    }


def values(row: Row) -> dict[str, int | None]:
    measured = zip(FIELDS, row[FIRST_VALUE : FIRST_VALUE + len(FIELDS)], strict=True)
    return {"seq": row[0], "channel": row[1], **dict(measured)}


def meter(row: Row) -> str:
    """A device of its own for each sensor: what one device measured at the same time would be one reading."""
    return f"garage-{row[CHANNEL]}"


def stored(row: Row) -> str:
    """A message as the gateway's own storage holds it."""
    telemetry = [{"ts": row[TAKEN_MS], "values": values(row)}]
    return orjson.dumps(
        {"deviceName": meter(row), "deviceType": "pzem", "telemetry": telemetry, "attributes": {}}
    ).decode()


def seqs(topic: str, message: bytes) -> list[int]:
    if topic != TELEMETRY:
        return []
    told = orjson.loads(message)
    return [int(each["values"]["seq"]) for entries in told.values() for each in entries]


def reply(topic: str) -> tuple[str, bytes] | None:
    """ThingsBoard's answer to the one question that it is asked: its limits, without any on the rate."""
    if not topic.startswith(ASKS):
        return None
    limits = {"maxPayloadSize": 65_536, "maxInflightMessages": 100, "rateLimits": {}, "gatewayRateLimits": {}}
    return ANSWERS + topic.removeprefix(ASKS), orjson.dumps(limits)


class _Gateway:
    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.entry, self.server, self._inlet = (free_port(socket.SOCK_STREAM) for _ in range(3))
        self.acknowledged: set[int] = set()
        self._folder, self._opened = folder, opened
        (folder / "conf").mkdir()
        (folder / "data").mkdir()
        (folder / "logs").mkdir()
        for name, content in (
            ("tb_gateway", settings(self.entry)),
            ("rest", connector(self._inlet)),
            ("logs", logging()),
        ):
            (folder / "conf" / f"{name}.json").write_text(json.dumps(content))
        self._gateway = Program([str(program())], folder, {"TB_GW_CONFIG_DIR": str(folder / "conf")})
        rights = folder / "rights"
        rights.write_text(RIGHTS)
        self._cloud = broker(self.server, folder / "cloud", f"max_inflight_messages 0\nacl_file {rights}\n")
        opened.callback(self._cloud.stop)
        opened.callback(self._gateway.kill)
        self._producer = http.client.HTTPConnection("127.0.0.1", self._inlet, timeout=OFFER_S)
        self._sink: Sink | None = None

    def record(self, count: int) -> None:
        """Straight into its table: through its connector this would take minutes."""
        source = islice(readings(), count)
        with closing(sqlite3.connect(self._folder / "data" / "data.db")) as db, db:
            db.execute(
                "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT,"
                " timestamp INTEGER NOT NULL, message TEXT NOT NULL)"
            )
            db.execute("CREATE INDEX idx_timestamp ON messages (timestamp)")
            db.executemany(
                "INSERT INTO messages (timestamp, message) VALUES (?, ?)",
                ((row[TAKEN_MS], stored(row)) for row in source),
            )

    def start(self) -> None:
        self._gateway.start()

    def kill(self) -> None:
        self._gateway.kill()

    def serve(self) -> None:
        self._cloud.start()
        wait_for_broker(self.server)
        self._sink = self._opened.enter_context(closing(Sink(self.server, seqs, reply)))

    def offer(self, rows: Sequence[Row]) -> None:
        """One request for each reading, as its connector takes them; 200 is its acknowledgement."""
        for row in rows:
            body = orjson.dumps({"meter": meter(row), "ts": row[TAKEN_MS], **values(row)})
            try:
                self._producer.request("POST", "/readings", body, {"Content-Type": "application/json"})
                answer = self._producer.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                self._producer.close()
                return
            if answer.status == http.client.OK:
                self.acknowledged.add(row[SEQ] or 0)

    def arrived(self) -> int:
        return self._sink.arrived() if self._sink else 0

    def first_s(self) -> float | None:
        return self._sink.first_s if self._sink else None

    def held(self) -> Held:
        assert self._sink
        return self._sink.held()


def program() -> Path:
    if not (PROGRAMS / "thingsboard-gateway").exists():
        raise Missing("no thingsboard-gateway in build/peers (deploy/ready.sh gateway)")
    return PROGRAMS / "thingsboard-gateway"


class Gateway:
    key, name = "gateway", "thingsboard-gateway"
    durability = "RAM, to SQLite (WAL, synchronous=NORMAL) after 200; server: RAM"
    backlog = 20_000

    def version(self) -> str:
        program()
        ask = "from importlib.metadata import version; print(version('thingsboard-gateway'))"
        told = subprocess.run(
            [str(PROGRAMS / "python"), "-c", ask], capture_output=True, text=True, check=False
        )
        return told.stdout.strip() or "version unknown"

    @contextmanager
    def house(self, folder: Path) -> Iterator[House]:
        with ExitStack() as opened:
            yield _Gateway(folder, opened)
