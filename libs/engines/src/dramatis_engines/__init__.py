"""Embedded engines, the all-in-one supervisor and the dramatis command line."""
