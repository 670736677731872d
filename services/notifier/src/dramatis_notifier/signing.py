"""Standard Webhooks signatures, symmetric (`v1`): HMAC-SHA256 over `id.timestamp.body`, base64.

Written out here because the PyPI library signs a bytes payload wrongly; the tests use that library to verify.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime

_PREFIX = "whsec_"
_SECRET_BYTES = 32  # the standard asks for 24 to 64


def new_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(secret: str, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The three headers of one attempt. `message_id` stays the same over retries, `at` is when this attempt starts."""
    timestamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}
