"""Tastes estimated from observed choices, and the question that would tell most about one person's. Pure."""
