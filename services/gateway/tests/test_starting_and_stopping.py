"""How a gateway comes and goes, and what its clients notice of it."""

import asyncio
import json
import stat
from dataclasses import replace
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect

from dramatis_gateway.app import open_gateway
from dramatis_gateway.server import AddressInUse
from dramatis_gateway.tenants import DEVELOPMENT_TENANT
from dramatis_kit import Runtime

from .conftest import Platform, running_platform
from .sse import listening
from .test_event_stream import record, subjects
from .test_updates import close_code, socket, update


async def test_a_client_resumes_at_another_gateway_that_knows_nothing_of_it(runtime: Runtime) -> None:
    async with running_platform(runtime) as platform, listening(platform.client) as stream:
        await record(platform, *(f"pers_{number}" for number in range(5)))
        first = await stream.take(2)
    async with running_platform(runtime) as other:
        other.client.headers["Authorization"] = f"Bearer {platform.mine.api_key}"
        async with listening(other.client, last_event_id=first[-1].id) as again:
            await record(other, "pers_5", tenant=platform.mine.brokerage_id)
            assert subjects(await again.take(4)) == ["pers_2", "pers_3", "pers_4", "pers_5"]


async def test_the_development_tenant_has_the_same_key_at_every_start(runtime: Runtime) -> None:
    embedded = replace(runtime, settings=runtime.settings.model_copy(update={"embedded": True}))
    file = runtime.settings.data_dir / "dev-credentials.json"
    written = []
    for _ in range(2):
        async with running_platform(embedded) as platform:
            written.append(json.loads(file.read_text()))
            platform.client.headers["Authorization"] = f"Bearer {written[-1]['api_key']}"
            assert (await platform.client.get("/v1/personas")).status_code == 200
    assert written[0] == written[1]
    assert written[0]["brokerage_id"] == DEVELOPMENT_TENANT
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await runtime.database["commits"].count_documents({"subject": DEVELOPMENT_TENANT}) == 2


async def test_a_lost_credentials_file_is_written_anew_for_the_same_tenant(runtime: Runtime) -> None:
    embedded = replace(runtime, settings=runtime.settings.model_copy(update={"embedded": True}))
    file = runtime.settings.data_dir / "dev-credentials.json"
    async with running_platform(embedded):
        lost = json.loads(file.read_text())
    file.write_text("{}")
    async with running_platform(embedded):
        found = json.loads(file.read_text())
    assert found["brokerage_id"] == lost["brokerage_id"]
    assert found["api_key"] != lost["api_key"]


async def test_there_is_no_development_tenant_outside_the_embedded_platform(runtime: Runtime) -> None:
    async with running_platform(runtime):
        assert not (runtime.settings.data_dir / "dev-credentials.json").exists()
        assert await runtime.database["commits"].count_documents({"subject": DEVELOPMENT_TENANT}) == 0


async def test_a_taken_port_is_named(runtime: Runtime) -> None:
    async with running_platform(runtime) as platform:
        port = int(platform.gateway.address.rpartition(":")[2])
        second = replace(runtime, settings=runtime.settings.model_copy(update={"gateway_port": port}))
        with pytest.raises(AddressInUse, match=str(port)):
            async with open_gateway(second):
                raise AssertionError("two gateways on one port")


async def test_a_key_that_only_the_log_knows_opens_the_door_again(runtime: Runtime) -> None:
    """The look-up table was lost, or a crash came between the commit and its row."""
    async with running_platform(runtime) as platform:
        issued = await platform.gateway.tenants.register(str(uuid4()), "Late", "standard")
        await runtime.database["api_keys"].delete_many({"tenant": issued.brokerage_id})
        platform.client.headers["Authorization"] = f"Bearer {issued.api_key}"
        assert (await platform.client.get("/v1/personas")).status_code == 401
        await platform.relay.run()
        await until_open(platform)


async def until_open(platform: Platform) -> None:
    async with asyncio.timeout(10):
        while (await platform.client.get("/v1/personas")).status_code != 200:
            await asyncio.sleep(0.05)


async def test_a_stopping_gateway_ends_its_streams_at_once(runtime: Runtime) -> None:
    async with running_platform(runtime) as platform, listening(platform.client) as stream:
        waiting = asyncio.create_task(stream.next(seconds=10))
        await asyncio.sleep(0.05)
        runtime.draining.set()
        with pytest.raises(StopAsyncIteration):
            await waiting
        refused = await platform.client.get("/v1/events/stream")
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)


async def test_whoever_says_nothing_is_closed_out(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAMATIS_GATEWAY_WS_AUTH_SECONDS", "0.1")
    async with running_platform(runtime) as platform:
        address = f"ws{platform.gateway.address.removeprefix('http')}/v1/ws/simulations/sim_1"
        async with connect(address) as opened:
            assert "in time" in (await update(opened))["error"]["details"]["issue"]
            assert await close_code(opened) == 4401


async def test_a_stopping_gateway_asks_its_followers_to_come_back(runtime: Runtime) -> None:
    async with running_platform(runtime) as platform:
        platform.services.simulate(platform.mine.brokerage_id, "sim_1")
        async with socket(platform, "sim_1") as opened:
            await update(opened)
            runtime.draining.set()
            assert await close_code(opened) == 1012
