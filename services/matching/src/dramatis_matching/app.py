"""Composition root of matching. Properties, client pools, match runs and outreach strategy."""

from dramatis_bus.unbuilt import unbuilt

service = unbuilt("matching")
