"""Enrichment: texts about a persona are read, by rules or by a language model, and its sources are looked at."""
