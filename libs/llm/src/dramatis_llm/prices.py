"""What tokens cost: the operator's own prices, else the price list that `genai-prices` carries. No network."""

from decimal import Decimal

from dramatis_llm.settings import LlmSettings
from dramatis_llm.usage import Tokens

_MILLION = Decimal(1_000_000)


class Prices:
    """Prices of one model at one endpoint, in US dollars. The first listed one takes a fifth of a second."""

    def __init__(self, settings: LlmSettings) -> None:
        self._model = settings.llm_model or ""
        self._endpoint = settings.llm_base_url or ""
        self._provider = settings.llm_price_provider
        self._read, self._written = settings.llm_input_price, settings.llm_output_price

    def cost(self, tokens: Tokens | None) -> Decimal | None:
        """None when the price or the number of tokens is unknown."""
        if tokens is None:
            return None
        if self._read is not None and self._written is not None:
            return (self._read * tokens.read + self._written * tokens.written) / _MILLION
        return self._listed(tokens)

    def _listed(self, tokens: Tokens) -> Decimal | None:
        # Takes a fifth of a second to import, and most processes ask no model.
        from genai_prices import Usage, calc_price

        usage = Usage(input_tokens=tokens.read, output_tokens=tokens.written, cache_read_tokens=tokens.cached)
        try:
            if self._provider is not None:
                return calc_price(usage, self._model, provider_id=self._provider).total_price
            return calc_price(usage, self._model, provider_api_url=self._endpoint).total_price
        except LookupError:
            return None
