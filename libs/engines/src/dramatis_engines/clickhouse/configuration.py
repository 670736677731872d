"""How the embedded engine is set up: small, and with the privileges that projections need."""

from pathlib import Path

_GRANTS = (
    "GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE ON *.*",
    "GRANT KILL QUERY, SYSTEM, dictGet ON *.*",
    *(
        f"GRANT TABLE ENGINE ON {prefix}MergeTree"
        for prefix in ("", "Replacing", "Aggregating", "Summing", "Collapsing", "VersionedCollapsing")
    ),
    *(f"GRANT TABLE ENGINE ON {engine}" for engine in ("Memory", "Null", "Buffer", "Set", "Join", "MaterializedView")),
)
"""No FILE, URL, S3, REMOTE, … : the engine can neither read the machine's files nor call other addresses."""

_USERS = """<clickhouse>
  <profiles><default></default></profiles>
  <quotas><default></default></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>{grants}</grants>
    </default>
  </users>
</clickhouse>
"""

# A laptop's share of threads and memory: about 20 threads and 290 MB at rest instead of 54 and 330.
_ENGINE = """<clickhouse>
  <users_config>{users}</users_config>
  <user_files_path>{files}</user_files_path>
  <timezone>UTC</timezone>
  <background_pool_size>2</background_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <mark_cache_size>67108864</mark_cache_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
"""


def write_configuration(folder: Path) -> Path:
    """Write the engine's configuration beside its data; returns the file that it is started with."""
    files = folder / "user_files"
    files.mkdir(parents=True, exist_ok=True)
    users = folder / "users.xml"
    users.write_text(_USERS.format(grants="".join(f"<query>{grant}</query>" for grant in _GRANTS)))
    engine = folder / "config.xml"
    engine.write_text(_ENGINE.format(users=_escaped(users), files=_escaped(files)))
    return engine


def _escaped(path: Path) -> str:
    return str(path.resolve()).replace("&", "&amp;").replace("<", "&lt;")
