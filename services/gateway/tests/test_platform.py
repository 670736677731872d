"""What the gateway says of itself."""

import asyncio

import httpx
import pytest

from dramatis_contracts.errors import ERRORS
from dramatis_gateway.openapi import openapi

from .conftest import Platform

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_error_code_has_the_page_that_its_errors_name(platform: Platform) -> None:
    async with httpx.AsyncClient() as anybody:
        named = (await anybody.get(f"{platform.gateway.address}/nothing")).json()["error"]["documentation_url"]
        base = named.rpartition("/")[0]
        index = await anybody.get(base)
        for code, error in ERRORS.items():
            page = await anybody.get(f"{base}/{code}")
            assert page.headers["content-type"].startswith("text/html")
            assert f"<code>{error.status}</code>" in page.text
            assert code in index.text


async def test_metrics_name_routes_and_neither_ids_nor_tenants(platform: Platform) -> None:
    await platform.client.get("/v1/personas/pers_1")
    await platform.client.get("/v1/unknown/pers_1")
    exposed = (await platform.client.get("/metrics")).text
    assert 'route="/v1/personas/{persona_id}",status="404"' in exposed
    assert 'route="unmatched",status="404"' in exposed
    assert "pers_1" not in exposed
    assert platform.mine.brokerage_id not in exposed


async def test_the_served_document_is_the_generated_one(platform: Platform) -> None:
    assert (await platform.client.get("/openapi.json")).json() == openapi()
    assert (await platform.client.get("/docs")).status_code == 200


async def test_every_operation_documents_its_path_its_key_and_its_errors() -> None:
    for path, operations in openapi()["paths"].items():
        for operation in operations.values():
            declared = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert declared == {part[1:-1] for part in path.split("/") if part.startswith("{")}
            assert (operation["security"] != []) == ("401" in operation["responses"])
            assert "HTTPValidationError" not in str(operation)


async def test_what_cannot_be_read_as_http_is_answered_in_the_same_form(platform: Platform) -> None:
    host, _, port = platform.gateway.address.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"NONSENSE\r\n\r\n")
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"x-request-id: req_" in head
    assert b'"code":"INVALID_REQUEST"' in body
