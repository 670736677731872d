"""Interrogations: a problem, hypotheses about its cause, and an interview with a simulated stakeholder."""
