"""ClickHouse client pool, migrations, projector and rebuild."""
