"""A gateway on real engines, and services as small as the gateway's tests need them, on the real bus."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus.bus import Bus
from dramatis_bus.messages import encode_event
from dramatis_bus.provisioning import stream_resources
from dramatis_bus.rpc import Call
from dramatis_contracts.pages import Page
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.simulation_engine import v1 as engine
from dramatis_engines.nats_server import start_nats
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_eventlog.commits import envelopes, positions
from dramatis_gateway.app import Gateway, open_gateway, resources
from dramatis_gateway.tenants import Credentials
from dramatis_kit import Document, Rejected, Runtime, Settings, new_id, utc_now
from dramatis_kit.provisioning import provision
from dramatis_kit.service import connect


@dataclass
class Services:
    """The persona service and the simulation engine, in memory. `commands` is all that reached them."""

    bus: Bus
    log: EventLog
    commands: list[object] = field(default_factory=list)
    personas: dict[tuple[str, str], persona.Persona] = field(default_factory=dict)
    simulations: dict[tuple[str, str], engine.Simulation] = field(default_factory=dict)
    before_answer: Coroutine[Any, Any, None] | None = None
    summary: engine.Summary | None = None
    predicted: dict[str, Any] | None = None
    queue_position: int | None = None

    async def create(self, call: Call[persona.CreatePersona]) -> persona.Persona:
        self.commands.append(call.request)
        now = utc_now()
        made = persona.Persona(
            id=call.request.persona_id,
            **call.request.profile.model_dump(),
            created_at=now,
            updated_at=now,
            status="active",
            enrichment_status="none",
            simulation_ready=True,
            version=1,
        )
        self.personas[call.tenant, made.id] = made
        return made

    async def get(self, call: Call[persona.GetPersona]) -> persona.Persona:
        if found := self.personas.get((call.tenant, call.request.persona_id)):
            return found
        raise Rejected("NOT_FOUND", f"no persona {call.request.persona_id}", field="persona_id")

    async def list(self, call: Call[persona.ListPersonas]) -> Page[persona.Persona]:
        own = [found for (tenant, _), found in self.personas.items() if tenant == call.tenant]
        first = (call.request.page - 1) * call.request.page_size
        return Page(
            items=own[first : first + call.request.page_size],
            total=len(own),
            page=call.request.page,
            page_size=call.request.page_size,
        )

    async def update(self, call: Call[persona.UpdatePersona]) -> persona.Persona:
        self.commands.append(call.request)
        found = await self.get(Call(call.tenant, persona.GetPersona(persona_id=call.request.persona_id), "", "", 0))
        given = {name: getattr(call.request.changes, name) for name in call.request.changes.model_fields_set}
        self.personas[call.tenant, found.id] = found.model_copy(update=given)
        return self.personas[call.tenant, found.id]

    async def request(self, call: Call[engine.RequestFocusGroup]) -> engine.Simulation:
        self.commands.append(call.request)
        return self.simulate(call.tenant, call.request.simulation_id, call.request.focus_group.name or "Test")

    async def intervene(self, call: Call[engine.RequestIntervention]) -> engine.Simulation:
        self.commands.append(call.request)
        return self.simulate(call.tenant, call.request.simulation_id, "Follow-up")

    def simulate(self, tenant: str, simulation_id: str, name: str = "Test") -> engine.Simulation:
        simulation = engine.Simulation(
            simulation_id=simulation_id,
            type="focus_group",
            name=name,
            status="queued",
            created_at=utc_now(),
            started_at=None,
            completed_at=None,
            progress=None,
            error=None,
            estimated_duration_seconds=1,
            version=1,
            queue_position=self.queue_position,
        )
        self.simulations[tenant, simulation_id] = simulation
        return simulation

    async def where(self, call: Call[engine.GetSimulation]) -> engine.Simulation:
        found = self.simulations.get((call.tenant, call.request.simulation_id))
        if self.before_answer is not None:
            before, self.before_answer = self.before_answer, None
            await before
        if found is not None:
            return found
        raise Rejected("NOT_FOUND", f"no simulation {call.request.simulation_id}", field="simulation_id")

    async def results(self, call: Call[engine.GetResults]) -> engine.Results:
        query = engine.GetSimulation(simulation_id=call.request.simulation_id)
        simulation = await self.where(Call(call.tenant, query, "", "", 0))
        return engine.Results(
            simulation_id=simulation.simulation_id,
            status=simulation.status,
            completed_at=utc_now(),
            summary=self.summary,
            detailed_results=None,
            recommendations=(),
            tokens_used=None,
            cost=None,
            n_respondents=1,
            model_version="rum-1",
            seed=1,
            unrecognized=(),
            predicted_results=self.predicted,
        )

    async def record(self, tenant: str, persona_id: str, name: str = "Ann") -> str:
        """Append one event to the log, as the persona service would; its id."""
        commit = await self.log.append(
            tenant,
            StreamId("persona", persona_id),
            [persona.PersonaCreated(profile=persona.PersonaProfile(name=name))],
            expected_version=0,
            command_id=new_id("cmd"),
            cause=Cause(new_id("req")),
        )
        return commit.events[0].id


@dataclass
class Platform:
    """A gateway with a client for each of two tenants, and the services behind it."""

    gateway: Gateway
    services: Services
    relay: "Relay"
    mine: Credentials
    theirs: Credentials
    client: httpx.AsyncClient

    @property
    def as_stranger(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.theirs.api_key}"}


@contextmanager
def own_settings(mongo_url: str, folder: Path) -> Iterator[Settings]:
    """A database and a nats-server of its own: the names of streams and durables are fixed."""
    nats = start_nats(folder / "nats")
    yield Settings(
        mongo_url=mongo_url,
        nats_url=nats.url,
        mongo_database=new_id("test"),
        data_dir=folder,
        gateway_port=0,
        drain_seconds=1,
        mongo_timeout_ms=3000,
    )
    nats.stop()


@asynccontextmanager
async def running_runtime(settings: Settings) -> AsyncIterator[Runtime]:
    async with connect(settings) as mongo:
        runtime = Runtime(settings=settings, mongo=mongo)
        await provision([*stream_resources(settings), *resources(runtime)])
        yield runtime
        await mongo.drop_database(settings.mongo_database)


@asynccontextmanager
async def running_services(settings: Settings, log: EventLog) -> AsyncIterator[Services]:
    async with Bus.open(settings, name="test-services") as bus:
        services = Services(bus, log)
        bus.serve(persona.create_persona, services.create)
        bus.serve(persona.get_persona, services.get)
        bus.serve(persona.list_personas, services.list)
        bus.serve(persona.update_persona, services.update)
        bus.serve(engine.request_focus_group, services.request)
        bus.serve(engine.request_intervention, services.intervene)
        bus.serve(engine.get_simulation, services.where)
        bus.serve(engine.get_results, services.results)
        bus.not_implemented("persona")
        bus.not_implemented("simulation-engine")
        await bus.start()
        yield services


class Relay:
    """Gives commits their positions, as the relay does, and publishes them, or forgets to."""

    def __init__(self, database: AsyncDatabase[Document], bus: Bus) -> None:
        self.commits = database["commits"]
        self._bus = bus
        self.position = 0

    async def lead(self) -> None:
        """Begin an epoch, as a relay does that has taken the lease."""
        last = await self.commits.find_one({"pos": {"$gt": 0}}, sort={"pos": -1})
        self.position = ((last["pos"] >> 32 if last else 0) + 1) << 32
        await self.run()

    async def run(self, *, publish: bool = True) -> None:
        async for document in self.commits.find({"relayed": False}, sort={"at": 1}):
            self.position += document["n"]
            mark = {"$set": {"relayed": True, "pos": self.position}}
            await self.commits.update_one({"_id": document["_id"]}, mark)
            if publish:
                await self.publish(document)

    async def publish(self, document: Document) -> None:
        for position, envelope in zip(positions({"pos": self.position, **document}), envelopes(document), strict=True):
            subject, payload, headers = encode_event(envelope, position)
            await self._bus.connection.publish(subject, payload, headers=headers)
        await self._bus.connection.flush()


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not met():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running_platform(runtime: Runtime) -> AsyncIterator[Platform]:
    """A platform with two fresh tenants."""
    log = EventLog(runtime.database)
    async with running_services(runtime.settings, log) as services, open_gateway(runtime) as gateway:
        relay = Relay(runtime.database, services.bus)
        await relay.lead()
        async with fresh_tenants(gateway, services, relay) as platform:
            yield platform


@asynccontextmanager
async def fresh_tenants(gateway: Gateway, services: Services, relay: Relay) -> AsyncIterator[Platform]:
    mine = await gateway.tenants.register(str(uuid4()), "Mine", "development")
    theirs = await gateway.tenants.register(str(uuid4()), "Theirs", "development")
    await relay.run()
    await until(lambda: gateway.feed.next_position > relay.position)
    headers = {"Authorization": f"Bearer {mine.api_key}"}
    async with httpx.AsyncClient(base_url=gateway.address, timeout=20, headers=headers) as client:
        yield Platform(gateway, services, relay, mine, theirs, client)


@pytest.fixture
async def runtime(mongo_url: str, tmp_path: Path) -> AsyncIterator[Runtime]:
    """For a test that starts, stops or breaks its gateway."""
    with own_settings(mongo_url, tmp_path) as settings:
        async with running_runtime(settings) as made:
            yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(mongo_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Platform]:
    with own_settings(mongo_url, tmp_path_factory.mktemp("shared")) as settings:
        async with running_runtime(settings) as runtime, running_platform(runtime) as platform:
            yield platform


@pytest_asyncio.fixture(loop_scope="module")
async def platform(shared: Platform) -> AsyncIterator[Platform]:
    """The module's platform with tenants of the test's own. The module runs in one loop: see its `pytestmark`."""
    shared.services.commands.clear()
    async with fresh_tenants(shared.gateway, shared.services, shared.relay) as platform:
        yield platform
