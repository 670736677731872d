import hashlib

import pytest

from dramatis_gateway.keys import key_print, new_key


def test_a_key_is_known_by_its_digest_and_its_tier() -> None:
    key = new_key("standard")
    printed = key_print(key)
    assert printed is not None
    assert printed.sha256 == hashlib.sha256(key.encode()).hexdigest()
    assert printed.tier == "standard"
    assert key.startswith(printed.prefix)


def test_keys_differ() -> None:
    assert len({new_key("development") for _ in range(100)}) == 100


@pytest.mark.parametrize("position", [3, 5, 20, 39])
def test_a_typing_error_is_found_without_a_look_up(position: int) -> None:
    key = new_key("development")
    wrong = "x" if key[position] != "x" else "y"
    assert key_print(key[:position] + wrong + key[position + 1 :]) is None


@pytest.mark.parametrize(
    "key",
    ["", "dr_", "sk_live_123", "dr_d" + "é" * 36, new_key("standard") + "\n"],
    ids=["empty", "prefix", "foreign", "letters", "line feed"],
)
def test_what_is_no_key_is_no_key(key: str) -> None:
    assert key_print(key) is None
