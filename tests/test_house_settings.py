"""The settings of both servers: the shipped files, every key in them, every mistake told."""

import re
import tomllib
from pathlib import Path

import pytest
from house import ROOT
from pydantic import BaseModel

from cloud.settings import CloudSettings
from edge.settings import EdgeSettings
from process.settings import SettingsMistakes, read_settings, table_of

EDGE = ROOT / "deploy" / "raspberrypi" / "edge.toml"
CLOUD = ROOT / "deploy" / "cloud" / "cloud.toml"
SHIPPED = [(EDGE, EdgeSettings), (CLOUD, CloudSettings)]
TOKEN = "0123456789abcdef"

GOOD_EDGE = f"""
[edge]
name = "rumah"
data_dir = "data"
timezone = "Asia/Jakarta"
[[link]]
url = "udp://0.0.0.0:8485"
[[cloud]]
url = "https://kembar.example.org"
token = "{TOKEN}"
"""
GOOD_CLOUD = f"""
[cloud]
database = "sqlite:///cloud.db"
[[site]]
name = "rumah"
token = "{TOKEN}"
"""


def uncommented(text: str) -> str:
    """The file with every `#key = value` line in force; of the three tokens the last one stays."""
    lines = [re.sub(r"^#(\[\[|\w+ =)", r"\1", line) for line in text.splitlines()]
    return "\n".join(line for line in lines if not re.match(r"token_(file|env) =", line))


def read(tmp_path: Path, model: type[BaseModel], content: str) -> BaseModel:
    (tmp_path / "settings.toml").write_text(content)
    return read_settings(tmp_path / "settings.toml", model, secrets=True, environ={})


def told(tmp_path: Path, model: type[BaseModel], content: str) -> str:
    with pytest.raises(SettingsMistakes) as error:
        read(tmp_path, model, content)
    (mistake,) = error.value.mistakes
    return str(mistake)


@pytest.mark.parametrize(("file", "model"), SHIPPED)
def test_a_shipped_file_is_right_as_it_stands(file: Path, model: type[BaseModel]) -> None:
    assert read_settings(file, model, machine=False)


@pytest.mark.parametrize(("file", "model"), SHIPPED)
def test_a_shipped_file_has_every_key_of_every_table(file: Path, model: type[BaseModel]) -> None:
    text = file.read_text()
    for table, found in model.model_fields.items():
        inner = table_of(found)
        assert inner
        for key in inner.model_fields:
            assert re.search(rf"^#?{key} = ", text, re.MULTILINE), f"{table}.{key} is not in {file.name}"


@pytest.mark.parametrize(("file", "model"), SHIPPED)
def test_what_a_shipped_file_shows_in_comments_is_right_too(
    tmp_path: Path, file: Path, model: type[BaseModel]
) -> None:
    content = uncommented(file.read_text())
    (tmp_path / "all.toml").write_text(content)
    assert read_settings(tmp_path / "all.toml", model, machine=False)
    assert len(content.splitlines()) > len(tomllib.loads(content))


@pytest.mark.parametrize(
    "url",
    [
        "udp://localhost:8485",
        "udp://10.0.0.7:8485",
        "/dev/ttyUSB0",
        "socket://10.0.0.9:23",
        "rfc2217://pi:7000",
        "loop://",
    ],
)
def test_a_link_may_be_udp_a_port_or_any_pyserial_url(tmp_path: Path, url: str) -> None:
    read(tmp_path, EdgeSettings, GOOD_EDGE.replace("udp://0.0.0.0:8485", url))


@pytest.mark.parametrize(
    "url", ["https://a.example/kembar/", "http://127.0.0.1:8490", "http://localhost", "http://[::1]:1"]
)
def test_a_cloud_is_https_or_this_machine(tmp_path: Path, url: str) -> None:
    got = read(tmp_path, EdgeSettings, GOOD_EDGE.replace("https://kembar.example.org", url))
    assert isinstance(got, EdgeSettings)
    assert got.cloud[0].url == url.rstrip("/")


