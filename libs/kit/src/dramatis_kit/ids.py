"""Identifiers: a prefix that says what it is, and enough randomness never to meet again."""

import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


def new_id(prefix: str, length: int = 16) -> str:
    """`new_id("pers")` → `pers_4k7m…`: `length` characters of five random bits each."""
    # One system call for all characters: `secrets.choice` per character costs 50 µs an id.
    return f"{prefix}_" + "".join(_ALPHABET[byte & 31] for byte in secrets.token_bytes(length))
