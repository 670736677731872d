"""`/docs`: the reference of the API, for people."""

from fastapi import APIRouter, Response
from starlette.responses import HTMLResponse

from dramatis_gateway.problems import Problem
from dramatis_gateway.reference import ASSETS, POLICY, asset, page

router = APIRouter(prefix="/docs", include_in_schema=False)

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


@router.get("", response_class=HTMLResponse)
async def reference() -> HTMLResponse:
    return HTMLResponse(page(), headers=_HEADERS)


@router.get("/assets/{version}/{name}")
async def reference_file(version: str, name: str) -> Response:  # noqa: ARG001  # the version only makes the address new
    if name not in ASSETS:
        raise Problem("NOT_FOUND")
    return Response(asset(name), headers=_FOR_EVER, media_type=ASSETS[name])
