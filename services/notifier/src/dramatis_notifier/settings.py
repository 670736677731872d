"""Settings of the notifier, `DRAMATIS_WEBHOOK_*` beside those that every process shares."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import Field

from dramatis_kit import Settings
from dramatis_notifier.circuit import Breaker
from dramatis_outbound import Guard

Seconds = Annotated[float, Field(gt=0)]


class NotifierSettings(Settings):
    """How patiently, how often and where to the notifier delivers."""

    webhook_retry_seconds: tuple[Seconds, ...] = (
        5,
        30,
        300,
        1800,
        7200,
        18_000,
        36_000,
        50_400,
        72_000,
        86_400,
    )
    """Pause before each further attempt, each ±20 %: eleven attempts over three days. Then a delivery has failed."""

    webhook_deadline_seconds: Seconds = 15
    """Connecting, sending and reading the answer's head together."""

    webhook_in_flight: int = Field(default=256, ge=2)
    """POSTs under way in one process. Endpoints that fail, are slow or are new share half of them."""

    webhook_in_flight_per_endpoint: int = Field(default=8, ge=1)
    """An endpoint whose last attempt failed gets one at a time until it accepts something."""

    webhook_claimed_per_endpoint: int = Field(default=512, ge=1)
    """Deliveries of one endpoint that a process holds in memory, waiting or under way."""

    webhook_lease_seconds: Seconds = 10
    """After this time without a sign of life another process takes a delivery over. Renewed at a third of it."""

    webhook_poll_seconds: Annotated[float, Field(gt=0, le=1)] = 1
    """How often due deliveries are looked for; new ones of the same process are sent without waiting for it."""

    webhook_disable_after_hours: Annotated[float, Field(gt=0)] = 120
    """An endpoint that accepted nothing for this long is disabled when its next attempt fails."""

    webhook_notice_after_hours: Annotated[float, Field(gt=0)] = 24
    """Its owner is told when it has accepted nothing for this long."""

    webhook_circuit_failures: int = Field(default=5, ge=1)
    """After this many failures in a row an endpoint gets nothing for a while, then one probe."""

    webhook_circuit_seconds: Seconds = 5
    """How long the circuit is open at first; doubled by every further failure."""

    webhook_circuit_longest_seconds: Seconds = 60
    webhook_rotation_hours: Annotated[float, Field(gt=0)] = 24
    """How long a replaced secret signs beside its successor."""

    webhook_retention_days: int = Field(default=30, ge=3)
    """Finished deliveries are kept this long. An event older than this is not announced any more."""

    webhooks_per_tenant: int = Field(default=100, ge=1)
    webhook_alerts_per_tenant: int = Field(default=1000, ge=1)
    """Endpoints that alert rules of other doors asked for."""

    webhook_ports: frozenset[int] = frozenset({443, 8443})
    """Outside the embedded mode, where every port may be called."""

    webhook_refused_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Refused besides all that is not public, for example the operator's own public addresses or NAT64 prefix."""

    webhook_private_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks of the operator's own that may be called although they are not public. Never metadata addresses."""

    webhook_plain_http: bool = False
    """Whether http addresses may be called outside the embedded mode."""

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.webhook_retention_days)

    @property
    def guard(self) -> Guard:
        ports = None if self.embedded else self.webhook_ports
        return Guard(
            loopback=self.embedded,
            ports=ports,
            refused=self.webhook_refused_networks,
            private=self.webhook_private_networks,
            plain=self.webhook_plain_http,
        )

    @property
    def breaker(self) -> Breaker:
        return Breaker(
            self.webhook_circuit_failures, self.webhook_circuit_seconds, self.webhook_circuit_longest_seconds
        )


def notifier_settings(shared: Settings) -> NotifierSettings:
    """The notifier's own settings from the environment, on top of what the process was given."""
    return shared if isinstance(shared, NotifierSettings) else NotifierSettings(**shared.model_dump())
