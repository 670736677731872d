"""What Prometheus sees of the bus. Labels are names from the code, never subjects, tenants or ids."""

from prometheus_client import Counter, Histogram

RPC_SECONDS = Histogram(
    "dramatis_rpc_seconds",
    "Time to answer a call, by how it ended",
    ["service", "method", "outcome"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)

CONSUMED = Counter(
    "dramatis_consumer_events",
    "Events by consumer and by what became of them: handled, skipped, retried, parked",
    ["consumer", "outcome"],
)
