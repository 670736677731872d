"""Where the language model is, and how patient and how generous its caller may be: `DRAMATIS_LLM_*`."""

from decimal import Decimal

from pydantic import Field, SecretStr

from dramatis_kit import Settings


class LlmSettings(Settings):
    """Without `llm_base_url` and `llm_model` there is no language model; nothing else has to be set."""

    llm_base_url: str | None = None
    """Of any OpenAI-compatible endpoint, with its version: `https://api.openai.com/v1`."""

    llm_api_key: SecretStr | None = None
    """Local endpoints need none."""

    llm_model: str | None = None

    llm_timeout_seconds: float = Field(default=60.0, gt=0, le=600)
    """Deadline of one attempt, from connecting to the last byte. Also the longest `Retry-After` that is waited for."""

    llm_connect_seconds: float = Field(default=5.0, gt=0)

    llm_retries: int = Field(default=2, ge=0, le=10)
    """Further attempts after a failure that may pass: 408, 409, 429, 5xx, a deadline, a broken connection."""

    llm_backoff_seconds: float = Field(default=0.5, ge=0)
    """Before the first retry; doubled for each further one, 8 s at most."""

    llm_concurrency: int = Field(default=8, ge=1, le=1000)
    """Calls in flight of one process."""

    llm_max_tokens: int = Field(default=600, ge=1)
    """The longest answer, in tokens, where the caller says nothing else."""

    llm_cache_seconds: int = Field(default=30 * 24 * 3600, ge=1)
    """How long an answer is kept for the same question."""

    llm_price_provider: str | None = None
    """The provider whose price list applies when the address does not tell, such as `openai` behind a proxy."""

    llm_input_price: Decimal | None = Field(default=None, ge=0)
    """US dollars per million tokens read. With `llm_output_price` it replaces the price list; 0 is free."""

    llm_output_price: Decimal | None = Field(default=None, ge=0)
    """US dollars per million tokens written."""

    @property
    def llm_configured(self) -> bool:
        return self.llm_base_url is not None and self.llm_model is not None


def llm_settings(shared: Settings) -> LlmSettings:
    """The language model's settings from the environment, on top of what the process was given."""
    return shared if isinstance(shared, LlmSettings) else LlmSettings(**shared.model_dump())
