"""What can be set on the Raspberry Pi: names, links, pages, clouds.

How a file is read and how mistakes are told is `process.settings`. The cloud's side is not here.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import serial
from pydantic import AfterValidator, Field, StrictInt, StrictStr, ValidationInfo

from process.fields import Address, Name, WithToken, WritableFolder, once, split_address
from process.settings import Here, Table

LINKS_MOST = 16  # serial ports and sockets of one Pi; each has a thread
CLOUDS_MOST = 4  # each has its own replay; two are already unusual
# Rows of a month are looked at every day; a century is for ever.
KEEP_DAYS_LEAST, KEEP_DAYS_MOST = 31, 36_525
# Less would leave no room for readings beside the system, more none for what else a Pi has to write.
DISK_PERCENT_LEAST, DISK_PERCENT_MOST = 10, 95


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("no such time zone") from None
    return value


def _link(value: str, info: ValidationInfo) -> str:
    if value.startswith("udp://"):
        _ipv4_host(split_address(value.removeprefix("udp://"))[0], info)
    elif not value.startswith("/"):
        _pyserial_url(value)
    return once(info, "link", value)


def _ipv4_host(host: str, info: ValidationInfo) -> None:
    """Looks at the machine for a name: devices find an edge by IPv4 broadcasts, so its sockets are of that kind."""
    here = Here.of(info)
    try:
        if re.fullmatch(r"[0-9.]+", host) or ":" in host:
            ipaddress.IPv4Address(host)
        elif here and here.machine:
            socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)
    except (ValueError, OSError):
        raise ValueError("its host is neither an IPv4 address nor a name that can be resolved here") from None


def _pyserial_url(value: str) -> None:
    if "://" not in value:
        raise ValueError("neither udp://, nor a path, nor a URL")
    try:
        serial.serial_for_url(value, do_not_open=True).close()
    except (ValueError, serial.SerialException) as error:
        raise ValueError(str(error)) from None


def cloud_address(value: str) -> str:
    """Without a last slash; a token must not cross a network in the clear, so http only to this very machine."""
    parts = urlsplit(value)
    if parts.username or parts.query or parts.fragment:
        raise ValueError("a user, a query or a fragment has no place in it")
    if not _host(parts) or parts.scheme not in ("https", "http"):
        raise ValueError("not an address of a web server")
    if parts.scheme == "http" and not _loopback(_host(parts)):
        raise ValueError("the token would cross the network unencrypted")
    return value.rstrip("/")


def _cloud_url(value: str, info: ValidationInfo) -> str:
    return once(info, "cloud", cloud_address(value))


def _host(parts: SplitResult) -> str:
    try:
        return parts.hostname or "" if parts.port != 0 else ""
    except ValueError:  # a port that is no number
        return ""


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", value):
        raise ValueError("not the name of a machine (no http://, no port)")
    return value.lower()


class House(Table):
    name: Name = Field(description="the name of this edge, 1 to 16 of a-z, 0-9 and -; devices keep to it")
    data_dir: WritableFolder = Field(
        description="a folder on the disk for the readings; it is made when missing"
    )
    timezone: Annotated[StrictStr, AfterValidator(_zone)] = Field(
        description="the IANA time zone of the house, such as Asia/Jakarta; days and months begin there"
    )
    clock: Literal["auto", "trust"] = Field(
        default="auto",
        description='"auto" (readings wait undated until this machine\'s time is known to be right) '
        'or "trust" (it always is)',
    )
    keep_days: StrictInt = Field(
        default=400,
        ge=KEEP_DAYS_LEAST,
        le=KEEP_DAYS_MOST,
        description=f"for how many days every reading is kept here, {KEEP_DAYS_LEAST} to {KEEP_DAYS_MOST}; older ones "
        "go when every cloud has them, and sums of each hour stay",
    )
    disk_percent: StrictInt = Field(
        default=70,
        ge=DISK_PERCENT_LEAST,
        le=DISK_PERCENT_MOST,
        description="how full the disk of data_dir may get, in percent, "
        f"{DISK_PERCENT_LEAST} to {DISK_PERCENT_MOST}; beyond it the oldest readings go before their time",
    )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Link(Table):
    url: Annotated[StrictStr, AfterValidator(_link)] = Field(
        description='where lines come from, each once: "udp://0.0.0.0:8485", a serial port such as '
        '"/dev/ttyACM0", or any pyserial URL such as "socket://192.168.1.20:8485"'
    )

    @property
    def udp(self) -> tuple[str, int] | None:
        """The address to bind, or None when pyserial opens this link."""
        return split_address(self.url.removeprefix("udp://")) if self.url.startswith("udp://") else None


class Pages(Table):
    listen: Address = Field(
        default="127.0.0.1:8480",
        description='the host:port that serves the pages; "0.0.0.0:8480" opens them to the LAN',
    )
    hosts: list[Annotated[StrictStr, AfterValidator(_host_name)]] = Field(
        default=[],
        description="further names under which browsers reach this machine; its own name, name.local and "
        "its addresses are known",
    )


class Cloud(WithToken):
    url: Annotated[StrictStr, AfterValidator(_cloud_url)] = Field(
        description="the hosted site, each once: https://…, or http:// to this machine itself"
    )


class EdgeSettings(Table):
    edge: House = Field(description="the table [edge]")
    link: list[Link] = Field(
        min_length=1, max_length=LINKS_MOST, description=f"1 to {LINKS_MOST} tables [[link]], each with a url"
    )
    pages: Pages = Field(default=Pages(), description="the table [pages]")
    cloud: list[Cloud] = Field(
        default=[],
        max_length=CLOUDS_MOST,
        description=f"up to {CLOUDS_MOST} tables [[cloud]]; without any, and none paired, all stays at home",
    )
