"""Two engine replicas against one: the same simulations from one work queue, from the first start to the last end.

Every replica is a process of its own that works on one simulation at a time. The relay, NATS and MongoDB share the
machine with them.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen

from bench.engines import engine, folder
from bench.measure import Pair, Row, Size, Target, ours_of, ratio_of, reference_of
from bench.waiting import answers, until
from dramatis_bus import Bus
from dramatis_contracts.simulation_engine import v1
from dramatis_engines.mongod import start_mongod
from dramatis_engines.nats_server import start_nats
from dramatis_kit import new_id
from dramatis_kit.settings import Settings

_TENANT = "bench"
_LEAST = 1.7
_SIMULATIONS = 12


async def measure(size: Size) -> list[Row]:
    with folder() as under, ExitStack() as engines:
        nats = engines.enter_context(engine(start_nats, under / "nats"))
        mongo = engines.enter_context(engine(start_mongod, under / "mongod"))
        settings = Settings(nats_url=nats, mongo_url=mongo)
        with _process("relay", settings, provision=True), _process(v1.SERVICE, settings, provision=True):
            async with _bus(settings) as bus:
                await _throughput(bus, 2)
                pairs = [await _pair(bus, settings) for _ in range(size.of(3, 7))]
    ratio = ratio_of(pairs)
    return [
        Row(
            name="replicas",
            what="simulations of 500 people × 3 × 1,000 on two engine replicas",
            n=f"{len(pairs)} pairs of {_SIMULATIONS} simulations",
            unit="simulations/s",
            ours=ours_of(pairs),
            reference=reference_of(pairs),
            reference_is="one replica",
            ratio=ratio,
            target=Target(f"≥ {_LEAST} ×", ratio.median >= _LEAST),
        )
    ]


async def _pair(bus: Bus, settings: Settings) -> Pair:
    alone = await _throughput(bus, _SIMULATIONS)
    with _process(v1.SERVICE, settings):
        # Both replicas have taken simulations up once they finish two at a time; imports are over by then.
        await _throughput(bus, 6)
        return Pair(await _throughput(bus, _SIMULATIONS), alone)


async def _throughput(bus: Bus, simulations: int) -> float:
    """Simulations per second, from the first start to the last end as the engines recorded them."""
    ids = [new_id("sim") for _ in range(simulations)]
    for seed, simulation in enumerate(ids):
        request = v1.RequestFocusGroup(simulation_id=simulation, focus_group=_study(seed))
        await bus.call(v1.request_focus_group, request, tenant=_TENANT)
    ended: list[v1.Simulation] = []
    async with asyncio.timeout(120):
        while len(ended) < simulations:
            await asyncio.sleep(0.1)
            ended = [s for s in await _states(bus, ids) if s.completed_at is not None]
    began = min(s.started_at for s in ended if s.started_at)
    return simulations / (max(s.completed_at for s in ended if s.completed_at) - began).total_seconds()


async def _states(bus: Bus, ids: Sequence[str]) -> list[v1.Simulation]:
    asked = [bus.call(v1.get_simulation, v1.GetSimulation(simulation_id=known), tenant=_TENANT) for known in ids]
    return await asyncio.gather(*asked)


def _study(seed: int) -> v1.FocusGroup:
    return v1.FocusGroup(
        name="bench",
        property=v1.Property(price=45_000_000, type="penthouse", features=("wine_room", "library")),
        test_scenarios=(
            v1.PhotoSelection(type="photo_selection", options=("sunset_view", "interior_design", "building_exterior")),
            v1.ModificationTesting(type="modification_testing", modifications=("renovate_kitchen", "add_private_gym")),
            v1.PricingStrategy(type="pricing_strategy", price_points=(42_000_000, 45_000_000, 48_000_000)),
        ),
        persona_configuration=v1.PersonaConfiguration(
            mode="segment", segments=("finance_executives", "tech_entrepreneurs"), generated_count=500
        ),
        simulation_parameters=v1.SimulationParameters(iterations=1000, detail_level="summary", seed=seed),
    )


@asynccontextmanager
async def _bus(settings: Settings) -> AsyncIterator[Bus]:
    async with Bus.open(settings, name="bench") as bus:
        await bus.start()
        await until("an engine", lambda: answers(bus, v1.list_segments, v1.ListSegments()))
        yield bus


@contextmanager
def _process(name: str, settings: Settings, *, provision: bool = False) -> Iterator[None]:
    """`dramatis serve NAME` on these engines, one simulation at a time."""
    command = [str(Path(sys.executable).with_name("dramatis")), "serve", name, *(["--provision"] if provision else [])]
    own = {
        "DRAMATIS_NATS_URL": settings.nats_url,
        "DRAMATIS_MONGO_URL": settings.mongo_url,
        "DRAMATIS_SIMULATION_CONCURRENCY": "1",
    }
    process = Popen(command, env=os.environ | own, stdout=DEVNULL, stderr=DEVNULL)  # our own program
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)
