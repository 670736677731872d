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
Text = Annotated[v1.Enrichment, Depends(json_body(v1.Enrichment, "INVALID_PERSONA"))]
Changes = Annotated[v1.PersonaChanges, Depends(json_body(v1.PersonaChanges, "INVALID_PERSONA"))]


@router.post(
    "",
    status_code=201,
    response_model=CreatedPersona,
    openapi_extra=described(v1.PersonaProfile),
    responses=documented("INVALID_PERSONA", "DUPLICATE_PERSONA", body=True),
)
async def create_persona(caller: TheCaller, profile: Profile) -> Response:
    """Create a persona. The same person a second time is refused with 409."""
    command = v1.CreatePersona(persona_id=caller.new_id("pers"), profile=profile, viewer=caller.viewer)
    persona = await caller.ask(v1.create_persona, command)
    created = CreatedPersona.model_validate(persona.model_dump())
    return answer(created, 201, {"Location": f"/v1/personas/{persona.id}"})


@router.get("", response_model=Page[v1.Persona], responses=documented("INVALID_REQUEST"))
async def list_personas(request: Request, caller: TheCaller, query: Annotated[PersonaQuery, Query()]) -> Response:
    """List personas, newest first. `Link`, `X-Total-Count`, `X-Page-Size` and `X-Current-Page` tell the place."""
    wanted = v1.ListPersonas(**query.model_dump(), viewer=caller.viewer)
    return answer_page(request, await caller.ask(v1.list_personas, wanted))


@router.get("/{persona_id}", response_model=v1.Persona, responses=documented("NOT_FOUND"))
async def get_persona(caller: TheCaller, persona_id: str) -> Response:
    """Read one persona."""
    return answer(await caller.ask(v1.get_persona, v1.GetPersona(persona_id=persona_id, viewer=caller.viewer)))


@router.patch(
    "/{persona_id}",
    response_model=v1.Persona,
    openapi_extra=described(v1.PersonaChanges),
    responses=documented("NOT_FOUND", "INVALID_PERSONA", "DUPLICATE_PERSONA", body=True),
)
async def update_persona(caller: TheCaller, persona_id: str, changes: Changes) -> Response:
    """Replace the top-level fields that are given; the others stay."""
    command = v1.UpdatePersona(persona_id=persona_id, changes=changes, viewer=caller.viewer)
    return answer(await caller.ask(v1.update_persona, command))


@router.delete("/{persona_id}", status_code=204, response_class=Response, responses=documented("NOT_FOUND"))
async def delete_persona(caller: TheCaller, persona_id: str) -> Response:
    """Withdraw a persona: it is no longer listed and cannot be simulated."""
    await caller.ask(v1.delete_persona, v1.DeletePersona(persona_id=persona_id, viewer=caller.viewer))
    return Response(status_code=204)


@router.post("/{persona_id}/archive", response_model=v1.Persona, responses=documented("NOT_FOUND"))
async def archive_persona(caller: TheCaller, persona_id: str) -> Response:
    """Put a persona aside: it is listed with `status=archived` only, and cannot be simulated or matched."""
    command = v1.ArchivePersona(persona_id=persona_id, viewer=caller.viewer)
    return answer(await caller.ask(v1.archive_persona, command))


@router.post("/{persona_id}/restore", response_model=v1.Persona, responses=documented("NOT_FOUND"))
async def restore_persona(caller: TheCaller, persona_id: str) -> Response:
    """Take an archived persona into use again."""
    command = v1.RestorePersona(persona_id=persona_id, viewer=caller.viewer)
    return answer(await caller.ask(v1.restore_persona, command))


@router.post(
    "/{persona_id}/enrich",
    status_code=202,
    response_model=v1.AcceptedEnrichment,
    openapi_extra=described(v1.Enrichment),
    responses=documented("NOT_FOUND", "INVALID_PERSONA", body=True),
)
async def enrich_persona(caller: TheCaller, persona_id: str, enrichment: Text) -> Response:
    """Learn more about a persona from what was said or written; `persona.enriched` tells what was learnt."""
    command = v1.EnrichPersona(
        persona_id=persona_id, enrichment_id=caller.new_id("enr"), enrichment=enrichment, viewer=caller.viewer
    )
    accepted = await caller.ask(v1.enrich_persona, command)
    return answer(accepted, 202, {"Location": f"/v1/personas/{persona_id}"})
