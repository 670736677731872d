"""What the gateway counts, in Prometheus' form."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import Scope

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)


class Metrics:
    """Counters of one gateway. Labels are route templates, never paths, ids or tenants."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route")
        self.requests = Counter(
            "dramatis_http_requests", "Requests answered.", (*labels, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "dramatis_http_request_seconds", "Time to answer.", labels, buckets=_SECONDS, registry=self.registry
        )
        self.sse_clients = Gauge("dramatis_sse_clients", "Open event streams.", registry=self.registry)
        self.sse_ended = Counter(
            "dramatis_sse_ended", "Streams that ended, by reason.", ("reason",), registry=self.registry
        )
        self.ws_clients = Gauge("dramatis_ws_clients", "Open WebSockets.", registry=self.registry)
        self.refused = Counter(
            "dramatis_rate_limited", "Requests refused, by limit.", ("limit",), registry=self.registry
        )
        self.repeatable = Counter(
            "dramatis_idempotency_keys", "Requests with a key, by what was known.", ("outcome",), registry=self.registry
        )
        self.ready = Gauge("dramatis_service_ready", "1 when it answers.", ("service",), registry=self.registry)

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = getattr(scope.get("route"), "path_format", "unmatched")
        self.requests.labels(method, route, status).inc()
        self.seconds.labels(method, route).observe(seconds)

    def exposition(self) -> bytes:
        """This gateway's counters and those of its process."""
        return generate_latest(self.registry) + generate_latest(REGISTRY)
