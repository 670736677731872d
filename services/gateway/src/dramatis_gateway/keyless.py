"""The doors whose specifications know no credentials: for whom they act, and who may use them."""

import ipaddress
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection, Request

from dramatis_gateway.authentication import Principal, bearer, unauthorized
from dramatis_gateway.door import Caller, Door, door_of, request_id_of
from dramatis_gateway.tenants import DEVELOPMENT_TENANT


async def keyless_principal(connection: HTTPConnection, door: Door) -> Principal:
    """The tenant of an optional bearer token, else the configured one. Raises a 401 `Problem` beyond loopback."""
    if header := connection.headers.get("authorization"):
        return await door.keys.principal(bearer(header))
    settings = door.settings
    if not (_loopback(settings.host) or settings.gateway_keyless_beyond_loopback):
        raise unauthorized("this gateway listens beyond this machine: send an API key")
    return Principal(settings.gateway_keyless_tenant or DEVELOPMENT_TENANT, "", "development")


async def keyless_caller(request: Request) -> Caller:
    """Who asks at a door that needs no key."""
    door = door_of(request)
    return Caller(await keyless_principal(request, door), request_id_of(request), door.bus)


AnyCaller = Annotated[Caller, Depends(keyless_caller)]


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
