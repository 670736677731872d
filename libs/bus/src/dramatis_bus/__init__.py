"""Subjects, streams, consumers, RPC and parking on NATS JetStream."""

from dramatis_bus.bus import Bus
from dramatis_bus.consumers import BatchConsumer, Consumer, OrderedConsumer, Retry, WorkQueue
from dramatis_bus.errors import Fault, Poison, TooLarge
from dramatis_bus.health import Health
from dramatis_bus.messages import Received, decode_event, encode_event
from dramatis_bus.rpc import Call

__all__ = [
    "BatchConsumer",
    "Bus",
    "Call",
    "Consumer",
    "Fault",
    "Health",
    "OrderedConsumer",
    "Poison",
    "Received",
    "Retry",
    "TooLarge",
    "WorkQueue",
    "decode_event",
    "encode_event",
]
