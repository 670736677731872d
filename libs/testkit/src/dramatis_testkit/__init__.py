"""given/when/then, engine fixtures and small fakes."""
