"""Interrogations: hypotheses about a problem, tested in an interview with a simulated stakeholder."""
