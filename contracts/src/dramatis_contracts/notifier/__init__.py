"""Webhook endpoints, owned by the `notifier` service."""
