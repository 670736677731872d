"""Campaigns that are kept under an id, so that they can be tested more than once."""
