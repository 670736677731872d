"""Why a commit happens, told by the call that asked for it."""

from typing import Any

from dramatis_bus.rpc import Call
from dramatis_eventlog.commits import Cause
from dramatis_kit.telemetry import traceparent


def cause_of(call: Call[Any]) -> Cause:
    """The events of a call are caused by its command and belong to its correlation and its trace."""
    return Cause(correlation_id=call.correlation_id, causation_id=call.command_id, traceparent=traceparent())
