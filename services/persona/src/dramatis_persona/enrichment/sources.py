"""Looks at the sources of a persona: what a page says becomes a text to be read, a failure stays visible."""

import hashlib
from datetime import datetime

import structlog

from dramatis_contracts.persona import v1
from dramatis_eventlog import Cause
from dramatis_kit import Clock, Unavailable
from dramatis_outbound import NotReadable, Pages
from dramatis_persona.commands import LookAtSource
from dramatis_persona.decider import PersonaState, SourceState
from dramatis_persona.handlers import Personas
from dramatis_persona.schedule import addressed, next_look

log = structlog.get_logger()

_MOST_TEXT = 50_000


class Sources:
    """Looking twice is harmless: the second look finds what the first one committed."""

    def __init__(self, personas: Personas, pages: Pages, clock: Clock) -> None:
        self._personas = personas
        self._pages = pages
        self._clock = clock

    async def look(self, tenant: str, persona_id: str) -> int:
        """Look at those sources of a persona that are due; how many there were."""
        state = (await self._personas.load(tenant, persona_id)).state
        if state.deleted or state.archived:
            return 0
        now = self._clock()
        waiting = [source for source in addressed(state) if _is_due(source, state, now)]
        for source in waiting:
            known = state.sources.get(source.url or "", SourceState())
            await self._look(tenant, persona_id, source, known)
        return len(waiting)

    async def _look(self, tenant: str, persona_id: str, source: v1.EnrichmentSource, known: SourceState) -> None:
        url = source.url or ""
        command = await self._seen(persona_id, source)
        # One look at a time follows upon the last one, in however many processes it is begun.
        after = known.looked_at.isoformat() if known.looked_at else "first"
        name = hashlib.sha256(f"{persona_id} {url} {after}".encode()).hexdigest()[:32]
        cause = Cause(correlation_id=f"look_{name}")
        await self._personas.handle(tenant, persona_id, command, command_id=f"look:{name}", cause=cause)

    async def _seen(self, persona_id: str, source: v1.EnrichmentSource) -> LookAtSource:
        url = source.url or ""
        try:
            page = await self._pages.read(url)
        except NotReadable as refusal:
            return LookAtSource(url, self._clock(), None, refusal.reason)
        except Unavailable:
            raise
        except Exception:  # the boundary: a page that breaks its reader must wait like any other failure
            log.exception("source not read", persona=persona_id)
            return LookAtSource(url, self._clock(), None, "the reader failed on this page; the fault is recorded")
        enrichment_id = "enr_" + hashlib.sha256(f"{persona_id} {url} {page.digest}".encode()).hexdigest()[:16]
        return LookAtSource(url, self._clock(), page.digest, None, enrichment_id, _enrichment(source, page.text))


def _enrichment(source: v1.EnrichmentSource, text: str) -> v1.Enrichment:
    """The text and nothing of when it was read: the same page is the same enrichment."""
    metadata = v1.EnrichmentMetadata.model_validate({"url": (source.url or "")[:500]})
    content = v1.EnrichmentContent(text=text[:_MOST_TEXT], metadata=metadata)
    return v1.Enrichment(data_type="public_info", source=source.type, content=content)


def _is_due(source: v1.EnrichmentSource, state: PersonaState, now: datetime) -> bool:
    look = next_look(source, state.sources.get(source.url or "", SourceState()))
    return look is not None and look <= now
