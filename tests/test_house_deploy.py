"""What deploy/cloud ships fits the program: bounds, timeouts and paths that stand in two places agree."""

import re
from pathlib import Path

import pytest
from house import ROOT

from cloud.main import parser
from cloud.serving import BODY_MOST_BYTES
from process.bounds import Bounds
from process.serve import CHANNEL_TIMEOUT_S, HEADER_MOST_BYTES

CLOUD = ROOT / "deploy" / "cloud"
NGINX, CADDY = CLOUD / "nginx.conf", CLOUD / "Caddyfile"
UNITS = [CLOUD / "kembar-cloud.service", CLOUD / "kembar-cloud-backup.service"]


def said(path: Path, key: str) -> str:
    """The one value of a directive."""
    (value,) = re.findall(rf"^\s*{re.escape(key)}\s+(.+?);?$", path.read_text(), re.MULTILINE)
    return str(value)


def test_nginx_lets_every_body_through_that_the_program_looks_at() -> None:
    assert int(said(NGINX, "client_max_body_size")) == BODY_MOST_BYTES


@pytest.mark.parametrize("path", [NGINX, CADDY], ids=lambda path: path.name)
def test_a_proxy_closes_an_idle_connection_before_the_program_does(path: Path) -> None:
    idle = re.findall(r"^\s*(?:idle|keepalive|keepalive_timeout) (\d+)s;?$", path.read_text(), re.MULTILINE)
    assert len(idle) == 2
    assert max(map(int, idle)) < CHANNEL_TIMEOUT_S


def test_a_proxy_gives_a_request_as_much_time_and_room_as_the_program() -> None:
    assert said(CADDY, "read_body") == f"{Bounds(BODY_MOST_BYTES).arrival_s:g}s"
    assert said(CADDY, "max_header_size") == f"{HEADER_MOST_BYTES // 1024}KB"


def test_a_proxy_sets_the_callers_address_and_appends_nothing() -> None:
    assert said(NGINX, "proxy_set_header X-Forwarded-For") == "$remote_addr"
    assert said(CADDY, "header_up X-Forwarded-For") == "{remote_host}"
    assert "proxy_add_x_forwarded_for" not in NGINX.read_text()


def test_no_access_log_has_the_query_the_referrer_or_a_header() -> None:
    used = set(re.findall(r"\$(\w+)", said(NGINX, "log_format kembar")))
    assert used == {
        "remote_addr", "time_iso8601", "request_method", "uri", "status", "body_bytes_sent", "request_time",
    }  # fmt: skip
    assert not re.search(r"^\s*log\b", CADDY.read_text(), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_calls_a_command_that_there_is(unit: Path) -> None:
    (call,) = re.findall(r"/kembar-cloud (\w+ --config \S+(?: --to \S+)?)", unit.read_text())
    assert parser().parse_args(call.split()).config == Path("/etc/kembar-cloud/cloud.toml")


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_has_no_rights_and_writes_only_what_is_its_own(unit: Path) -> None:
    text = unit.read_text()
    for line in (
        "User=kembar-cloud",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=",
        "NoNewPrivileges=yes",
    ):
        assert f"\n{line}\n" in text


def test_security_md_points_at_code_that_is_there() -> None:
    named = set(re.findall(r"`([\w./]+/[\w.]+\.\w+)`", (ROOT / "SECURITY.md").read_text()))
    assert len(named) > 20
    assert [each for each in sorted(named) if not (ROOT / each).exists()] == []
