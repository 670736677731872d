"""Taste sets: tastes that were fitted to observed choices or elicited from a persona, kept for later simulations."""
