"""Large batches into PostgreSQL over real HTTP: edges that catch up, each with batches of 20 000 readings."""

import socket
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench.homes import pg_ctl, serving
from bench.household import free_port
from bench.postgres import server
from bench.shaped import batches
from store.opening import open_cloud
from store.part import Part
from sync.batch import MOST_ROWS, Batch

EDGES, BATCHES = 2, 25
SITES = [(f"house-{number}", f"a-token-of-house-{number}") for number in range(EDGES)]


def measure() -> dict[str, float]:
    """Readings a second from the first request to the last answer; all of them counted afterwards."""
    bodies, prev_seq = [], 0
    for rows in batches(BATCHES * MOST_ROWS, MOST_ROWS):
        bodies.append(Batch([Part("garage", 7, prev_seq, rows)], "rumah").encode())
        prev_seq += MOST_ROWS
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="kembar-bench-")))
        address = stack.enter_context(server(pg_ctl()))
        port = free_port(socket.SOCK_STREAM)
        with serving(folder, address, port, 2, SITES):
            begun_s = time.perf_counter()
            edges = [threading.Thread(target=_send, args=(port, token, bodies)) for _name, token in SITES]
            for edge in edges:
                edge.start()
            for edge in edges:
                edge.join()
            seconds = time.perf_counter() - begun_s
        with closing(open_cloud(address)) as db:
            (rows_there,) = db.execute("SELECT count(*) FROM readings").fetchone()
    sent = EDGES * BATCHES * MOST_ROWS
    if rows_there != sent:
        raise AssertionError(f"{rows_there} of {sent} readings arrived")
    return {"postgresql_ingest_readings_per_s": round(sent / seconds)}


def _send(port: int, token: str, bodies: list[bytes]) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Encoding": "gzip"}
    with requests.Session() as session:
        for body in bodies:
            answer = session.post(
                f"http://127.0.0.1:{port}/api/v1/batches", data=body, headers=headers, timeout=60
            )
            answer.raise_for_status()
