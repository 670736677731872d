"""What predict-ingest promises so far: it is there, it is healthy, and it says no rather than inventing an answer."""

import pytest

from dramatis_contracts.base import Request, Resource
from dramatis_contracts.rpc import Method
from dramatis_kit import Rejected
from dramatis_kit.settings import Settings
from dramatis_predict_ingest.app import service
from dramatis_testkit.hosting import hosted


class Anything(Request):
    pass


class Nothing(Resource):
    pass


async def test_every_call_is_answered_with_an_honest_no(settings: Settings) -> None:
    method = Method("predict-ingest", "anything_at_all", Anything, Nothing)
    async with hosted(settings, service) as bus:
        with pytest.raises(Rejected, match="NOT_IMPLEMENTED"):
            await bus.call(method, Anything(), tenant="tenant-a")


async def test_it_is_healthy(settings: Settings) -> None:
    async with hosted(settings, service) as bus:
        assert (await bus.health_of("predict-ingest")).status == "ok"
