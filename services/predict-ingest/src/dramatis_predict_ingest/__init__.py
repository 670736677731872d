"""Prediction events, signals and current probabilities."""
