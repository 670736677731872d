"""Tables are made once, recorded, and compared with what is there."""

from pathlib import Path

import pytest

from dramatis_kit import Settings
from dramatis_kit.provisioning import Drift, drift_of, provision
from dramatis_projections import migrations
from dramatis_projections.client import ClickHousePool
from dramatis_projections.migrations import ChangedAfterApplication, Migration, migration_resources, migrations_of

PACKAGE = "dramatis_projections"


async def test_an_empty_server_drifts_until_it_is_provisioned(bare: Settings) -> None:
    resources = migration_resources(bare)
    found = await drift_of(resources)
    assert found[0] == Drift("database", bare.clickhouse_database, "missing")
    assert "0001_events is not applied" in found[1].what
    assert await provision(resources) == found
    assert await drift_of(resources) == []
    assert await provision(resources) == []


async def test_a_lost_view_is_reported_and_made_again(clickhouse: Settings, pool: ClickHousePool) -> None:
    async with pool.client() as client:
        await client.command("DROP VIEW events_per_minute")
    resources = migration_resources(clickhouse)
    assert await drift_of(resources) == [Drift("tables", PACKAGE, "0002_analyst_views has lost events_per_minute")]
    await provision(resources)
    assert await drift_of(resources) == []


async def test_a_file_that_was_changed_after_its_application_is_refused(
    clickhouse: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *rest = migrations_of(PACKAGE)
    changed = Migration(first.package, first.number, first.name, first.sql.replace("UInt64", "UInt32"))
    monkeypatch.setattr(migrations, "migrations_of", lambda _package: [changed, *rest])
    resources = migration_resources(clickhouse)
    assert await drift_of(resources) == [Drift("tables", PACKAGE, "0001_events was changed after it had been applied")]
    with pytest.raises(ChangedAfterApplication, match="0001_events"):
        await provision(resources)


def test_a_mended_comment_is_no_change() -> None:
    first = migrations_of(PACKAGE)[0]
    mended = Migration(first.package, first.number, first.name, f"-- Better words.\n{first.sql}")
    assert mended.checksum == first.checksum


@pytest.mark.parametrize("names", [["0002_late.sql"], ["0001_a.sql", "0001_b.sql"], ["events.sql"]])
def test_migrations_count_from_one_without_a_gap(
    names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ddl").mkdir()
    for name in names:
        (tmp_path / "ddl" / name).touch()
    monkeypatch.setattr(migrations, "files", lambda _package: tmp_path)
    with pytest.raises(ValueError, match=r"0001_what_it_makes|without a gap"):
        migrations_of("any")
