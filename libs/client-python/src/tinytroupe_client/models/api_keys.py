"""Keys that open the API."""

from datetime import datetime

from tinytroupe_client.models.base import Model


class ApiKey(Model):
    """`key` is present in the answer to its creation only. Without agent and team it opens all of the brokerage."""

    id: str
    key: str | None = None
    prefix: str | None = None
    tier: str | None = None
    name: str | None = None
    agent_id: str | None = None
    team_id: str | None = None
    created_at: datetime | None = None
