"""Is a webhook delivery really from the platform? Standard Webhooks: HMAC-SHA256 over id, time and body.

```python
event = webhooks.verify(request.body, request.headers, secret="whsec_…")
```
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping

from pydantic import ValidationError

from tinytroupe_client.errors import WebhookVerificationError
from tinytroupe_client.models import WebhookEvent

TOLERANCE_SECONDS = 300.0


def verify(
    payload: bytes | str,
    headers: Mapping[str, str],
    secret: str | Iterable[str],
    *,
    tolerance: float = TOLERANCE_SECONDS,
) -> WebhookEvent:
    """The event of a delivery in the published form. Raises `WebhookVerificationError`.

    `payload` is the body exactly as it arrived. During a rotation give both secrets. `tolerance` in seconds: how far
    the time of the delivery may be from now, which limits how long a recorded delivery can be sent again.
    """
    verify_signature(payload, headers, secret, tolerance=tolerance)
    try:
        return WebhookEvent.model_validate_json(payload)
    except ValidationError as error:
        raise WebhookVerificationError("the payload is signed but not of the published form") from error


def verify_signature(
    payload: bytes | str,
    headers: Mapping[str, str],
    secret: str | Iterable[str],
    *,
    tolerance: float = TOLERANCE_SECONDS,
) -> None:
    """Like `verify` for a payload of any form, such as CloudEvents."""
    message_id, written, signatures = _required(headers)
    _check_age(written, tolerance)
    body = payload.encode() if isinstance(payload, str) else payload
    signed = b".".join((message_id.encode(), written.encode(), body))
    given = [signature for version, _, signature in (s.partition(",") for s in signatures.split()) if version == "v1"]
    # Every pair is compared, so that the time taken does not tell which one fits.
    fits = [hmac.compare_digest(_signature(s, signed), g.encode()) for s in _secrets(secret) for g in given]
    if not any(fits):
        raise WebhookVerificationError("no signature fits the payload")


def _required(headers: Mapping[str, str]) -> tuple[str, str, str]:
    found = {name.lower(): value for name, value in headers.items()}
    try:
        return found["webhook-id"], found["webhook-timestamp"], found["webhook-signature"]
    except KeyError as missing:
        raise WebhookVerificationError(f"the header {missing.args[0]} is missing") from None


def _check_age(written: str, tolerance: float) -> None:
    if not written.isdecimal() or not written.isascii():
        raise WebhookVerificationError("webhook-timestamp is not a number of seconds")
    age = time.time() - int(written)
    if abs(age) > tolerance:
        raise WebhookVerificationError("the delivery is too old" if age > 0 else "the delivery is from the future")


def _secrets(secret: str | Iterable[str]) -> list[bytes]:
    return [_key(one) for one in ([secret] if isinstance(secret, str) else secret)]


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError("the secret is not one of a webhook: it has the form whsec_…, with base64 after it")
    return key


def _signature(key: bytes, signed: bytes) -> bytes:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
