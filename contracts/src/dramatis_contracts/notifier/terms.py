"""The words of webhook endpoints: what a filter, a header, a rate and a status look like."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=2000)]
EventName = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z_]+\.([a-z_]+|\*))$", max_length=100)]
"""`*`, `persona.*` or `persona.created`: names without version."""
PlainEventName = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=100)]
SubjectFilter = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:.-]+\*?$", max_length=200)]
"""The id of one object (`sim_8k7j`) or the beginning of several (`sim_*`)."""
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=100)]
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$", max_length=2000)]

EventNames = Annotated[tuple[EventName, ...], Field(min_length=1, max_length=50)]
Subjects = Annotated[tuple[SubjectFilter, ...], Field(max_length=200)]
Description = Annotated[str, StringConstraints(max_length=500)]
Headers = Annotated[dict[HeaderName, HeaderValue], Field(max_length=20)]
FieldFilter = Annotated[dict[str, Annotated[tuple[str, ...], Field(min_length=1)]], Field(max_length=10)]
Rate = Annotated[float, Field(ge=0.1, le=10_000, allow_inf_nan=False)]
"""Deliveries per second to one endpoint, from all processes together."""

Ordering = Literal["none", "fifo"]
"""`fifo`: the events of one object arrive one after the other, in order, whatever fails in between."""
PayloadFormat = Literal["tinytroupe", "cloudevents", "raw"]
"""The published webhook payload, the CloudEvents envelope in structured mode, or the event's data alone."""
Signing = Literal["v1", "v1a"]
"""`v1`: HMAC-SHA256 with the secret. `v1a`: besides it Ed25519, verified with the public key alone."""
Origin = Literal["webhooks", "alerts"]
"""Who asked for the endpoint: the tenant at `/v1/webhooks`, or the alert rules of another door."""
WebhookStatus = Literal["active", "disabled", "removed"]
DeliveryStatus = Literal["pending", "delivered", "failed", "stopped"]
Circuit = Literal["closed", "open", "half_open"]
