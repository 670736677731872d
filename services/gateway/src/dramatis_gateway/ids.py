"""The ids that a request gives to what it makes: random, or, where the request may be repeated, the same each time."""

import hashlib
import hmac
from collections import Counter

from dramatis_kit import new_id

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 16


class Ids:
    """Without a `seed` ids are random; with one the nth id of a kind is always the same."""

    def __init__(self, seed: str | None = None) -> None:
        self._seed = seed
        self._made: Counter[str] = Counter()

    def new(self, prefix: str, purpose: str = "") -> str:
        """`new("pers")` → `pers_4k7m…`. Ids of different purposes do not depend on how many of the others were made."""
        if self._seed is None:
            return new_id(prefix)
        kind = f"{prefix}/{purpose}"
        self._made[kind] += 1
        digest = self.digest(f"{kind}/{self._made[kind]}".encode())
        return f"{prefix}_" + "".join(_ALPHABET[byte & 31] for byte in digest[:_LENGTH])

    def digest(self, text: bytes) -> bytes:
        """32 bytes that only this seed and this text give; only for a request that may be repeated."""
        if self._seed is None:
            raise ValueError("there is no seed")
        return hmac.digest(self._seed.encode(), text, hashlib.sha256)

    @property
    def repeatable(self) -> bool:
        return self._seed is not None
