"""All pages of the console, put together."""

from fastapi import APIRouter, Response

from dramatis_gateway.console import entrance, interviews, simulations, webhooks
from dramatis_gateway.console.routing import console_router
from dramatis_gateway.problems import Problem

ROUTERS = (entrance.router, simulations.router, interviews.router, webhooks.router)

router = APIRouter()
for pages in ROUTERS:
    router.include_router(pages)

_nowhere = console_router()


@_nowhere.get("/{path:path}")
async def no_such_page() -> Response:
    raise Problem("NOT_FOUND", "There is no such page.")


router.include_router(_nowhere)
