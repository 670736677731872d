"""Results that belong into the answer to a request: waited for a short time, as long as the door allows."""

import asyncio
from dataclasses import dataclass

from dramatis_contracts.simulation_engine import v1
from dramatis_gateway.door import Caller

_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.25
_RUNNING = ("queued", "running")


@dataclass(frozen=True, slots=True)
class Awaited:
    """A simulation as it was seen last, and its results if it has completed."""

    simulation: v1.Simulation
    results: v1.Results | None = None


async def results_within(caller: Caller, simulation: v1.Simulation, seconds: float) -> Awaited:
    """Wait for the end of a simulation, at most `seconds`; one that waits for its turn is not waited for."""
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + seconds, _FIRST_PAUSE
    query = v1.GetSimulation(simulation_id=simulation.simulation_id, viewer=caller.viewer)
    while simulation.status in _RUNNING:
        if simulation.queue_position is not None or loop.time() + pause > until:
            return Awaited(simulation)
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 1.5)
        simulation = await caller.ask(v1.get_simulation, query)
    if simulation.status != "completed":
        return Awaited(simulation)
    wanted = v1.GetResults(simulation_id=simulation.simulation_id, viewer=caller.viewer)
    results = await caller.ask(v1.get_results, wanted)
    return Awaited(simulation, results)
