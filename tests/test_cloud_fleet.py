"""All homes of an account on one page: who sees which, the worst first, and nothing made up for who says nothing."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from accountmaking import NOW_MS, added
from fleetmaking import DAY_MS, HOUR_MS, MINUTE_MS, NEW_CAUSE, compared, heard, home, measured
from hosted import Hosted, hosted
from madeparts import open_fresh
from visiting import PASSWORD, Visiting

from bench.postgres import server
from cloud.access import Role
from cloud.edges import REPLACED_MS
from cloud.fleet import GAPS_MS, Home, State, Unexplained, worst_first
from cloud.fleet_facts import MOST_SITES, read
from cloud.fleet_page import PAGE_HOMES
from cloud.members import MOST_OF_ACCOUNT
from cloud.sites import HostedSite
from store.database import Database
from store.part import Hole, Part
from store.postgres_server import open_postgres

OWNER, VIEWER, INSTALLER = Role.OWNER, Role.VIEWER, Role.INSTALLER


@pytest.fixture(params=["sqlite", "postgres"])
def db(request: pytest.FixtureRequest, tmp_path: Path, need: Callable[[str], str]) -> Iterator[Database]:
    if request.param == "sqlite":
        with closing(open_fresh(tmp_path / "cloud.db", "cloud")) as here:
            yield here
    else:
        with server(need("pg_ctl")) as url, closing(open_postgres(url)) as there:
            yield there


def seen(db: Database, site: int, now_ms: int = NOW_MS) -> Home:
    return read(db, [HostedSite(site, str(site), str(site))], now_ms)[0]


def test_what_is_known_of_a_home_is_read_on_both_engines(db: Database) -> None:
    begun_ms, site, bare = NOW_MS - 2 * HOUR_MS, home(db, "rumah"), home(db, "kos")
    hole = Hole(11, 20, NEW_CAUSE, begun_ms, begun_ms + HOUR_MS)
    heard(db, site, NOW_MS - 60_000, measured(1, 30, NOW_MS - HOUR_MS, hole), waiting=5)
    heard(db, site, NOW_MS, edge="kebun", version=None, waiting=None)
    compared(db, site, NOW_MS - 5, unlike=3)
    found = seen(db, site)
    assert (found.heard_ms, found.unexplained) == (NOW_MS, Unexplained(1, HOUR_MS, 0))
    assert [(edge.name, edge.version, edge.waiting) for edge in found.edges] == [
        ("kebun", None, None),
        ("pi", "0.1.0", 5),
    ]
    assert found.boards == (("garage", NOW_MS - HOUR_MS),)
    assert found.differs
    assert seen(db, bare) == Home(HostedSite(bare, str(bare), str(bare)))
    lost_at = NOW_MS - GAPS_MS
    others = [
        (Hole(1, 5, "sensor", begun_ms, NOW_MS), Unexplained()),
        (Hole(1, 5, NEW_CAUSE, lost_at - 5_000, lost_at - 1_000), Unexplained()),
        (Hole(1, 5, NEW_CAUSE, lost_at - 5_000, lost_at + 7_000), Unexplained(1, 7_000, 0)),
        (Hole(1, 5, NEW_CAUSE, NOW_MS - 9_000, NOW_MS + 9_000), Unexplained(1, 9_000, 0)),
        (Hole(1, 5, NEW_CAUSE, None, None), Unexplained(1, 0, 1)),
    ]
    for number, (gap, expected) in enumerate(others):
        other = home(db, f"other-{number}")
        heard(db, other, NOW_MS, measured(1, 9, NOW_MS, gap))
        assert seen(db, other).unexplained == expected, gap
    old = home(db, "old")
    heard(db, old, NOW_MS, measured(1, 9, lost_at - DAY_MS, Hole(3, 5, NEW_CAUSE)))
    assert seen(db, old).unexplained == Unexplained(1, 0, 1)
    heard(db, old, NOW_MS, measured(1, 9, NOW_MS - 5_000, boot=8))
    assert seen(db, old).unexplained == Unexplained(1, 0, 1)
    heard(db, old, NOW_MS, measured(1, 9, lost_at - HOUR_MS, boot=6))
    assert seen(db, old).unexplained == Unexplained()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    with closing(open_fresh(tmp_path / "cloud.db", "cloud")) as here:
        yield here


def test_an_edge_that_was_replaced_is_left_out_and_a_silent_one_is_not(sqlite: Database) -> None:
    site = home(sqlite, "rumah")
    heard(sqlite, site, NOW_MS - REPLACED_MS, edge="old")
    heard(sqlite, site, NOW_MS - HOUR_MS, edge="kebun")
    heard(sqlite, site, NOW_MS)
    found = seen(sqlite, site)
    assert [edge.name for edge in found.edges] == ["pi", "kebun"]
    assert (found.state(NOW_MS), found.silent_ms(NOW_MS)) == (State.SILENT, HOUR_MS)


def test_a_board_that_stays_away_is_told_unless_its_edge_explains_it(sqlite: Database) -> None:
    site = home(sqlite, "rumah")
    heard(sqlite, site, NOW_MS, measured(1, 3, NOW_MS - DAY_MS))
    assert seen(sqlite, site).state(NOW_MS) is State.WARNED
    heard(sqlite, site, NOW_MS, waiting=50_000)
    assert seen(sqlite, site).state(NOW_MS) is State.BEHIND
    assert seen(sqlite, site, NOW_MS + HOUR_MS).silent_boards(NOW_MS + HOUR_MS) == ()
    assert seen(sqlite, site, NOW_MS + GAPS_MS).boards == ()


def test_the_silent_longest_come_first_then_gaps_then_the_rest(sqlite: Database) -> None:
    names = (
        "well",
        "also well",
        "new",
        "behind",
        "copied",
        "small gap",
        "large gap",
        "silent",
        "silent longer",
    )
    sites = {name: home(sqlite, name) for name in names}
    for name, ago_ms in (("silent", HOUR_MS), ("silent longer", DAY_MS)):
        heard(sqlite, sites[name], NOW_MS - ago_ms)
    for name, long_ms in (("small gap", 5_000), ("large gap", HOUR_MS)):
        gap = Hole(1, 2, NEW_CAUSE, NOW_MS - long_ms, NOW_MS)
        heard(sqlite, sites[name], NOW_MS, Part("garage", 7, 0, [], [gap]))
    for name in ("well", "also well"):
        heard(sqlite, sites[name], NOW_MS)
    heard(sqlite, sites["behind"], NOW_MS, waiting=4_000)
    for ago_ms, sender in ((2, "card"), (1, "copy"), (0, "card")):
        heard(sqlite, sites["copied"], NOW_MS - ago_ms, sender=sender)
    homes = read(sqlite, [HostedSite(number, name, name) for name, number in sites.items()], NOW_MS)
    assert [each.site.title for each in worst_first(homes, NOW_MS)] == [
        "silent longer", "silent", "large gap", "small gap", "copied", "new", "behind", "also well", "well",
    ]  # fmt: skip


def test_many_homes_cost_as_many_queries_as_one(sqlite: Database) -> None:
    sites = [HostedSite(number, str(number), str(number)) for number in range(1, MOST_SITES + 50)]

    def asked(count: int) -> int:
        said: list[str] = []
        sqlite.conn.set_trace_callback(said.append)  # type: ignore[attr-defined]
        assert len(read(sqlite, sites[:count], NOW_MS)) == min(count, MOST_SITES)
        sqlite.conn.set_trace_callback(None)  # type: ignore[attr-defined]
        return sum(sql.startswith("SELECT") for sql in said)

    assert asked(1) == asked(MOST_OF_ACCOUNT) == 6
    assert asked(len(sites)) == 12


# ------ over HTTP


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Hosted]:
    with hosted(tmp_path / "cloud.db") as here:
        yield here


def three_homes(cloud: Hosted) -> None:
    """`rumah` is silent for three days, `balai` has a gap that nothing explains, `kos` is well."""
    now_ms = time.time_ns() // 1_000_000
    with cloud.database() as db:
        added(db, "sari", rumah=OWNER, kos=OWNER, balai=OWNER)
        added(db, "budi", kos=VIEWER)
        added(db, "tono", kos=INSTALLER)
        rumah, kos, balai = (home(db, name) for name in ("rumah", "kos", "balai"))
        heard(db, rumah, now_ms - 3 * DAY_MS - HOUR_MS, waiting=1_240)
        gap = Hole(11, 20, NEW_CAUSE, now_ms - 90 * MINUTE_MS, now_ms - 10 * MINUTE_MS)
        heard(db, balai, now_ms, measured(1, 30, now_ms - 1_000, gap), version=None, waiting=None)
        heard(db, kos, now_ms, measured(1, 30, now_ms - 1_000))
        compared(db, kos, now_ms - 3 * HOUR_MS)


def texts(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page[page.index("<main") :])))


def see(cloud: Hosted, name: str, path: str = "/fleet?lang=en") -> str:
    with Visiting(cloud.url) as browser:
        assert browser.log_in(name, PASSWORD).status_code == 303
        answer = browser.see(path)
        assert answer.status_code == 200
        return answer.text


def test_an_owner_of_three_homes_sees_them_the_worst_first(cloud: Hosted) -> None:
    three_homes(cloud)
    page = see(cloud, "sari")
    assert re.findall(r'<a href="/sites/(\w+)/">', page) == ["rumah", "balai", "kos"]
    said = texts(page)
    assert "3 homes, 1 silent, 1 with unexplained gaps" in said
    silent, gap, well = said.index("Rumah Ibu"), said.index("balai"), said.index("kos")
    assert "Silent for 3 days 1 hour" in said[silent:gap]
    assert "Waiting at the Pi 1,240 readings at that time Version 0.1.0" in said[silent:gap]
    assert (
        "Waiting at the Pi not told Version not told Unexplained gaps, 30 days 1 gap, 1 h 20 min"
        in said[gap:well]
    )
    assert "Well" in said[well:]
    assert "Waiting at the Pi 0 readings Version 0.1.0 Unexplained gaps, 30 days none" in said[well:]
    assert "Twins compared alike, 3 hours ago" in said[well:]
    assert "3 rumah, 1 tanpa kabar, 1 dengan celah tanpa sebab" in texts(see(cloud, "sari", "/fleet?lang=id"))


def test_a_viewer_of_one_home_sees_that_one_alone(cloud: Hosted) -> None:
    three_homes(cloud)
    page = see(cloud, "budi")
    assert re.findall(r'<a href="/sites/(\w+)/">', page) == ["kos"]
    assert "1 home, all well" in texts(page)


def test_the_health_page_of_a_home_tells_the_same_of_its_edge(cloud: Hosted) -> None:
    three_homes(cloud)
    said = texts(see(cloud, "sari", "/sites/rumah/health?lang=en"))
    assert "Last contact 3 days ago Waiting then 1,240 rows Version 0.1.0" in said
    edge = cloud.get("/api/v1/sites/rumah/health")["edge"]
    assert (edge["version"], edge["unsent_rows"]) == ("0.1.0", 1_240)
    assert "Waiting then" not in texts(see(cloud, "sari", "/sites/balai/health?lang=en"))


def test_nobody_without_an_account_sees_a_fleet(cloud: Hosted) -> None:
    three_homes(cloud)
    with Visiting(cloud.url) as stranger, Visiting(cloud.url) as holder:
        holder.enter("token-of-the-house")
        for browser in (stranger, holder):
            answer = browser.see("/fleet")
            assert (answer.status_code, answer.headers["Location"]) == (303, "/?next=/fleet")


@pytest.mark.parametrize(("name", "linked"), [("sari", True), ("budi", False), ("tono", True)])
def test_the_front_page_leads_there_who_has_several_homes_or_installs(
    cloud: Hosted, name: str, linked: bool
) -> None:
    three_homes(cloud)
    assert ('class="btn" href="/fleet"' in see(cloud, name, "/?form")) is linked


def test_a_long_fleet_comes_in_pages(cloud: Hosted) -> None:
    with cloud.database() as db:
        account = added(db, "sari")
        sites = [home(db, f"rumah-{number:03}") for number in range(PAGE_HOMES + 5)]
        with db.write():
            db.executemany(
                "INSERT INTO members (account, site, role, since_ms) VALUES (?, ?, 'installer', 0)",
                [(account, site) for site in sites],
            )
    with Visiting(cloud.url) as browser:
        browser.log_in("sari", PASSWORD)
        first, second = (browser.see(f"/fleet?lang=en&page={page}").text for page in ("1", "2"))
        found = [re.findall(r'<a href="/sites/rumah-(\d+)/">', page) for page in (first, second)]
        assert [len(each) for each in found] == [PAGE_HOMES, 5]
        assert sorted(found[0] + found[1]) == [f"{number:03}" for number in range(PAGE_HOMES + 5)]
        assert ("1–100 of 105" in first, "/fleet?page=2" in first, "/fleet?page=3" in second) == (
            True, True, False,
        )  # fmt: skip
        for strange in ("99", "-1", "x", "9" * 30):
            assert browser.see(f"/fleet?page={strange}").status_code == 200
