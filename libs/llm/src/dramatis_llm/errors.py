"""How asking a language model fails, in words for the owner of the run.

`usage` is what was spent before the failure: an unreadable answer has been paid for too. No message holds the key
or the address of the endpoint, which are the operator's.
"""

from decimal import Decimal

from dramatis_llm.usage import Usage

_SHOWN = 300


class LlmError(Exception):
    """Base of all; `code` is stable, `message` is for people."""

    code = "LLM_FAILED"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.usage = Usage()


class NotConfigured(LlmError):
    code = "LLM_NOT_CONFIGURED"

    def __init__(self) -> None:
        super().__init__(
            "No language model is configured: set DRAMATIS_LLM_BASE_URL and DRAMATIS_LLM_MODEL "
            "(and DRAMATIS_LLM_API_KEY where the endpoint wants one)."
        )


class RateLimited(LlmError):
    """The endpoint goes on saying 429. `retry_after` in seconds, where it said so."""

    code = "LLM_RATE_LIMITED"

    def __init__(self, retry_after: float | None) -> None:
        wait = "" if retry_after is None else f"; it asks to wait {retry_after:g} s"
        super().__init__(f"The language model's endpoint limits the rate of calls{wait}.")
        self.retry_after = retry_after


class Refused(LlmError):
    """The model declines to answer, or a filter of its endpoint does."""

    code = "LLM_REFUSED"

    def __init__(self, text: str) -> None:
        super().__init__(f"The language model declined to answer: {shortened(text) or 'it gave no reason'}")
        self.text = text


class Unreadable(LlmError):
    """No rung of the ladder gave an answer of the agreed form. `text` is what came last, `issue` what is wrong."""

    code = "LLM_UNREADABLE"

    def __init__(self, text: str, issue: str) -> None:
        super().__init__(
            f"The language model's answer cannot be read ({issue}): {shortened(text) or 'an empty answer'}"
        )
        self.text = text
        self.issue = issue


class Unreachable(LlmError):
    """Deadlines, broken connections and 5xx, after all retries."""

    code = "LLM_UNREACHABLE"

    def __init__(self, what: str) -> None:
        super().__init__(f"The language model's endpoint does not answer: {what}.")


class Misconfigured(LlmError):
    """The endpoint refuses the request itself: key, model name, quota, parameters. Asking again does not help."""

    code = "LLM_MISCONFIGURED"

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"The language model's endpoint refuses the request ({status}): {shortened(detail)}")
        self.status = status


class BudgetExhausted(LlmError):
    """The next call might exceed the budget, so it was not made."""

    code = "LLM_BUDGET_EXHAUSTED"

    def __init__(self, of: str, limit: str, spent: str) -> None:
        super().__init__(f"The budget of {limit} {of} does not suffice for the next call; {spent} are spent.")


class PriceUnknown(LlmError):
    """A budget of money needs a price."""

    code = "LLM_PRICE_UNKNOWN"

    def __init__(self, model: str) -> None:
        super().__init__(
            f"The price of the model '{model}' at its endpoint is unknown, so a budget in money cannot be kept: give a "
            "budget in tokens, or set DRAMATIS_LLM_INPUT_PRICE and DRAMATIS_LLM_OUTPUT_PRICE."
        )
        self.model = model


def shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else f"{flat[:_SHOWN]}…"


def dollars(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
