"""Personas, owned by the `persona` service."""
