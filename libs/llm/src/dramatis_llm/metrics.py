"""What Prometheus sees of language models. Labels are names from the code, never tenants or texts."""

from prometheus_client import Counter, Histogram

ATTEMPT_SECONDS = Histogram(
    "dramatis_llm_attempt_seconds",
    "Time of one attempt, by how it ended: answered, denied, failed",
    ["outcome"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 60, 120),
)

TOKENS = Counter("dramatis_llm_tokens", "Tokens as endpoints reported them", ["direction"])

CACHED = Counter("dramatis_llm_cached_answers", "Answers that came from our own cache")
