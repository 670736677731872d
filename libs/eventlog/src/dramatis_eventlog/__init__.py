"""The append-only event log on MongoDB: append, read, snapshots, relay."""
