"""Positions in the log as clients see them: opaque, and bound to their tenant.

The tag is no secret: a forged cursor opens nothing but the forger's own events. It catches mistakes, such as a cursor
of another tenant, and keeps clients from computing with positions.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b

_POSITION_BYTES = 8
_TAG_BYTES = 7


class BadCursor(ValueError):
    """No cursor of this tenant."""


def cursor_of(tenant: str, position: int) -> str:
    packed = position.to_bytes(_POSITION_BYTES, "big")
    return urlsafe_b64encode(packed + _tag(tenant, packed)).decode()


def position_of(tenant: str, cursor: str) -> int:
    """The position of a cursor. Raises `BadCursor` for another tenant's and for anything malformed."""
    try:
        raw = urlsafe_b64decode(cursor)
    except (binascii.Error, ValueError):
        raise BadCursor from None
    packed, tag = raw[:_POSITION_BYTES], raw[_POSITION_BYTES:]
    if tag != _tag(tenant, packed) or cursor_of(tenant, int.from_bytes(packed, "big")) != cursor:
        raise BadCursor
    return int.from_bytes(packed, "big")


def _tag(tenant: str, packed: bytes) -> bytes:
    return blake2b(packed, digest_size=_TAG_BYTES, key=tenant.encode()[:64], person=b"dramatis-cursor").digest()
