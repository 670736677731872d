"""Long-running agents and their conversations."""
