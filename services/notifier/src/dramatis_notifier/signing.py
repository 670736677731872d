"""Standard Webhooks signatures over `id.timestamp.body`: HMAC-SHA256 (`v1`) and Ed25519 (`v1a`), base64.

Written out here because the PyPI library signs a bytes payload wrongly and knows `v1` only; the tests use that library
to verify.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SECRET, _PRIVATE, _PUBLIC = "whsec_", "whsk_", "whpk_"  # the standard's prefixes
_SECRET_BYTES = 32  # the standard asks for 24 to 64


@dataclass(frozen=True, slots=True)
class Key:
    """What one generation of an endpoint's signatures is made with, in the standard's serialization."""

    secret: str
    private: str

    @property
    def public(self) -> str:
        return _PUBLIC + _encoded(_private_key(self.private).public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return "Key(…)"  # secrets do not belong into logs


def new_key() -> Key:
    private = Ed25519PrivateKey.generate().private_bytes_raw()
    return Key(_SECRET + _encoded(secrets.token_bytes(_SECRET_BYTES)), _PRIVATE + _encoded(private))


def signed_headers(
    keys: Sequence[Key], message_id: str, at: datetime, body: bytes, *, asymmetric: bool = False
) -> Mapping[str, str]:
    """The three headers of one attempt, with a signature of every key; receivers accept any that they can verify.

    `message_id` stays the same over retries, `at` is when this attempt starts.
    """
    timestamp = str(int(at.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = [_symmetric(key, content) for key in keys]
    if asymmetric:
        signatures += [_asymmetric(key, content) for key in keys]
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": " ".join(signatures)}


def _symmetric(key: Key, content: bytes) -> str:
    return "v1," + _encoded(hmac.digest(_decoded(key.secret), content, hashlib.sha256))


def _asymmetric(key: Key, content: bytes) -> str:
    return "v1a," + _encoded(_private_key(key.private).sign(content))


@lru_cache(maxsize=4096)
def _decoded(serialized: str) -> bytes:
    return base64.b64decode(serialized.partition("_")[2])


@lru_cache(maxsize=4096)
def _private_key(serialized: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_decoded(serialized))


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
