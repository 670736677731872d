"""Properties and match runs, owned by the `matching` service."""
