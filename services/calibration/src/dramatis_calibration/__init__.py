"""Frozen forecasts, outcomes and scores."""
