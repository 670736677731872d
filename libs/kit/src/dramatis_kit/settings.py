"""Settings that every process shares, read from `DRAMATIS_*` environment variables."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Addresses and limits. A service adds its own by subclassing this in its `settings.py`."""

    model_config = SettingsConfigDict(env_prefix="DRAMATIS_", frozen=True, extra="ignore")

    mongo_url: str = "mongodb://127.0.0.1:27017/?replicaSet=rs0"
    mongo_database: str = "dramatis"
    nats_url: str = "nats://127.0.0.1:4222"
    clickhouse_url: str = "http://127.0.0.1:8123"
    clickhouse_database: str = "dramatis"

    data_dir: Path = Path(".dramatis")
    host: str = "127.0.0.1"
    gateway_port: int = Field(default=8000, ge=0, le=65535)

    embedded: bool = False
    """True only under `dramatis up`: a development tenant exists and webhooks may call loopback addresses."""

    mongo_timeout_ms: int = Field(default=5000, gt=0)
    """Deadline of one MongoDB operation, retries included. Without it a stopped server blocks the caller."""

    nats_replicas: int = Field(default=1, ge=1, le=5)
    """Copies of every stream and consumer: 1 embedded, 3 in production."""

    nats_stream_max_bytes: int = Field(default=1 << 30, gt=0)
    """Size at which a stream refuses further events. NATS reserves it on disk."""

    drain_seconds: float = Field(default=3.0, gt=0)
    """How long a stopping process lets work in flight end."""

    log_level: str = "INFO"
