"""Who may speak to a server without a login: Host, Origin and Sec-Fetch-Site checked, headers set.

A page of a foreign site must not read a LAN server through DNS rebinding, nor make it write. No CORS: other
origins get no header that lets them read. No login here.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from pages.query import Refused

# Names under these ends never come from the public DNS, so no foreign page can carry them.
_OWN_ENDS: tuple[str, ...] = ("", ".local", ".lan", ".home.arpa")
_HOST = re.compile(r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[a-z0-9_.-]+))(?::\d{1,5})?")
READS: tuple[str, ...] = ("GET", "HEAD", "OPTIONS")

HEADERS: dict[str, str] = {
    # Everything from here and nothing inline: style is set by classes, SVG attributes and scripts' own files.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
        " connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # No page asks for any of these; what gets into one must not either.
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), serial=()",
}


def own_names(hostname: str | None = None) -> frozenset[str]:
    """The machine's own names as a home network spells them."""
    name = (hostname or socket.gethostname()).lower().rstrip(".")
    short = name.split(".")[0]
    return frozenset({name, *(short + end for end in _OWN_ENDS)})


class Guard:
    """hosts None: any Host is right (a hosted site whose every page wants a login)."""

    def __init__(self, hosts: Collection[str] | None) -> None:
        self._hosts = None if hosts is None else {"localhost", *(host.lower() for host in hosts)}

    def admits_host(self, header: str | None) -> bool:
        """A Host header, with or without a port: an IP address, localhost or one of the names."""
        if self._hosts is None:
            return True
        name = _name(header or "")
        return name in self._hosts or _is_address(name)

    def check(self, method: str, header: Callable[[str], str | None]) -> None:
        """Raise Refused for a foreign Host, and for a write that a foreign page sent."""
        host = header("Host")
        if not self.admits_host(host):
            raise Refused(
                421,
                "host",
                f"host {(host or '')[:80]!r} is not this server; use its IP address, localhost "
                "or its own name, or add the name to [pages] hosts",
            )
        if method not in READS and not _from_here(host or "", header("Origin"), header("Sec-Fetch-Site")):
            raise Refused(403, "origin", "this request came from a page of another site")


def _from_here(host: str, origin: str | None, site: str | None) -> bool:
    """Programs send neither header; a browser's own page sends its own origin.

    Of a page that has asked for no referrer it sends "null"; then its own word that this is the same origin counts.
    """
    if site not in (None, "same-origin", "none"):
        return False
    if origin == "null":
        return site == "same-origin"
    try:
        return origin is None or urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # a bracket that is not closed
        return False


def _name(host: str) -> str:
    """The name of a Host header without port, brackets and the root's dot; "" when it is not one."""
    host = host.strip().lower()
    found = _HOST.fullmatch(host)
    return (found["address"] or found["name"]).rstrip(".") if found else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
