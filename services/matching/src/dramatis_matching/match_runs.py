"""A match run: the question, the ranking from ClickHouse, the reasons for the best, and the fact that it found them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dramatis_bus import Bus, Call
from dramatis_contracts.base import Viewer
from dramatis_contracts.envelope import event_id
from dramatis_contracts.matching import v1
from dramatis_contracts.persona import v1 as persona
from dramatis_eventlog import EventLog, StreamId, cause_of
from dramatis_matching.facts import Client, Home, client_of, home_of, level
from dramatis_matching.outreach import strategy
from dramatis_matching.properties.handlers import Properties, on_the_market
from dramatis_matching.reasons import evidence
from dramatis_matching.rules import load, model_version
from dramatis_matching.scoring import TERMS, UNIT, Criteria, Ranking, Scored, Scorer, Where, whole_weights
from dramatis_matching.words import literal, words

_EVERYBODY = Viewer()
Kind = Literal["property_to_clients", "client_to_properties"]


@dataclass(frozen=True, slots=True)
class MatchHandlers:
    """Raises `Rejected` with `NOT_FOUND` for who or what is not there, and `Unavailable`."""

    properties: Properties
    scorer: Scorer
    log: EventLog
    bus: Bus

    async def clients(self, call: Call[v1.MatchClients]) -> v1.ClientMatches:
        """The clients that a property suits."""
        asked = call.request
        loaded = await on_the_market(self.properties, call.tenant, asked.property_id)
        home = home_of(loaded.state.listing or v1.Listing(price=1))
        criteria = criteria_of(asked.matching_criteria, asked.output_options)
        ranking = await self.scorer.clients(call.tenant, home, criteria, pool_of(asked.client_pool, asked.viewer))
        known = await self.scorer.client_facts(call.tenant, [scored.id for scored in ranking.best])
        matches = tuple(
            v1.ClientMatch(
                persona_id=scored.id, **_told(scored, criteria, known[scored.id], home, asked.output_options)
            )
            for scored in ranking.best
            if scored.id in known
        )
        pairs = [_pair(match.persona_id, asked.property_id, match.match_score) for match in matches]
        run = await self._record(call, "property_to_clients", asked.property_id, criteria, ranking, pairs)
        unknown = literal(dict.fromkeys((*home.words, *home.places)))
        return v1.ClientMatches(property_id=asked.property_id, matched_literally=unknown, matches=matches, **run)

    async def homes(self, call: Call[v1.MatchProperties]) -> v1.PropertyMatches:
        """The properties that suit a client."""
        asked = call.request
        query = persona.GetPersona(persona_id=asked.persona_id, viewer=asked.viewer)
        who = await self.bus.call(persona.get_persona, query, tenant=call.tenant)
        client = client_of(_profile(who))
        criteria = criteria_of(asked.matching_criteria, asked.output_options)
        ranking = await self.scorer.homes(call.tenant, client, criteria, properties_of(asked.filters))
        known = await self.scorer.home_facts(call.tenant, [scored.id for scored in ranking.best])
        matches = tuple(
            v1.PropertyMatch(
                property_id=scored.id, **_told(scored, criteria, client, known[scored.id], asked.output_options)
            )
            for scored in ranking.best
            if scored.id in known
        )
        pairs = [_pair(asked.persona_id, match.property_id, match.match_score) for match in matches]
        run = await self._record(call, "client_to_properties", asked.persona_id, criteria, ranking, pairs)
        unknown = literal(client.vocabulary)
        return v1.PropertyMatches(persona_id=asked.persona_id, matched_literally=unknown, matches=matches, **run)

    async def _record(
        self,
        call: Call[Any],
        kind: Kind,
        sought_for: str,
        criteria: Criteria,
        ranking: Ranking,
        pairs: Sequence[v1.MatchedPair],
    ) -> dict[str, Any]:
        """What the answer says of the run. A run that found nobody is no fact; a repeated command is none anew."""
        run = run_of(call)
        weights = {term: criteria.weights[term] / UNIT for term in TERMS}
        minimum = criteria.minimum / UNIT
        if pairs:
            found = v1.MatchFound(
                kind=kind,
                sought_for=sought_for,
                minimum_score=minimum,
                weights=weights,
                matched=ranking.matched,
                matches=tuple(pairs),
                model_version=model_version(),
            )
            await self._append(call, run, found)
        return {
            "match_run_id": run,
            "pool": ranking.pool,
            "excluded": ranking.excluded,
            "matched": ranking.matched,
            "weights": weights,
            "minimum_score": minimum,
            "model_version": model_version(),
        }

    async def _append(self, call: Call[Any], run: str, found: v1.MatchFound) -> None:
        await self.log.append(
            call.tenant,
            StreamId("match", run),
            [found],
            expected_version=0,
            command_id=call.command_id,
            cause=cause_of(call),
        )


def run_of(call: Call[Any]) -> str:
    """The id of the run that a command is: the same for every retry of it."""
    return "match_" + event_id(call.tenant, call.command_id, 0).removeprefix("evt_")


def criteria_of(asked: v1.MatchingCriteria, output: v1.OutputOptions) -> Criteria:
    weights: Mapping[str, float] = asked.weights.model_dump() if asked.weights else load("scoring")["weights"]
    return Criteria(whole_weights(weights), round(UNIT * asked.minimum_score), output.max_results)


def pool_of(asked: v1.ClientPool, viewer: Viewer = _EVERYBODY) -> Where:
    """Who is considered, as a condition on the rows of personas."""
    filters = asked.filters
    conditions, parameters = _shared_with(asked.source, viewer)
    if filters.min_net_worth is not None:
        conditions.append("net_worth_low >= {min_net_worth:Float64}")
        parameters["min_net_worth"] = filters.min_net_worth
    if filters.preferred_locations:
        conditions.append("hasAny(places, {wanted_places:Array(String)})")
        parameters["wanted_places"] = list(words(filters.preferred_locations))
    if filters.actively_looking is not None:
        conditions.append(f"urgency {'>=' if filters.actively_looking else '<'} {{looking:Float64}}")
        parameters["looking"] = level(load("scoring")["looking"]["from"])
    return Where(" AND ".join(conditions), parameters)


def _shared_with(source: str, viewer: Viewer) -> tuple[list[str], dict[str, Any]]:
    """A key of the whole brokerage looks at every team's and every agent's clients, any other at its own."""
    everybody = viewer.is_brokerage
    either = ["visibility = 'brokerage'"]
    if source in ("team", "agent"):
        either.append("visibility = 'team'" if everybody else "visibility = 'team' AND owner_team = {team:String}")
    if source == "agent":
        own = "owner_agent = {agent:String} AND (owner_agent != '' OR owner_team = {team:String})"
        either.append("visibility = 'private'" if everybody else own)
    parameters = {} if everybody else {"team": viewer.team_id or "-", "agent": viewer.agent_id or ""}
    return [f"({' OR '.join(f'({one})' for one in either)})"], parameters


def properties_of(asked: v1.PropertyFilters) -> Where:
    """Which properties are considered, as a condition on their rows."""
    conditions = ["1"]
    parameters: dict[str, Any] = {}
    for column, wanted in (("words", asked.types), ("places", asked.locations)):
        if wanted:
            conditions.append(f"hasAny({column}, {{wanted_{column}:Array(String)}})")
            parameters[f"wanted_{column}"] = list(words(wanted))
    for name, sign, bound in (("min_price", ">=", asked.min_price), ("max_price", "<=", asked.max_price)):
        if bound is not None:
            conditions.append(f"price {sign} {{{name}:Float64}}")
            parameters[name] = bound
    return Where(" AND ".join(conditions), parameters)


def _told(scored: Scored, criteria: Criteria, client: Client, home: Home, wanted: v1.OutputOptions) -> dict[str, Any]:
    found = evidence(client, home)
    told = wanted.include_reasoning
    return {
        "match_score": scored.score / UNIT,
        "key_attractions": tuple(piece.text for piece in found if piece.favours) if told else None,
        "potential_objections": tuple(piece.text for piece in found if not piece.favours) if told else None,
        "reasoning": _reasoning(scored, criteria, found) if told else None,
        "outreach_strategy": strategy(client, found) if wanted.generate_outreach_strategy else None,
    }


def _reasoning(scored: Scored, criteria: Criteria, found: tuple[v1.MatchEvidence, ...]) -> v1.MatchReasoning:
    terms = tuple(
        v1.MatchTerm(
            name=term,
            weight=criteria.weights[term] / UNIT,
            value=None if (value := scored.values[term]) is None else round(value, 4),
            contribution=scored.parts[term] / UNIT,
        )
        for term in TERMS
    )
    known = sum(criteria.weights[term] for term in TERMS if scored.values[term] is not None)
    return v1.MatchReasoning(terms=terms, known_weight=known / UNIT, evidence=found)


def _pair(persona_id: str, property_id: str, score: float) -> v1.MatchedPair:
    return v1.MatchedPair(persona_id=persona_id, property_id=property_id, match_score=score)


def _profile(who: persona.Persona) -> persona.PersonaProfile:
    return persona.PersonaProfile(**{name: getattr(who, name) for name in persona.PersonaProfile.model_fields})
