"""Who really calls when a web server stands in between: X-Forwarded-For and -Proto, believed from known proxies only.

What a stranger writes into these headers is taken out, so that nothing behind can take it for the truth.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_FORWARDED", "HTTP_X_FORWARDED_HOST")
# More proxies in a row than this is nobody's set-up; what lies farther left is not looked at.
HOPS_MOST = 16

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


# Addresses and what they are, 300 bytes each: reading one costs as much as finding a token.
KNOWN_MOST = 20_000


# What one caller can have of IPv6 is a network of 64 bits.
IPV6_BITS = 64
# The longest address there is, IPv4 in IPv6's clothes; of what is none no more is kept.
ADDRESS_MOST_CHARS = 45


class Proxied:
    """Sets REMOTE_ADDR and wsgi.url_scheme to what the right-most proxy that is believed says."""

    def __init__(self, application: WSGIApplication, proxies: Iterable[str]) -> None:
        self._application = application
        self._proxies = [ipaddress.ip_network(each, strict=False) for each in proxies]

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        said = {name: environ.pop(name, "") for name in FORWARDED}
        peer = address_of(environ.get("REMOTE_ADDR", ""))
        if self._believes(peer):
            environ["REMOTE_ADDR"] = str(self._caller(peer, said["HTTP_X_FORWARDED_FOR"]))
            # Each proxy appends; the last word is that of the one we know.
            scheme = said["HTTP_X_FORWARDED_PROTO"].rpartition(",")[2].strip().lower()
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
        return self._application(environ, start)

    def _believes(self, address: Address | None) -> bool:
        return address is not None and any(address in each for each in self._proxies)

    def _caller(self, peer: Address | None, forwarded: str) -> Address | None:
        """The right-most address that is no proxy of ours: each one left of it may be invented by the caller."""
        caller = peer
        for hop in forwarded.rsplit(",", HOPS_MOST)[::-1][:HOPS_MOST]:
            found = address_of(hop)
            if found is None:
                break
            caller = found
            if not self._believes(found):
                break
        return caller


@lru_cache(maxsize=KNOWN_MOST)
def address_of(text: str) -> Address | None:
    """An address with or without port and brackets; an IPv4 address in IPv6's clothes is an IPv4 address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def network_of(address: str) -> str:
    """What counts as one caller: an IPv4 address, or the /64 of an IPv6 one."""
    found = address_of(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, IPV6_BITS), strict=False))
    return str(found) if found else address[:ADDRESS_MOST_CHARS]
