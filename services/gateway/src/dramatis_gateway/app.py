"""Composition root of the gateway: the only place where its parts are built and put together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import orjson
from nats.aio.msg import Msg
from starlette.types import ASGIApp

from dramatis_bus.bus import Bus
from dramatis_bus.consumers import OrderedConsumer
from dramatis_bus.messages import Received
from dramatis_bus.provisioning import consumer_resources, stream_resource
from dramatis_bus.subjects import event_filter
from dramatis_contracts.gateway.v1 import SERVICE, ApiKeyRevoked
from dramatis_contracts.registry import SERVICES
from dramatis_eventlog import EventLog, Snapshots
from dramatis_gateway.application import build
from dramatis_gateway.authentication import KeyRing
from dramatis_gateway.claims import Claims
from dramatis_gateway.console.sessions import Sessions
from dramatis_gateway.cors import readable_across_origins
from dramatis_gateway.door import Door
from dramatis_gateway.edge import Edge, Limits
from dramatis_gateway.feed import Feed, frame_of
from dramatis_gateway.guard import Guard
from dramatis_gateway.health import Readiness
from dramatis_gateway.idempotency import Idempotency
from dramatis_gateway.leases import Leases
from dramatis_gateway.metrics import Metrics
from dramatis_gateway.projections import ApiKeys
from dramatis_gateway.ratelimits import RateLimits
from dramatis_gateway.replay import Replay
from dramatis_gateway.routes.batch import PATHS as BATCH_PATHS
from dramatis_gateway.routes.tastes import FIT_PATH
from dramatis_gateway.server import collecting_rarely, listen, serving
from dramatis_gateway.settings import GatewaySettings, allowances
from dramatis_gateway.subscribers import Frame
from dramatis_gateway.tenants import Tenants, development_credentials
from dramatis_gateway.tickets import Tickets
from dramatis_gateway.turnstile import Turnstile
from dramatis_kit import Resource, Runtime, Service

CREDENTIALS_FILE = "dev-credentials.json"
PLATFORM = (*(name for name in SERVICES if name != SERVICE), "relay", "projector")
TENANT_KEYS = OrderedConsumer("gateway-tenants", service=SERVICE)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: where it listens (`http://host:port`), and what operators may ask of it."""

    address: str
    tenants: Tenants
    feed: Feed
    replay: Replay


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the gateway builds before it opens a connection."""

    settings: GatewaySettings
    log: EventLog
    api_keys: ApiKeys
    tenants: Tenants
    ring: KeyRing
    feed: Feed
    replay: Replay
    tickets: Tickets
    sessions: Sessions
    leases: Leases
    rate_limits: RateLimits
    turnstile: Turnstile
    claims: Claims
    metrics: Metrics


def _parts(runtime: Runtime) -> _Parts:
    settings = GatewaySettings(**runtime.settings.model_dump())
    log = EventLog(runtime.database, clock=runtime.clock)
    api_keys = ApiKeys(runtime.database)
    feed = Feed(
        log,
        history=settings.gateway_feed_history,
        queue=settings.gateway_sse_queue,
        max_subscribers=settings.gateway_sse_clients,
    )
    ring = KeyRing(api_keys, settings.gateway_key_cache_seconds)
    leases, metrics = Leases(runtime.database), Metrics()
    rate_limits = RateLimits(leases, allowances(settings), runtime.clock)
    retention = timedelta(days=settings.gateway_stream_retention_days)
    return _Parts(
        settings=settings,
        log=log,
        api_keys=api_keys,
        tenants=Tenants(log, Snapshots(runtime.database, "tenant"), api_keys),
        ring=ring,
        feed=feed,
        replay=Replay(log, feed, retention=retention, clock=runtime.clock),
        tickets=Tickets(runtime.database, api_keys, seconds=settings.gateway_ticket_seconds, clock=runtime.clock),
        sessions=Sessions(runtime.database, api_keys, runtime.clock),
        leases=leases,
        rate_limits=rate_limits,
        turnstile=Turnstile(ring, rate_limits, Guard(settings.gateway_failures_per_minute), metrics),
        claims=Claims(runtime.database, runtime.clock),
        metrics=metrics,
    )


@asynccontextmanager
async def open_gateway(runtime: Runtime) -> AsyncIterator[Gateway]:
    """Yields when the gateway listens; ends streams at once on leaving, requests in flight within the drain time."""
    parts = _parts(runtime)
    settings, feed = parts.settings, parts.feed
    async with Bus.hosted(runtime, name=SERVICE) as bus:
        await _start(bus, parts)
        work = [
            runtime.spawn(feed.watch(), "watch the feed"),
            runtime.spawn(parts.rate_limits.run(), "give back unused requests"),
            runtime.spawn(_drain(runtime.draining, feed), "wait for the drain"),
        ]
        try:
            if settings.embedded:
                await development_credentials(parts.tenants, settings.data_dir / CREDENTIALS_FILE)
            listener = listen(settings.host, settings.gateway_port)
            address = _address(settings.host, listener.getsockname()[1])
            documentation_url = (settings.documentation_url or f"{address}/docs/errors").rstrip("/")
            app = _application(runtime, bus, parts, documentation_url)
            drain = settings.drain_seconds
            with collecting_rarely():
                async with serving(app, listener, drain_seconds=drain, documentation_url=documentation_url):
                    yield Gateway(address, parts.tenants, feed, parts.replay)
                    feed.drain()
        finally:
            for task in work:
                task.cancel()
            await asyncio.wait(work)
            await parts.rate_limits.close()
            await parts.claims.close()


async def _start(bus: Bus, parts: _Parts) -> None:
    async def keep_keys(received: Received) -> None:
        await parts.tenants.aggregate.repair(received)
        await parts.api_keys.apply(received.envelope)

    async def on_event(message: Msg) -> None:
        frame = frame_of(message)
        if frame is not None:
            parts.feed.receive(frame)

    def on_revoked(frame: Frame) -> None:
        if frame.type == ApiKeyRevoked.type:
            parts.ring.forget()
            parts.feed.revoke(frame.tenant, orjson.loads(frame.payload)["data"]["key_id"])

    async def checks() -> dict[str, str]:
        return {"feed": await parts.feed.check()}

    bus.consume(TENANT_KEYS, keep_keys)
    bus.not_implemented(SERVICE)
    bus.health(SERVICE, checks)
    await bus.start()
    parts.feed.listen(on_revoked)
    await bus.subscribe(event_filter(), on_event)
    await parts.feed.begin()


def _application(runtime: Runtime, bus: Bus, parts: _Parts, documentation_url: str) -> ASGIApp:
    async def mongodb() -> str:
        await runtime.mongo.admin.command("ping")
        return "ok"

    async def nats() -> str:
        return "ok" if bus.connected else "not connected"

    settings = parts.settings
    checks = {"mongodb": mongodb, "nats": nats, "feed": parts.feed.check}
    app = build()
    app.state.documentation_url = documentation_url
    app.state.door = Door(
        settings=settings,
        bus=bus,
        log=parts.log,
        keys=parts.ring,
        feed=parts.feed,
        replay=parts.replay,
        tickets=parts.tickets,
        turnstile=parts.turnstile,
        tenants=parts.tenants,
        sessions=parts.sessions,
        readiness=Readiness(bus, (SERVICE, *PLATFORM), checks, parts.metrics),
        metrics=parts.metrics,
        documentation_url=documentation_url,
    )
    limits = Limits(deadline=settings.gateway_deadline, body=settings.gateway_max_body_bytes)
    fits = Limits(deadline=settings.gateway_fit_deadline, body=settings.gateway_max_fit_bytes)
    batches = Limits(deadline=settings.gateway_deadline, body=settings.gateway_max_batch_bytes)
    special = {FIT_PATH: fits} | dict.fromkeys(BATCH_PATHS, batches)
    repeatable = Idempotency(
        app,
        parts.claims,
        parts.metrics,
        deadline_of=lambda path: special.get(path, limits).deadline,
        max_bytes=settings.gateway_idempotent_max_bytes,
    )
    edge = Edge(repeatable, limits, parts.turnstile, parts.metrics, documentation_url, special)
    return readable_across_origins(edge, settings.gateway_allowed_origins)


async def _drain(draining: asyncio.Event, feed: Feed) -> None:
    await draining.wait()
    feed.drain()


def _address(host: str, port: int) -> str:
    """Where a client on this machine finds a gateway that listens on `host`."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  # not bound here
    return f"http://{reachable}:{port}"


@asynccontextmanager
async def open_service(runtime: Runtime) -> AsyncIterator[None]:
    async with open_gateway(runtime):
        yield


def resources(runtime: Runtime) -> Sequence[Resource]:
    parts = _parts(runtime)
    return [
        stream_resource(runtime.settings, SERVICE),
        *consumer_resources(runtime.settings, TENANT_KEYS),
        *parts.log.resources(),
        *parts.tenants.resources(),
        *parts.api_keys.resources(),
        *parts.tickets.resources(),
        *parts.sessions.resources(),
        *parts.leases.resources(),
        *parts.claims.resources(),
    ]


service = Service(name=SERVICE, open=open_service, resources=resources)
