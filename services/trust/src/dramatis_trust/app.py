"""Composition root of trust. Trust scores and their breakdown, manipulation flags, the audit trail and alert rules."""

from dramatis_bus.unbuilt import unbuilt

service = unbuilt("trust")
