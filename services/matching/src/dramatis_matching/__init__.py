"""Properties, client pools and match runs."""
