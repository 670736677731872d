"""Campaigns as objects: what a marketing campaign consists of, kept under an id."""
