"""A gateway on real engines, and services as small as the gateway's tests need them, on the real bus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase

from dramatis_bus.bus import Bus
from dramatis_bus.provisioning import stream_resources
from dramatis_bus.rpc import Call
from dramatis_contracts.pages import Page
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.simulation_engine import v1 as engine
from dramatis_eventlog import Cause, EventLog, StreamId
from dramatis_gateway.app import Gateway, open_gateway, resources
from dramatis_gateway.tenants import Credentials
from dramatis_kit import Document, Rejected, Runtime, Settings, new_id, utc_now
from dramatis_kit.provisioning import provision

TENANT = "11111111-1111-4111-8111-111111111111"
STRANGER = "22222222-2222-4222-8222-222222222222"


@dataclass
class Services:
    """The persona service and the simulation engine, in memory. `commands` is all that reached them."""

    bus: Bus
    log: EventLog
    commands: list[object] = field(default_factory=list)
    personas: dict[tuple[str, str], persona.Persona] = field(default_factory=dict)
    simulations: dict[tuple[str, str], engine.Simulation] = field(default_factory=dict)

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
        return self.simulate(call.tenant, call.request.simulation_id, call.request.focus_group.name)

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
        )
        self.simulations[tenant, simulation_id] = simulation
        return simulation

    async def where(self, call: Call[engine.GetSimulation]) -> engine.Simulation:
        if found := self.simulations.get((call.tenant, call.request.simulation_id)):
            return found
        raise Rejected("NOT_FOUND", f"no simulation {call.request.simulation_id}", field="simulation_id")

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
    mine: Credentials
    theirs: Credentials
    client: httpx.AsyncClient

    def __post_init__(self) -> None:
        self.client.headers["Authorization"] = f"Bearer {self.mine.api_key}"

    @property
    def as_stranger(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.theirs.api_key}"}


@pytest.fixture
def settings(mongo_url: str, nats_url: str, database: AsyncDatabase[Document], tmp_path: Path) -> Settings:
    return Settings(
        mongo_url=mongo_url,
        nats_url=nats_url,
        mongo_database=database.name,
        data_dir=tmp_path,
        gateway_port=0,
        drain_seconds=1,
        mongo_timeout_ms=3000,
    )


@asynccontextmanager
async def running_services(settings: Settings, log: EventLog) -> AsyncIterator[Services]:
    async with Bus.open(settings, name="test-services") as bus:
        services = Services(bus, log)
        bus.serve(persona.create_persona, services.create)
        bus.serve(persona.get_persona, services.get)
        bus.serve(persona.list_personas, services.list)
        bus.serve(persona.update_persona, services.update)
        bus.serve(engine.request_focus_group, services.request)
        bus.serve(engine.get_simulation, services.where)
        bus.not_implemented("persona")
        bus.not_implemented("simulation-engine")
        await bus.start()
        yield services


@pytest.fixture
async def runtime(settings: Settings, database: AsyncDatabase[Document]) -> Runtime:
    made = Runtime(settings=settings, mongo=database.client)
    await provision([*stream_resources(settings), *resources(made)])
    return made


@pytest.fixture
async def platform(runtime: Runtime, database: AsyncDatabase[Document]) -> AsyncIterator[Platform]:
    async with running_services(runtime.settings, EventLog(database)) as services, open_gateway(runtime) as gateway:
        mine = await gateway.tenants.register(TENANT, "Mine", "standard")
        theirs = await gateway.tenants.register(STRANGER, "Theirs", "standard")
        async with httpx.AsyncClient(base_url=gateway.address, timeout=20) as client:
            yield Platform(gateway, services, mine, theirs, client)
