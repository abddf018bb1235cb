"""Ten years of three meters at 1 Hz, as a house has them: rollups of all of it, rows of the last two days.

Both databases are made once and kept in DISK (some GB); then every chart and page is asked for over HTTP, on the edge
and on the cloud, and timed from the request to the last byte of the answer. The rows of ten years would be 946
millions: the edge lets go of them after 400 days, and no chart longer than a few hours reads them.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import requests

from metering.quantity import COLUMNS, DAY_MS
from metering.reading import Row
from metering.rollup import MINUTE_MS, QUARTER_MS
from pages.app import build
from pages.condition import Condition, Pulse
from pages.site import Site, Twin
from process.serve import serve
from process.service import Running
from store.by_stream import RowsByStream
from store.by_time import RowsByTime
from store.database import Database
from store.history import History
from store.part import Part
from store.receiver import Receiver
from store.rolling import Rolling
from store.sqlite import open_database, open_reader

DISK = Path("/var/tmp/kembar-ten-years-1")
ZONE = ZoneInfo("Asia/Jakarta")
HOUR_MS = 3_600_000
# A midnight in Jakarta, so that the days made here are those that the house would make; no clock is asked.
END_MS = 1_795_194_000_000
YEARS_MS = 3_653 * DAY_MS
RAW_MS = 2 * DAY_MS
BEGIN_MS = END_MS - YEARS_MS
METERS = (1, 2, 3)
ROWS_A_PART = 60_000
# Twenty thousand gaps and a restart a day: a house whose mains are not the best.
GAPS, RESTARTS = 20_000, 3_650
ASKED = 7
START_S = 10.0
# Values of a minute: something that goes up and down over hours, days and months, in small units.
_WAVE = "abs((i / {slow}) % {turn} - {half})"
_VALUES = {
    "voltage_mv": "221000 + 40 * " + _WAVE.format(slow=7, turn=120, half=60),
    "current_ma": "400 + 60 * " + _WAVE.format(slow=11, turn=90, half=45),
    "power_mw": "90000 + 13000 * " + _WAVE.format(slow=11, turn=90, half=45),
    "energy_wh": "i * 6",
    "frequency_mhz": "50000 - " + _WAVE.format(slow=3, turn=90, half=45),
    "power_factor_milli": "900 + " + _WAVE.format(slow=5, turn=90, half=45),
    "alarm": "0",
}


def measure() -> dict[str, float]:
    DISK.mkdir(parents=True, exist_ok=True)
    worst_ms, worst_bytes, page_ms, page_bytes = 0.0, 0, 0.0, 0
    for twin in ("edge", "cloud"):
        path = _made(DISK / f"{twin}.sqlite", "edge" if twin == "edge" else "cloud")
        with _pages(path, "edge" if twin == "edge" else "cloud") as url, requests.Session() as session:
            session.trust_env = False
            for name, ask in _charts():
                took_ms, size = _timed(session, url + ask)
                print(f"{twin} {name:44} {took_ms:7.1f} ms {size:8,} bytes", flush=True)
                worst_ms, worst_bytes = max(worst_ms, took_ms), max(worst_bytes, size)
            for name, ask in _views():
                took_ms, size = _timed(session, url + ask)
                print(f"{twin} {name:44} {took_ms:7.1f} ms {size:8,} bytes", flush=True)
                page_ms, page_bytes = max(page_ms, took_ms), max(page_bytes, size)
    return {
        "series_ms_worst": round(worst_ms, 1),
        "series_bytes_worst": worst_bytes,
        "history_page_ms_worst": round(page_ms, 1),
        "history_page_bytes_worst": page_bytes,
        "rollups_mb_ten_years": round((DISK / "edge.sqlite").stat().st_size / 1e6),
    }


def _charts() -> Iterator[tuple[str, str]]:
    """Series and energy of an hour up to ten years, new and old, from round and from odd moments."""
    odd = END_MS - 12_345_678
    spans = (
        ("an hour", HOUR_MS), ("6 hours", 6 * HOUR_MS), ("a day", DAY_MS), ("3 days", 3 * DAY_MS),
        ("a week", 7 * DAY_MS), ("a month", 31 * DAY_MS), ("a year", 365 * DAY_MS),
        ("3 years", 1_096 * DAY_MS), ("ten years", YEARS_MS - 2 * DAY_MS),
    )  # fmt: skip
    for name, span in spans:
        for until, when in (
            (END_MS, "to now"),
            (odd, "to an odd moment"),
            (END_MS - YEARS_MS // 2, "years ago"),
        ):
            if until - span >= BEGIN_MS and (span > HOUR_MS or until != END_MS - YEARS_MS // 2):
                ask = f"/api/v1/series?meter=garage/2&quantity=power&from={until - span}&to={until}"
                yield f"{name} {when}", ask
                yield (
                    f"{name} {when}, 1500 points of voltage",
                    ask.replace("power", "voltage") + "&points=1500",
                )
    # As the page asks for them: bars of hours up to four days, of days up to a hundred, then of months.
    for period, span in (("hour", 4), ("day", 31), ("day", 100), ("month", 366), ("month", 3_650)):
        ask = f"/api/v1/energy?meter=garage/3&period={period}&from={END_MS - span * DAY_MS}&to={END_MS}"
        yield f"energy, {span} days by {period}", ask


def _views() -> Iterator[tuple[str, str]]:
    for what in ("meter=garage/1", "meter=all"):
        for period, at in (
            ("day", "2026-11-19"),
            ("month", "2026-11"),
            ("year", "2025"),
            ("day", "2019-05-05"),
        ):
            yield f"page {period} {at}, {what}", f"/history?period={period}&at={at}&{what}"
        yield f"page ten years, {what}", f"/history?period=range&from={BEGIN_MS}&to={END_MS}&{what}"
    yield "page recap", "/recap?at=2026-10&meter=garage/1"


def _timed(session: requests.Session, url: str) -> tuple[float, int]:
    """(the median of ASKED askings in ms, bytes of the answer)"""
    took, size = [], 0
    for _ in range(ASKED):
        begun_s = time.perf_counter()
        answer = session.get(url, timeout=60)
        took.append(1000 * (time.perf_counter() - begun_s))
        answer.raise_for_status()
        size = len(answer.content)
    return median(took), size


@contextmanager
def _pages(path: Path, twin: Twin) -> Iterator[str]:
    with ExitStack() as opened:
        readers: dict[int, Database] = {}

        @contextmanager
        def history() -> Iterator[History]:
            mine = threading.get_ident()
            if mine not in readers:
                readers[mine] = opened.enter_context(closing(open_reader(path)))
            db = readers[mine]
            rows = RowsByStream(db) if twin == "edge" else RowsByTime(db, 1)
            yield History(db, rows, 0 if twin == "edge" else 1)

        site = Site("", "Rumah", ZONE, twin, history, list, Condition)
        app = build(site, pulse=lambda: Pulse(True, 0.0, 0), hosts=None, now_ms=lambda: END_MS)
        running, bound, urls = Running({}), threading.Event(), list[str]()

        def ready(url: str) -> None:
            urls.append(url)
            bound.set()

        server = threading.Thread(target=serve, args=(app, "127.0.0.1:0", running), kwargs={"bound": ready})
        server.start()
        try:
            bound.wait(START_S)
            yield urls[0]
        finally:
            running.stop.set()
            server.join()


def _made(path: Path, twin: Twin) -> Path:
    """The database, made if it is not there; an unfinished one has another name."""
    if path.exists():
        return path
    draft = path.with_suffix(".draft")
    for left in path.parent.glob(f"{draft.name}*"):
        left.unlink()
    begun_s = time.monotonic()
    with closing(open_database(draft, twin)) as db:
        site = 0 if twin == "edge" else 1
        if twin == "cloud":
            with db.write():
                db.execute("INSERT INTO sites (id, name) VALUES (1, 'rumah')")
        rows = RowsByStream(db) if twin == "edge" else RowsByTime(db, 1)
        receiver = Receiver(db, rows, site)
        for part in _raw():
            with db.write():
                receiver.receive(part)
        rolling = Rolling(db, rows, site)
        for _slice in rolling.slices(lambda: END_MS + DAY_MS, ZONE):
            pass
        for channel in METERS:
            number = db.execute("SELECT id FROM meters WHERE channel = ?", (channel,)).fetchone()[0]
            _fill(db, number)
        _fill_gaps(db, site)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("ANALYZE")
    draft.rename(path)
    print(f"{path} made in {time.monotonic() - begun_s:.0f} s", flush=True)
    return path


def _raw() -> Iterator[Part]:
    """The rows of the last two days, a reading of each meter in every second."""
    first = END_MS - RAW_MS
    seqs = range(1, RAW_MS // 1_000 * len(METERS) + 1)
    for begin in range(0, len(seqs), ROWS_A_PART):
        rows: list[Row] = [_row(seq, first) for seq in seqs[begin : begin + ROWS_A_PART]]
        yield Part("garage", 9_000, begin, sorted(rows, key=lambda row: (row[1] or 0, row[0] or 0)))


def _row(seq: int, first_ms: int) -> Row:
    second, place = divmod(seq - 1, len(METERS))
    wave = abs(second // 60 % 240 - 120)
    wh = (YEARS_MS - RAW_MS) // MINUTE_MS * 6 + second // 10
    return (
        seq, METERS[place], first_ms + 1_000 * second, 221_000 + 20 * wave, 400 + 30 * wave, 90_000 + 6_000 * wave,
        wh, 50_000 - wave, 900, 0,
    )  # fmt: skip


def _fill(db: Database, number: int) -> None:
    """The rollups of one meter up to the rows, by SQL."""
    minutes = (YEARS_MS - RAW_MS) // MINUTE_MS
    sums = ", ".join(
        f"60, 60 * ({_VALUES[column]}), ({_VALUES[column]}) * 95 / 100, ({_VALUES[column]}) * 105 / 100"
        if column != "energy_wh"
        else "60, 60 * (i * 6), i * 6, i * 6 + 5"
        for column in COLUMNS
    )
    fields = _fields(db)
    with db.write():
        db.execute(
            f"INSERT INTO rollups ({fields}) WITH RECURSIVE t (i) AS"
            f" (SELECT 0 UNION ALL SELECT i + 1 FROM t WHERE i < {minutes - 1})"
            f" SELECT {number}, 60, {BEGIN_MS} + i * 60000, 1, {sums},"
            f" {BEGIN_MS} + i * 60000, i * 6, {BEGIN_MS} + i * 60000 + 59000, i * 6 + 5, 5, 0 FROM t"
        )
    joined = ", ".join(
        f"sum({column}_n), sum({column}_sum), min({column}_least), max({column}_most)" for column in COLUMNS
    )
    for width_ms, narrower_ms, shift_ms in (
        (QUARTER_MS, MINUTE_MS, 0), (HOUR_MS, QUARTER_MS, 0), (DAY_MS, HOUR_MS, 7 * HOUR_MS),
    ):  # fmt: skip
        start = f"(start_ms + {shift_ms}) / {width_ms} * {width_ms} - {shift_ms}"
        with db.write():
            db.execute(
                f"INSERT INTO rollups ({fields}) SELECT {number}, {width_ms // 1000}, {start}, sum(minutes),"
                f" {joined}, min(first_ms), min(first_wh), max(last_ms), max(last_wh),"
                f" max(last_wh) - min(first_wh), 0 FROM rollups WHERE meter = {number}"
                f" AND width_s = {narrower_ms // 1000} AND start_ms < {END_MS - RAW_MS} GROUP BY {start}"
            )


def _fields(db: Database) -> str:
    return ", ".join(row[1] for row in db.execute("PRAGMA table_info(rollups)"))


def _fill_gaps(db: Database, site: int) -> None:
    """A boot a day before the last one, and short gaps of a sensor all along."""
    step_ms, gap_ms = (YEARS_MS - RAW_MS) // RESTARTS, (YEARS_MS - RAW_MS) // GAPS
    with db.write():
        db.executemany(
            "INSERT INTO streams (site, source, boot, kind, first, cursor, uncertain, first_ms, last_ms)"
            " VALUES (?, 'garage', ?, 'readings', 1, 259200, 0, ?, ?)",
            [
                (site, boot, BEGIN_MS + boot * step_ms, BEGIN_MS + (boot + 1) * step_ms - 60_000)
                for boot in range(RESTARTS)
            ],
        )
        streams = [
            number for (number,) in db.execute("SELECT id FROM streams WHERE boot < 9000 ORDER BY boot")
        ]
        each = GAPS // len(streams)
        gaps: Sequence[tuple[int, int, int, int, int]] = [
            (stream, 1 + 100 * nth, 1 + 100 * nth, at_ms, at_ms + 1_000)
            for boot, stream in enumerate(streams)
            for nth in range(each)
            if (at_ms := BEGIN_MS + boot * step_ms + nth * gap_ms)
        ]
        db.executemany(
            "INSERT INTO gaps (stream, from_seq, to_seq, cause, from_ms, to_ms) VALUES (?, ?, ?, 'sensor', ?, ?)",
            gaps,
        )
