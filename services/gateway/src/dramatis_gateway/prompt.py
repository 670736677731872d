"""Results that belong into the answer to a request: waited for a short time, as long as the door allows."""

import asyncio

from dramatis_contracts.simulation_engine import v1
from dramatis_gateway.door import Caller

_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.25
_RUNNING = ("queued", "running")


async def results_within(caller: Caller, simulation: v1.Simulation, seconds: float) -> v1.Results | None:
    """The results of a simulation that completes within `seconds`; None of one that goes on, fails or is cancelled."""
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + seconds, _FIRST_PAUSE
    query = v1.GetSimulation(simulation_id=simulation.simulation_id)
    while simulation.status in _RUNNING:
        if loop.time() + pause > until:
            return None
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 1.5)
        simulation = await caller.ask(v1.get_simulation, query)
    if simulation.status != "completed":
        return None
    return await caller.ask(v1.get_results, v1.GetResults(simulation_id=simulation.simulation_id))
