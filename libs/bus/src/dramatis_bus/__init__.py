"""Subjects, streams, consumers, RPC and parking on NATS JetStream."""
