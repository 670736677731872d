"""Properties: what is on the market."""
