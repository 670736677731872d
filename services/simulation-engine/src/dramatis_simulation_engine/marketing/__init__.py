"""Marketing: what respondents do with a message that reaches them, and what campaigns follow from that. Pure."""

DOMAIN = "marketing"
HOMES = "real_estate"
"""The domain whose words for homes and whose segments of buyers campaigns of brokerages use as well."""
