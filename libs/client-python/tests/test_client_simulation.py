"""The handle of a simulation: waiting for it, and how it can end."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from dramatis_testkit.receiver import Receiver
from tinytroupe_client import (
    AsyncSimulation,
    AsyncTinyTroupeClient,
    RateLimitError,
    SimulationCancelled,
    SimulationError,
    SimulationFailed,
    SimulationTimeout,
    TinyTroupeClient,
)

ACCEPTED = {"simulation_id": "sim_1", "status": "queued", "estimated_duration_seconds": 2, "queue_position": 3}
RESULTS = {
    "simulation_id": "sim_1",
    "status": "completed",
    "summary": {"consensus_reached": True, "confidence_level": 0.85, "key_findings": ["a"]},
    "recommendations": [{"action": "Use the sunset photo", "impact": "high", "confidence": 0.89}],
    "detailed_results": None,
    "tokens_used": 0,
    "cost": 0.0,
}


def said(**body: Any) -> web.Response:
    return web.json_response({"simulation_id": "sim_1", **body})


async def requested(client: AsyncTinyTroupeClient, server: Receiver, *then: web.Response) -> AsyncSimulation:
    server.answers = [web.json_response(ACCEPTED, status=202), *then]
    return await client.simulations.focus_group(property_id="prop_1", persona_segments=["finance_executives"])


async def test_a_request_gives_a_handle(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    simulation = await requested(client, server)
    assert (simulation.id, simulation.status, simulation.queue_position) == ("sim_1", "queued", 3)
    assert repr(simulation) == "<AsyncSimulation sim_1 queued>"
    assert json.loads(server.posts[0].body) == {"property_id": "prop_1", "persona_segments": ["finance_executives"]}


async def test_waiting_gives_the_results(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    ends = [said(status="running", progress=0.4), said(status="completed", progress=1.0), web.json_response(RESULTS)]
    simulation = await requested(client, server, *ends)
    results = await simulation.wait_for_completion(poll_interval=0.01)
    assert results.recommendations[0].action == "Use the sunset photo"
    assert results.summary
    assert results.summary.key_findings == ("a",)
    assert (simulation.status, simulation.progress) == ("completed", 1.0)
    assert simulation.state.estimated_duration_seconds == 2  # of the first answer
    assert [post.path for post in server.posts[1:]] == [
        "/v1/simulations/sim_1",
        "/v1/simulations/sim_1",
        "/v1/simulations/sim_1/results",
    ]


async def test_the_synchronous_handle_does_the_same(blocking: TinyTroupeClient, server: Receiver) -> None:
    server.answers = [web.json_response(ACCEPTED, status=202), said(status="completed"), web.json_response(RESULTS)]
    simulation = await asyncio.to_thread(blocking.simulations.focus_group, property_id="prop_1")
    results = await asyncio.to_thread(simulation.wait_for_completion, poll_interval=0.01)
    assert results.recommendations[0].impact == "high"


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [("failed", SimulationFailed, "budget"), ("cancelled", SimulationCancelled, "sim_1 was cancelled")],
)
async def test_an_end_without_results_is_an_error(
    client: AsyncTinyTroupeClient, server: Receiver, status: str, error: type[SimulationError], words: str
) -> None:
    simulation = await requested(client, server, said(status=status, error="the budget is exhausted"))
    with pytest.raises(error, match=words) as raised:
        await simulation.wait_for_completion(poll_interval=0.01)
    assert raised.value.simulation_id == "sim_1"
    requests = len(server.posts)
    with pytest.raises(error):
        await simulation.wait_for_completion()
    assert len(server.posts) == requests  # its end is known


async def test_who_will_wait_no_longer_can_wait_again(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    simulation = await requested(client, server)
    server.always = lambda _: answering(said(status="running"))
    with pytest.raises(SimulationTimeout, match=r"sim_1 is still running after 0\.05 s"):
        await simulation.wait_for_completion(timeout=0.05, poll_interval=0.01)
    server.answers = [said(status="completed"), web.json_response(RESULTS)]
    assert (await simulation.wait_for_completion(poll_interval=0.01)).status == "completed"


async def answering(response: web.StreamResponse) -> web.StreamResponse:
    return response


async def test_a_spent_rate_limit_is_waited_out_within_the_time(
    client: AsyncTinyTroupeClient, server: Receiver
) -> None:
    full = [web.Response(status=429, headers={"Retry-After": "0.01"}) for _ in range(3)]
    simulation = await requested(client, server, *full, said(status="completed"), web.json_response(RESULTS))
    assert (await simulation.wait_for_completion(poll_interval=0.01)).status == "completed"
    simulation = await requested(client, server, web.Response(status=429, headers={"Retry-After": "900"}))
    with pytest.raises(RateLimitError):
        await simulation.wait_for_completion(timeout=5, poll_interval=0.01)


async def test_waiting_survives_a_server_that_is_started_anew(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    away = [web.Response(status=503) for _ in range(5)]
    simulation = await requested(client, server, *away, said(status="completed"), web.json_response(RESULTS))
    assert (await simulation.wait_for_completion(poll_interval=0.01)).status == "completed"


async def test_what_was_carried_out_at_once_is_there_at_once(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    found = {"optimal_sequence": {}, "predicted_conversion_rate": 0.35, "key_insights": ["Day 3 counts"]}
    server.answers = [web.json_response({"simulation_id": "sim_1", "recommendations": found})]
    server.answers += [web.json_response(RESULTS)]
    steps = {"step": 1, "timing": "same_day", "action": "thank_you_email"}
    simulation = await client.simulations.intervention(
        scenario={
            "type": "follow_up_sequence",
            "initial_interaction": "property_viewing",
            "interventions": [{"step": 1, "timing": "same_day", "action": "thank_you_email"}],
        },
        test_personas=["pers_1"],
    )
    assert json.loads(server.posts[0].body)["scenario"]["interventions"] == [steps]
    assert simulation.recommendations
    assert simulation.recommendations.predicted_conversion_rate == 0.35
    assert (simulation.status, simulation.ended) == ("completed", True)
    assert (await simulation.wait_for_completion()).status == "completed"


async def test_a_simulation_can_be_found_again_and_cancelled(client: AsyncTinyTroupeClient, server: Receiver) -> None:
    server.answers = [said(status="running"), said(status="cancelled")]
    simulation = await client.simulations.get("sim_1")
    assert (await simulation.cancel()).status == "cancelled"
    assert server.posts[-1].path == "/v1/simulations/sim_1/cancel"
    server.answers = [web.json_response({"items": [{"simulation_id": "sim_1", "status": "running"}], "total": 1})]
    assert [found.id async for found in client.simulations.list(status="running")] == ["sim_1"]
