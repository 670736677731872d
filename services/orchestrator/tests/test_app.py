"""What orchestrator promises beside batches: it is healthy, and it says no rather than inventing an answer."""

import asyncio

import pytest

from dramatis_contracts.base import Request, Resource
from dramatis_contracts.rpc import Method
from dramatis_kit import Rejected
from dramatis_kit.settings import Settings
from dramatis_orchestrator.app import service
from dramatis_testkit.hosting import hosted


class Anything(Request):
    pass


class Nothing(Resource):
    pass


async def test_what_is_not_built_is_answered_with_an_honest_no(settings: Settings) -> None:
    method = Method("orchestrator", "start_session", Anything, Nothing)
    async with hosted(settings, service) as bus:
        with pytest.raises(Rejected, match="NOT_IMPLEMENTED"):
            await bus.call(method, Anything(), tenant="tenant-a")


async def test_it_is_healthy_once_its_consumers_have_begun(settings: Settings) -> None:
    async with hosted(settings, service) as bus, asyncio.timeout(20):
        while (await bus.health_of("orchestrator")).status != "ok":
            await asyncio.sleep(0.05)
