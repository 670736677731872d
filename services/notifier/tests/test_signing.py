"""Signatures, verified with the `standardwebhooks` library as the oracle."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from dramatis_notifier.signing import new_key, signed_headers

BODY = '{"event_type":"simulation.completed","name":"Größe × 2"}'.encode()


def now() -> datetime:
    return datetime.now(UTC)


def test_a_secret_is_32_random_bytes() -> None:
    one, other = new_key().secret, new_key().secret
    assert one != other
    assert one.startswith("whsec_")
    assert len(base64.b64decode(one.removeprefix("whsec_"), validate=True)) == 32


def test_a_receiver_with_the_secret_accepts() -> None:
    key = new_key()
    headers = signed_headers([key], "evt_1", now(), BODY)
    assert Webhook(key.secret).verify(BODY, dict(headers))["name"] == "Größe × 2"


@given(body=st.text(min_size=1), message_id=st.from_regex(r"\Aevt_[a-z2-7]{24}\Z"))
def test_any_text_verifies(body: str, message_id: str) -> None:
    key = new_key()
    encoded = body.encode("utf-8", "replace")
    Webhook(key.secret).verify(encoded, dict(signed_headers([key], message_id, now(), encoded)), json_parse=False)


def test_a_receiver_with_another_secret_refuses() -> None:
    headers = signed_headers([new_key()], "evt_1", now(), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_key().secret).verify(BODY, dict(headers))


@pytest.mark.parametrize("changed", ["webhook-id", "webhook-timestamp"])
def test_the_signature_covers_id_and_time(changed: str) -> None:
    key = new_key()
    headers = dict(signed_headers([key], "evt_1", now(), BODY))
    headers[changed] = "evt_2" if changed == "webhook-id" else str(int(headers[changed]) - 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(key.secret).verify(BODY, headers)


def test_the_time_is_the_same_in_every_time_zone() -> None:
    key, at = new_key(), datetime(2026, 3, 1, 12, tzinfo=UTC)
    elsewhere = at.astimezone(tz=datetime.now().astimezone().tzinfo) + timedelta(0)
    assert signed_headers([key], "evt_1", at, BODY) == signed_headers([key], "evt_1", elsewhere, BODY)


def test_during_a_rotation_both_secrets_verify() -> None:
    old, new = new_key(), new_key()
    headers = signed_headers([new, old], "evt_1", now(), BODY)
    for key in (old, new):
        assert Webhook(key.secret).verify(BODY, dict(headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(new_key().secret).verify(BODY, dict(headers))


def test_the_public_key_verifies_an_asymmetric_signature_beside_the_symmetric_one() -> None:
    key = new_key()
    headers = signed_headers([key], "evt_1", now(), BODY, asymmetric=True)
    assert Webhook(key.secret).verify(BODY, dict(headers))
    symmetric, asymmetric = headers["webhook-signature"].split(" ")
    assert symmetric.startswith("v1,")
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public.removeprefix("whpk_")))
    content = f"evt_1.{headers['webhook-timestamp']}.".encode() + BODY
    signature = base64.b64decode(asymmetric.removeprefix("v1a,"))
    public.verify(signature, content)
    with pytest.raises(InvalidSignature):
        public.verify(signature, content + b" ")


def test_a_key_does_not_show_itself() -> None:
    key = new_key()
    assert key.secret not in repr(key)
    assert key.private not in repr([key])
