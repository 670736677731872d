"""Which endpoint: the name under which everything about a webhook is kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A webhook of a tenant. `key` names its queue."""

    tenant: str
    webhook_id: str

    @property
    def key(self) -> str:
        return f"{self.tenant}/{self.webhook_id}"

    @classmethod
    def of(cls, key: str) -> "Endpoint":
        return cls(*key.split("/", 1))
