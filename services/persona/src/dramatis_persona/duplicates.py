"""One persona per person: of two requests to create the same one, one succeeds, however close together they come.

The same person has the same name and a source in common: an address about somebody. Demographics are ranges, which fit
many people of one name, so they decide nothing. A persona is looked for within what the same people see, and among what
is visible to the team and the brokerage of who creates it: an agent learns nothing of another's private clients.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from dramatis_contracts.persona import v1
from dramatis_eventlog import Aggregate
from dramatis_kit import Clock, Document, Rejected
from dramatis_persona.commands import Command
from dramatis_persona.decider import PersonaState

_UNBORN = timedelta(minutes=1)
"""How long a claim counts although its persona is not in the log yet: its command may still be on its way."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Who is whom: the collection `persona_identities`, one document per tenant and fingerprint, which is its key."""

    database: AsyncDatabase[Document]
    personas: Aggregate[PersonaState, Command]
    clock: Clock

    async def claim(self, tenant: str, persona_id: str, profile: v1.PersonaProfile, owner: v1.Owner) -> None:
        """Make sure that this persona alone is this person. Raises `Rejected` DUPLICATE_PERSONA."""
        await self._check_visible(tenant, persona_id, profile, owner)
        made: list[Document] = []
        for fingerprint in sorted(fingerprints_of(profile, owner)):
            key = {"tenant": tenant, "fingerprint": fingerprint}
            try:
                if await self._claim(key, persona_id):
                    made.append(key)
            except Rejected:
                await self._claims.delete_many({"_id": {"$in": made}, "persona_id": persona_id})
                raise

    async def _check_visible(self, tenant: str, persona_id: str, profile: v1.PersonaProfile, owner: v1.Owner) -> None:
        """Whether the team or the brokerage shows this person already. Only claims are proof against simultaneity."""
        wider = {_scope("brokerage", owner), _scope("team", owner)} - {_scope(profile.visibility, owner)}
        for fingerprint in _fingerprints(profile, wider):
            key = {"tenant": tenant, "fingerprint": fingerprint}
            held = await self._claims.find_one({"_id": key})
            if held and held["persona_id"] != persona_id and await self._counts(key, held):
                raise _duplicate(held["persona_id"])

    @property
    def _claims(self) -> AsyncCollection[Document]:
        return self.database["persona_identities"]

    async def _claim(self, key: Document, persona_id: str) -> bool:
        """Whether the claim is new; one that is ours already is not."""
        try:
            await self._claims.insert_one({"_id": key, "persona_id": persona_id, "at": self.clock()})
        except DuplicateKeyError:
            held = await self._claims.find_one({"_id": key})
        else:
            return True
        if held is None or held["persona_id"] == persona_id:
            return False
        if await self._counts(key, held):
            raise _duplicate(held["persona_id"])
        ours = {"$set": {"persona_id": persona_id, "at": self.clock()}}
        taken = await self._claims.update_one({"_id": key, "persona_id": held["persona_id"]}, ours)
        if not taken.modified_count:
            raise _duplicate("a persona that is being created")
        return True

    async def _counts(self, key: Document, held: Document) -> bool:
        """Whether the holder of a claim is still this person."""
        state = (await self.personas.load(key["tenant"], held["persona_id"])).state
        if state.profile is None:
            return bool(held["at"] + _UNBORN > self.clock())
        return not state.deleted and key["fingerprint"] in fingerprints_of(state.profile, state.owner)


def fingerprints_of(profile: v1.PersonaProfile, owner: v1.Owner) -> set[str]:
    """What the same person has in common; nothing for somebody who may be one of many."""
    return _fingerprints(profile, [_scope(profile.visibility, owner)])


def _fingerprints(profile: v1.PersonaProfile, scopes: Iterable[str]) -> set[str]:
    addresses = {_address(source.url) for source in profile.enrichment_sources if source.url}
    found = [[scope, _normalised(profile.name), address] for scope in scopes for address in addresses]
    return {hashlib.sha256(json.dumps(parts).encode()).hexdigest() for parts in found}


def _scope(visibility: v1.Visibility, owner: v1.Owner) -> str:
    """Personas of one scope are seen by the same people."""
    known = {"brokerage": "", "team": f"team/{owner.team_id}", "private": f"agent/{owner.agent_id}/{owner.team_id}"}
    return known[visibility]


def _address(url: str) -> str:
    """The same page in other writing: scheme, `www.`, a slash at the end and a fragment make no difference."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.netloc.casefold().removeprefix('www.')}{parts.path.rstrip('/')}?{parts.query}"


def _normalised(text: str) -> str:
    return " ".join(text.casefold().split())


def _duplicate(persona_id: str) -> Rejected:
    return Rejected(
        "DUPLICATE_PERSONA",
        "this person is a persona already",
        field="name",
        issue=f"{persona_id} has the same name and a source in common",
    )
