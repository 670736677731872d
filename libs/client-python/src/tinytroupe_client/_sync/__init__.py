"""The synchronous client. All but `_io.py` is generated from `_async` by scripts/synchronise_client.py."""
