"""Secrets of sessions, invitations, resets and shares: random, shown once, kept as digests."""

import hmac
import secrets
from hashlib import sha256

# 256 bits; in an address or a cookie 43 characters of A-Z a-z 0-9 - _
SECRET_BYTES = 32
# Longer ones were not made here and are not hashed.
MOST_CHARS = 128


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def digest_of(secret: str) -> str:
    """What the database keeps of it: SHA-256 in hex; a random secret needs no salt and no slow hash."""
    return sha256(secret[:MOST_CHARS].encode("utf-8", "replace")).hexdigest()


def derived(secret: str, purpose: str) -> str:
    """Another secret that tells nothing of the first."""
    return hmac.digest(secret.encode(), purpose.encode(), "sha256").hex()


def same(one: str, other: str) -> bool:
    """Compared in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
