"""Verification of deliveries, with the reference library as the other opinion."""

import base64
import json
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from tinytroupe_client import WebhookVerificationError, webhooks

PAYLOAD: dict[str, Any] = {
    "event_type": "simulation.completed",
    "timestamp": "2024-01-15T10:35:00Z",
    "data": {"object_type": "simulation", "object_id": "sim_8k7j6h5g", "details": {"n": 22}},
    "metadata": {"brokerage_id": "brk_123", "agent_id": None, "api_version": "v1"},
}
BODY = json.dumps(PAYLOAD).encode()


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


SECRET = new_secret()


def delivery(body: bytes = BODY, secret: str = SECRET, age: float = 0) -> dict[str, str]:
    """The headers of a delivery, signed by the reference library."""
    at = datetime.fromtimestamp(int(time.time() - age), UTC)
    signature = standardwebhooks.Webhook(secret).sign("msg_1", at, body.decode())
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(at.timestamp())), "Webhook-Signature": signature}


def test_a_signed_delivery_is_a_typed_event() -> None:
    event = webhooks.verify(BODY, delivery(), SECRET)
    assert (event.event_type, event.data.object_id, event.data.details) == (
        "simulation.completed",
        "sim_8k7j6h5g",
        {"n": 22},
    )
    assert event.timestamp == datetime(2024, 1, 15, 10, 35, tzinfo=UTC)
    assert (event.metadata.brokerage_id, event.metadata.agent_id) == ("brk_123", None)


@given(st.text(), st.binary(min_size=1, max_size=64))
def test_it_agrees_with_the_reference_library_on_any_payload(text: str, key: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    body = text.encode()
    headers = delivery(body, secret)
    webhooks.verify_signature(body, headers, secret)
    webhooks.verify_signature(text, headers, secret.rstrip("="))
    with pytest.raises(WebhookVerificationError):
        webhooks.verify_signature(body + b" ", headers, secret)


def test_another_secret_does_not_fit() -> None:
    with pytest.raises(WebhookVerificationError, match="no signature fits"):
        webhooks.verify(BODY, delivery(), new_secret())


def test_another_message_id_or_time_does_not_fit() -> None:
    later = str(int(time.time()) + 5)
    for name, value in (("Webhook-Id", "msg_2"), ("Webhook-Timestamp", later)):
        with pytest.raises(WebhookVerificationError):
            webhooks.verify(BODY, delivery() | {name: value}, SECRET)


def test_during_a_rotation_either_signature_and_either_secret_will_do() -> None:
    old, new = delivery(), new_secret()
    both = old | {"Webhook-Signature": f"{old['Webhook-Signature']} {delivery(secret=new)['Webhook-Signature']}"}
    for secret in (SECRET, new, [SECRET, new], [new_secret(), new]):
        webhooks.verify(BODY, both, secret)
    webhooks.verify(BODY, old, (new, SECRET))
    with pytest.raises(WebhookVerificationError):
        webhooks.verify(BODY, both, [])


def test_signatures_of_other_versions_are_passed_over() -> None:
    headers = delivery()
    mixed = headers | {"Webhook-Signature": f"v1a,abc v9 ,x {headers['Webhook-Signature']}"}
    webhooks.verify(BODY, mixed, SECRET)
    asymmetric = headers | {"Webhook-Signature": headers["Webhook-Signature"].replace("v1,", "v1a,")}
    with pytest.raises(WebhookVerificationError):
        webhooks.verify(BODY, asymmetric, SECRET)


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_a_delivery_from_another_time_is_refused(age: timedelta) -> None:
    headers = delivery(age=age.total_seconds())
    with pytest.raises(WebhookVerificationError, match=r"too old|future"):
        webhooks.verify(BODY, headers, SECRET)
    webhooks.verify(BODY, headers, SECRET, tolerance=400)


@pytest.mark.parametrize("name", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = delivery()
    del headers[name]
    with pytest.raises(WebhookVerificationError, match=name.lower()):
        webhooks.verify(BODY, headers, SECRET)


@pytest.mark.parametrize("written", ["", "soon", "1e9", "-5", "٣", "nan"])
def test_a_time_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(WebhookVerificationError):
        webhooks.verify(BODY, delivery() | {"Webhook-Timestamp": written}, SECRET)


@pytest.mark.parametrize("signature", ["", "v1", "v1,", "v1,é", ",", "v1,====", "v1,AAAA v1"])
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    with pytest.raises(WebhookVerificationError):
        webhooks.verify(BODY, delivery() | {"Webhook-Signature": signature}, SECRET)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_*", "not base64!"])
def test_a_secret_that_is_none_is_the_receivers_own_mistake(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        webhooks.verify(BODY, delivery(), secret)


def test_a_signed_payload_of_another_form_is_refused() -> None:
    body = b'{"specversion": "1.0"}'
    headers = delivery(body)
    webhooks.verify_signature(body, headers, SECRET)
    with pytest.raises(WebhookVerificationError, match="published form"):
        webhooks.verify(body, headers, SECRET)
