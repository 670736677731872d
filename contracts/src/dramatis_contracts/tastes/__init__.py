"""Tastes that are estimated: fitted to observed choices, or elicited from one persona."""
