"""Names of the headers that travel beside a message."""

MSG_ID = "Nats-Msg-Id"
"""The event id: JetStream stores a message with the same id once within the stream's duplicate window."""

SUBJECT = "Dr-Subject"
"""The id of the aggregate that an event belongs to."""

POSITION = "Dr-Position"
"""The event's position in the log, a decimal number that survives a rebuilt JetStream."""

TRACEPARENT = "traceparent"
"""The W3C trace context."""

TENANT = "Dr-Tenant"
COMMAND = "Dr-Command"
CORRELATION = "Dr-Correlation"

BUDGET_MS = "Dr-Budget-Ms"
"""How many milliseconds the caller will still wait when it sends."""

STATUS = "Dr-Status"
"""How a call ended: one of the words below."""

OK = "ok"
REJECTED = "rejected"
UNAVAILABLE = "unavailable"
FAULT = "fault"
