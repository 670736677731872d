"""What an API key looks like: `dr_<tier><30 random base-62 characters><6 of checksum>`.

The checksum finds a typing error without a look-up. Only the SHA-256 and a prefix, by which it is found, are kept.
"""

import hashlib
import re
import secrets
import string
from dataclasses import dataclass
from zlib import crc32

from dramatis_contracts.gateway.v1 import Tier

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LETTERS: dict[Tier, str] = {"development": "d", "standard": "s"}
_TIERS = {letter: tier for tier, letter in _LETTERS.items()}
_SECRET_LENGTH = 30
_CHECKSUM_LENGTH = 6
_PREFIX_LENGTH = 12
SECRET_BYTES = 32
_FORM = re.compile(rf"dr_([{''.join(_TIERS)}])[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECKSUM_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class KeyPrint:
    """What is kept of a key."""

    prefix: str
    sha256: str
    tier: Tier


def new_key(tier: Tier) -> str:
    """A fresh key of about 178 random bits."""
    return key_from(secrets.token_bytes(SECRET_BYTES), tier)


def key_from(secret: bytes, tier: Tier) -> str:
    """The key that follows from 32 secret random bytes, always the same one."""
    body = f"dr_{_LETTERS[tier]}"
    number = int.from_bytes(secret)
    for _ in range(_SECRET_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        body += _ALPHABET[digit]
    return body + _checksum(body)


def key_print(key: str) -> KeyPrint | None:
    """What identifies a well-formed key; None for anything that cannot be a key."""
    form = _FORM.fullmatch(key)
    if form is None or _checksum(key[:-_CHECKSUM_LENGTH]) != key[-_CHECKSUM_LENGTH:]:
        return None
    return KeyPrint(key[:_PREFIX_LENGTH], hashlib.sha256(key.encode()).hexdigest(), _TIERS[form[1]])


def tier_of(prefix: str) -> Tier:
    """The tier of a key that begins so."""
    return _TIERS[prefix[len("dr_")]]


def _checksum(text: str) -> str:
    number, digits = crc32(text.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
