"""`/v1/segments`: from whom people can be drawn."""

from fastapi import APIRouter, Response

from dramatis_contracts.simulation_engine import v1
from dramatis_gateway.describe import documented
from dramatis_gateway.door import TheCaller, answer

router = APIRouter(prefix="/v1/segments", tags=["simulations"])


@router.get("", response_model=v1.Segments, responses=documented())
async def list_segments(caller: TheCaller) -> Response:
    """Every segment that a simulation may draw people from, and where its distributions come from."""
    return answer(await caller.ask(v1.list_segments, v1.ListSegments()))
