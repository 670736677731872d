"""Simulated studies: respondents, runs, results."""