def test_readings_are_kept_400_days_and_on_70_percent_of_the_disk_unless_told_otherwise(
    tmp_path: Path,
) -> None:
    got = read(tmp_path, EdgeSettings, GOOD_EDGE)
    assert isinstance(got, EdgeSettings)
    assert (got.edge.keep_days, got.edge.disk_percent) == (400, 70)
    told = read(
        tmp_path, EdgeSettings, GOOD_EDGE.replace("[edge]", "[edge]\nkeep_days = 31\ndisk_percent = 95")
    )
    assert isinstance(told, EdgeSettings)
    assert (told.edge.keep_days, told.edge.disk_percent) == (31, 95)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('"rumah"', '"Rumah"', '[edge] name = "Rumah": not a name'),
        ('"rumah"', '"a-name-of-17-chars"', "[edge] name = "),
        ('"data"', '"/dev/null/x"', '[edge] data_dir = "/dev/null/x": cannot be made: Not a directory'),
        (
            "Asia/Jakarta",
            "Asia/Bandung",
            '[edge] timezone = "Asia/Bandung": no such time zone; expected the IANA',
        ),
        ("Asia/Jakarta", "../passwd", '[edge] timezone = "../passwd": no such time zone'),
        ("Asia/Jakarta", "Asia", '[edge] timezone = "Asia": no such time zone'),
        ("[edge]", '[edge]\nclock = "ntp"', '[edge] clock = "ntp": expected "auto"'),
        ("[edge]", "[edge]\nkeep_days = 30", "[edge] keep_days = 30: expected for how many days"),
        ("[edge]", "[edge]\nkeep_days = 36526", "[edge] keep_days = 36526: expected for how many days"),
        ("[edge]", '[edge]\nkeep_days = "400"', '[edge] keep_days = "400": expected for how many days'),
        ("[edge]", "[edge]\nkeep_days = 31.5", "[edge] keep_days = 31.5: expected for how many days"),
        ("[edge]", "[edge]\ndisk_percent = 9", "[edge] disk_percent = 9: expected how full"),
        ("[edge]", "[edge]\ndisk_percent = 96", "[edge] disk_percent = 96: expected how full"),
        ("[edge]", "[edge]\ndisk_percent = true", "[edge] disk_percent = true: expected how full"),
        ("udp://0.0.0.0:8485", "udp://0.0.0.0", '[[link]] 1, url = "udp://0.0.0.0": not host:port'),
        ("udp://0.0.0.0:8485", "udp://[::]:8485", "its host is neither an IPv4 address nor a name"),
        ("udp://0.0.0.0:8485", "udp://10.0.0.256:8485", "its host is neither an IPv4 address nor a name"),
        (
            "udp://0.0.0.0:8485",
            "udp://no-such.invalid:8485",
            "its host is neither an IPv4 address nor a name",
        ),
        (
            "udp://0.0.0.0:8485",
            "tcp://0.0.0.0:1",
            "[[link]] 1, url = \"tcp://0.0.0.0:1\": invalid URL, protocol 'tcp'",
        ),
        (
            "udp://0.0.0.0:8485",
            "ttyACM0",
            '[[link]] 1, url = "ttyACM0": neither udp://, nor a path, nor a URL',
        ),
        ("[[cloud]]", '[[link]]\nurl = "udp://0.0.0.0:8485"\n[[cloud]]', "[[link]] 2, url = "),
        ("[[cloud]]", '[pages]\nlisten = "8480"\n[[cloud]]', '[pages] listen = "8480": not host:port'),
        (
            "[[cloud]]",
            '[pages]\nhosts = ["http://pi"]\n[[cloud]]',
            '[pages] hosts = "http://pi": not the name',
        ),
        (
            "https://kembar.example.org",
            "http://kembar.example.org",
            "the token would cross the network unencrypted",
        ),
        ("https://kembar.example.org", "ftp://kembar.example.org", "not an address of a web server"),
        ("https://kembar.example.org", "https://", "not an address of a web server"),
        ("https://kembar.example.org", "https://x:99999", "not an address of a web server"),
        ("https://kembar.example.org", "https://me@x", "a user, a query or a fragment has no place in it"),
        (TOKEN, "two words", "[[cloud]] 1, token = (not shown): it is not a word of 1 to 1024"),
    ],
)
def test_each_mistake_of_an_edge_is_told(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    assert message in told(tmp_path, EdgeSettings, GOOD_EDGE.replace(right, wrong, 1))


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("sqlite:///cloud.db", "cloud.db", '[cloud] database = "cloud.db": not the address of a SQLite file'),
        ("sqlite:///cloud.db", "sqlite:///", "not the address of a SQLite file"),
        ("sqlite:///cloud.db", "postgresql://me:secret@h/d", "a password has no place in it"),
        ("sqlite:///cloud.db", "postgresql://h/d?password=secret", "a password has no place in it"),
        (
            "sqlite:///cloud.db",
            "postgresql://h/d",
            "[cloud] key_file: is missing; several machines may serve",
        ),
        ("[cloud]", "[cloud]\nprocesses = 65", "[cloud] processes = 65: expected how many processes"),
        (
            "[cloud]",
            '[cloud]\nproxies = ["proxy"]',
            '[cloud] proxies = "proxy": neither an address nor a network',
        ),
        ("sqlite:///cloud.db", "sqlite:////dev/null/x/c.db", "cannot be made: Not a directory"),
        ('"rumah"', '"Rumah"', '[[site]] 1, name = "Rumah": not a name'),
        ("[[site]]", f'[[site]]\nname = "rumah"\ntoken = "{TOKEN}"\n[[site]]', "[[site]] 2, name = "),
        ("[[site]]", '[[site]]\npublic = "yes"', '[[site]] 1, public = "yes": expected true or false'),
        ("[[site]]", '[[site]]\ntitle = " "', '[[site]] 1, title = " ": not a title'),
        ("[[site]]", '[[site]]\ntimezone = "UTC"', '[[site]] 1, timezone = "UTC": no such key'),
    ],
)
def test_each_mistake_of_a_cloud_is_told(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    assert message in told(tmp_path, CloudSettings, GOOD_CLOUD.replace(right, wrong, 1))


def test_an_edge_without_a_link_is_refused(tmp_path: Path) -> None:
    assert "[[link]]" in told(tmp_path, EdgeSettings, re.sub(r"\[\[link\]\]\n.*\n", "", GOOD_EDGE))


def test_a_database_starts_at_the_settings_file_unless_it_starts_at_the_root(tmp_path: Path) -> None:
    got = read(tmp_path, CloudSettings, GOOD_CLOUD.replace("cloud.db", "state/cloud.db"))
    assert isinstance(got, CloudSettings)
    assert got.cloud.database == f"sqlite:///{tmp_path / 'state' / 'cloud.db'}"
    assert (tmp_path / "state").is_dir()
