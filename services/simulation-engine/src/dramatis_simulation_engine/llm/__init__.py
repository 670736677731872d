"""Respondents that are a language model playing a persona."""
