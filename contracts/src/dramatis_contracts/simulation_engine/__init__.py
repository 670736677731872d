"""Simulations, owned by the `simulation-engine` service."""
