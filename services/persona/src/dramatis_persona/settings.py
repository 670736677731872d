"""Settings of the persona service, `DRAMATIS_PERSONA_*` beside those that every process shares."""

from ipaddress import IPv4Network, IPv6Network

from pydantic import Field

from dramatis_kit import Settings
from dramatis_outbound import Guard, Limits


class PersonaSettings(Settings):
    """How texts are read and sources looked at. Times in seconds."""

    persona_collective_seconds: float = Field(default=60.0, gt=0)
    """Between two collective runs, which read what need not be read at once and look at the sources that are due."""

    persona_enrichment_attempts: int = Field(default=3, ge=1)
    """After how many faults of its reader a text counts as unreadable."""

    persona_llm_patience_seconds: float = Field(default=900.0, ge=0)
    """How long a text waits for a language model that is down."""

    persona_llm_max_tokens: int = Field(default=40_000, ge=1000)
    """The most that reading one text may take, retries included."""

    persona_sources: bool = True
    """Whether the pages of enrichment sources are looked at. Off where nothing may leave the network."""

    persona_source_seconds: float = Field(default=20.0, gt=0)
    """For one page, with its redirects and the site's robots.txt."""

    persona_source_bytes: int = Field(default=1_000_000, ge=1000)
    persona_source_ports: frozenset[int] = frozenset({80, 443})
    persona_private_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks of the operator's own that may be looked at although they are not public; in no mode others."""

    persona_refused_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Refused besides all that is not public."""

    @property
    def guard(self) -> Guard:
        """Also on a laptop no loopback: a page of somebody else must not tell of what runs here."""
        return Guard(
            ports=self.persona_source_ports,
            refused=self.persona_refused_networks,
            private=self.persona_private_networks,
            plain=True,
        )

    @property
    def limits(self) -> Limits:
        return Limits(seconds=self.persona_source_seconds, max_bytes=self.persona_source_bytes)


def persona_settings(shared: Settings) -> PersonaSettings:
    """The service's own settings from the environment, on top of what the process was given."""
    return shared if isinstance(shared, PersonaSettings) else PersonaSettings(**shared.model_dump())
