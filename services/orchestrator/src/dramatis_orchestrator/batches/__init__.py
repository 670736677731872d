"""Batches: several personas or simulations asked for at once."""
