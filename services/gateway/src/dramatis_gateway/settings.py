"""What the gateway can be told, beside what every process shares."""

from pydantic import Field

from dramatis_contracts.gateway.v1 import Tier
from dramatis_gateway.quotas import Allowance
from dramatis_kit import Settings


class GatewaySettings(Settings):
    """Read from `DRAMATIS_GATEWAY_*` and `DRAMATIS_DOCUMENTATION_URL`. Times in seconds, sizes in bytes."""

    documentation_url: str | None = None
    """Base of the addresses in error bodies; None is this gateway's own `/docs/errors`."""

    gateway_max_body_bytes: int = Field(default=1_048_576, gt=0)
    gateway_deadline: float = Field(default=15.0, gt=0)
    """Every request is answered within this time; streams are, once they have begun, exempt."""

    gateway_max_batch_bytes: int = Field(default=4 * 2**20, gt=0)
    """For `POST /v1/batch/…`, whose body holds up to 100 personas or simulations."""

    gateway_max_fit_bytes: int = Field(default=4 * 2**20, gt=0)
    gateway_fit_deadline: float = Field(default=60.0, gt=0)
    """For `POST /v1/tastes/fit`, whose body holds observed choices and which estimates from them before it answers."""

    gateway_prompt_seconds: float = Field(default=3.0, ge=0, le=10)
    """How long the answer to a request for a prediction waits for it; a longer one is told by `202` and followed."""

    gateway_key_cache_seconds: float = Field(default=15.0, gt=0)
    """How long a looked-up API key is trusted: a revocation that the event feed misses takes effect after this."""

    gateway_sse_heartbeat: float = Field(default=10.0, gt=0, le=15)
    gateway_sse_queue: int = Field(default=1024, ge=1)
    """Events that may wait for one slow client before it is disconnected to resume."""

    gateway_sse_clients: int = Field(default=20_000, ge=1)
    gateway_feed_history: int = Field(default=4096, ge=1)
    """Recent events kept in memory, from which a client that was away for a moment resumes."""

    gateway_stream_retention_days: float = Field(default=30.0, gt=0)
    """How far back a stream may resume; what is older is announced as a gap and can be read page by page."""

    gateway_ws_auth_seconds: float = Field(default=5.0, gt=0)
    gateway_ticket_seconds: float = Field(default=30.0, gt=0, le=300)
    """How long a ticket for a stream waits to be used."""

    gateway_standard_per_hour: int = Field(default=1000, ge=1)
    gateway_standard_per_minute: int = Field(default=50, ge=1)
    gateway_development_per_hour: int = Field(default=10_000, ge=1)
    gateway_development_per_minute: int = Field(default=3000, ge=1)
    """Requests that one API key of a tier may make."""

    gateway_failures_per_minute: int = Field(default=300, ge=1)
    """How often one client address may fail to authenticate, at each gateway."""

    gateway_idempotent_max_bytes: int = Field(default=2**20, gt=0)
    """Larger answers are not kept for a repetition under the same `Idempotency-Key`, which is then carried out anew."""

    gateway_allowed_origins: frozenset[str] = frozenset()
    """Web pages beside the gateway's own that may call the API and open WebSockets: `["https://app.example"]`."""

    gateway_keyless_tenant: str | None = None
    """The tenant for which the doors without credentials (Interrogation, Tron) act; None is the development tenant."""

    gateway_keyless_beyond_loopback: bool = False
    """Whether these doors may be used without an API key on a gateway that listens beyond this machine."""


def allowances(settings: GatewaySettings) -> dict[Tier, Allowance]:
    """What the keys of each tier may do."""
    return {
        "standard": Allowance(settings.gateway_standard_per_hour, settings.gateway_standard_per_minute),
        "development": Allowance(settings.gateway_development_per_hour, settings.gateway_development_per_minute),
    }
