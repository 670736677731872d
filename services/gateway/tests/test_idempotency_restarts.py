"""Repeated requests while the first still runs, after a fault, and at another gateway."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from dramatis_bus.bus import Bus
from dramatis_contracts.notifier import v1 as notifier
from dramatis_contracts.simulation_engine import v1 as engine
from dramatis_gateway.app import open_gateway
from dramatis_kit import Runtime

from .conftest import running_platform
from .test_bad_input import assert_error
from .test_idempotency import fresh_key, post

SCENARIO = {
    "type": "follow_up_sequence",
    "initial_interaction": "property_viewing",
    "interventions": [{"step": 1, "timing": "same_day", "action": "thank_you_email", "content": "Thank you"}],
}


async def test_a_request_that_is_still_running_is_not_run_twice(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAMATIS_GATEWAY_PROMPT_SECONDS", "0.3")
    key = fresh_key()
    async with running_platform(runtime) as platform:
        gate = asyncio.Event()
        entered = asyncio.Event()

        async def slowly() -> None:
            entered.set()
            await gate.wait()

        platform.services.simulate(platform.mine.brokerage_id, "sim_1")
        platform.services.before_answer = slowly()
        follow_up = {"scenario": SCENARIO, "test_personas": ["pers_1"]}
        running = asyncio.create_task(post(platform, key, follow_up, "/v1/simulations/intervention"))
        await entered.wait()
        refused = await post(platform, key, follow_up, "/v1/simulations/intervention")
        assert_error(refused, "IDEMPOTENCY_IN_PROGRESS", "Idempotency-Key")
        assert int(refused.headers["retry-after"]) >= 1
        gate.set()
        done = await running
        again = await post(platform, key, follow_up, "/v1/simulations/intervention")
        assert (again.status_code, again.content) == (done.status_code, done.content)
        assert sum(isinstance(command, engine.RequestIntervention) for command in platform.services.commands) == 1


async def test_commands_of_a_repeated_request_are_recognised_by_their_services(runtime: Runtime) -> None:
    async with running_platform(runtime) as platform, Bus.open(runtime.settings, name="test-notifier") as bus:
        heard: list[str] = []

        async def register(call: Any) -> notifier.Webhook:
            heard.append(call.command_id)
            raise RuntimeError("killed before it could answer")

        bus.serve(notifier.register_webhook, register)
        await bus.start()
        key = {"Idempotency-Key": "once"}
        body = {"url": "https://example.com", "events": ["*"]}
        with capture_logs():
            for _ in range(2):
                assert (await post(platform, key, body, "/v1/webhooks")).status_code == 500
        assert len(heard) == 2
        assert len(set(heard)) == 1


async def test_an_answer_is_found_at_another_gateway(runtime: Runtime) -> None:
    key = fresh_key()
    async with running_platform(runtime) as platform, open_gateway(runtime) as second:
        first = await post(platform, key)
        again = await post(platform, key, path=f"{second.address}/v1/personas")
        assert again.content == first.content
        assert len(platform.services.commands) == 1


async def test_an_answer_too_large_to_keep_is_made_again(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAMATIS_GATEWAY_IDEMPOTENT_MAX_BYTES", "10")
    key, kept = fresh_key(), runtime.database["idempotency"]
    async with running_platform(runtime) as platform:
        first, again = await post(platform, key), await post(platform, key)
        assert again.json()["id"] == first.json()["id"]
        assert again.headers["idempotent-replayed"] == "true"
        row = await kept.find_one({})
        assert row is not None
        assert row["answer"] is None
