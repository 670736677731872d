"""Signatures, verified with the `standardwebhooks` library as the oracle."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from dramatis_notifier.signing import new_secret, signed_headers

BODY = '{"event_type":"simulation.completed","name":"Größe × 2"}'.encode()


def now() -> datetime:
    return datetime.now(UTC)


def test_a_secret_is_32_random_bytes() -> None:
    one, other = new_secret(), new_secret()
    assert one != other
    assert one.startswith("whsec_")
    assert len(base64.b64decode(one.removeprefix("whsec_"), validate=True)) == 32


def test_a_receiver_with_the_secret_accepts() -> None:
    secret = new_secret()
    headers = signed_headers(secret, "evt_1", now(), BODY)
    assert Webhook(secret).verify(BODY, dict(headers))["name"] == "Größe × 2"


@given(body=st.text(min_size=1), message_id=st.from_regex(r"\Aevt_[a-z2-7]{24}\Z"))
def test_any_text_verifies(body: str, message_id: str) -> None:
    secret = new_secret()
    encoded = body.encode("utf-8", "replace")
    Webhook(secret).verify(encoded, dict(signed_headers(secret, message_id, now(), encoded)), json_parse=False)


def test_a_receiver_with_another_secret_refuses() -> None:
    headers = signed_headers(new_secret(), "evt_1", now(), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, dict(headers))


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp"])
def test_the_signature_covers_id_and_time(changed: str) -> None:
    secret = new_secret()
    headers = dict(signed_headers(secret, "evt_1", now(), BODY))
    headers[changed] = "evt_2" if changed == "webhook-id" else str(int(headers[changed]) - 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers)


def test_the_time_is_the_same_in_every_time_zone() -> None:
    secret, at = new_secret(), datetime(2026, 3, 1, 12, tzinfo=UTC)
    elsewhere = at.astimezone(tz=datetime.now().astimezone().tzinfo) + timedelta(0)
    assert signed_headers(secret, "evt_1", at, BODY) == signed_headers(secret, "evt_1", elsewhere, BODY)
