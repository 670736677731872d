"""The routes of the doors, one module per resource."""
