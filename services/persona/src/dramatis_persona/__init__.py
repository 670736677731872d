"""Personas: who they are, what they prefer."""
