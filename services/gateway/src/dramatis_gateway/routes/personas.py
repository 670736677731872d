"""`/v1/personas`: translated into the commands and queries of the persona service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from dramatis_contracts.pages import Page
from dramatis_contracts.persona import v1
from dramatis_gateway.describe import described, documented
from dramatis_gateway.door import TheCaller, answer, answer_page
from dramatis_gateway.models import CreatedPersona, PersonaQuery
from dramatis_gateway.validation import json_body

router = APIRouter(prefix="/v1/personas", tags=["personas"])

Profile = Annotated[v1.PersonaProfile, Depends(json_body(v1.PersonaProfile, "INVALID_PERSONA"))]
Changes = Annotated[v1.PersonaChanges, Depends(json_body(v1.PersonaChanges, "INVALID_PERSONA"))]


@router.post(
    "",
    status_code=201,
    response_model=CreatedPersona,
    openapi_extra=described(v1.PersonaProfile),
    responses=documented("INVALID_PERSONA", body=True),
)
async def create_persona(caller: TheCaller, profile: Profile) -> Response:
    """Create a persona."""
    persona = await caller.ask(v1.create_persona, v1.CreatePersona(persona_id=caller.new_id("pers"), profile=profile))
    created = CreatedPersona.model_validate(persona.model_dump())
    return answer(created, 201, {"Location": f"/v1/personas/{persona.id}"})


@router.get("", response_model=Page[v1.Persona], responses=documented("INVALID_REQUEST"))
async def list_personas(request: Request, caller: TheCaller, query: Annotated[PersonaQuery, Query()]) -> Response:
    """List personas, newest first. `Link`, `X-Total-Count`, `X-Page-Size` and `X-Current-Page` tell the place."""
    return answer_page(request, await caller.ask(v1.list_personas, v1.ListPersonas(**query.model_dump())))


@router.get("/{persona_id}", response_model=v1.Persona, responses=documented("NOT_FOUND"))
async def get_persona(caller: TheCaller, persona_id: str) -> Response:
    """Read one persona."""
    return answer(await caller.ask(v1.get_persona, v1.GetPersona(persona_id=persona_id)))


@router.patch(
    "/{persona_id}",
    response_model=v1.Persona,
    openapi_extra=described(v1.PersonaChanges),
    responses=documented("NOT_FOUND", "INVALID_PERSONA", "CONFLICT", body=True),
)
async def update_persona(caller: TheCaller, persona_id: str, changes: Changes) -> Response:
    """Replace the top-level fields that are given; the others stay."""
    return answer(await caller.ask(v1.update_persona, v1.UpdatePersona(persona_id=persona_id, changes=changes)))


@router.delete("/{persona_id}", status_code=204, response_class=Response, responses=documented("NOT_FOUND"))
async def delete_persona(caller: TheCaller, persona_id: str) -> Response:
    """Withdraw a persona: it is no longer listed and cannot be simulated."""
    await caller.ask(v1.delete_persona, v1.DeletePersona(persona_id=persona_id))
    return Response(status_code=204)
