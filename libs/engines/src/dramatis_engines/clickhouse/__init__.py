"""The embedded ClickHouse engine (`chdb`) in a process of its own, behind ClickHouse's HTTP interface.

`start_clickhouse` spawns `python -m dramatis_engines.clickhouse`; services reach it through clickhouse-connect's
ordinary HTTP client, as they reach a real server. Importing this package does not import chdb: a process that has
imported it must never fork, and its queries would stall an event loop.

Who may ask: whoever can open a loopback connection, so nothing of a user's may ever reach it as SQL. The engine itself
is therefore held short as well: see `configuration` (privileges) and `statements` (what they cannot express).
"""

from dramatis_engines.clickhouse.launch import launch_clickhouse, start_clickhouse

__all__ = ["launch_clickhouse", "start_clickhouse"]
