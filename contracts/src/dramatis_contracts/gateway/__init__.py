"""Tenants and their API keys, owned by the `gateway` service."""
