"""How personas behave and change: rows in ClickHouse for analysts, and what `/v1/personas/{id}/analytics` says."""
