"""What the persona service answers about how a persona behaves: the persona first, then ClickHouse."""

from datetime import datetime

from dramatis_bus import Call
from dramatis_contracts.persona import analytics as contract
from dramatis_contracts.persona import v1
from dramatis_kit import Clock
from dramatis_persona import handlers
from dramatis_persona.analytics.engagement import engagement
from dramatis_persona.analytics.evolution import evolution
from dramatis_persona.analytics.period import Period, period_of
from dramatis_persona.analytics.predictions import Known, lookback, predictions
from dramatis_persona.analytics.readings import Profile, Readings
from dramatis_projections.client import ClickHousePool


async def analytics(
    personas: handlers.Personas,
    pool: ClickHousePool,
    clock: Clock,
    call: Call[contract.GetPersonaAnalytics],
) -> contract.PersonaAnalytics:
    """Raises `Rejected` (unknown or invisible persona, no period) and `Unavailable` (ClickHouse is down)."""
    asked = call.request
    wanted = v1.GetPersona(persona_id=asked.persona_id, viewer=asked.viewer)
    persona = await handlers.get(
        personas, Call(call.tenant, wanted, call.command_id, call.correlation_id, call.deadline)
    )
    now = clock()
    period = period_of(asked.date_from, asked.date_to, now.date())
    as_of = min(now, period.until)
    async with pool.client() as client:
        readings = Readings(client, call.tenant, asked.persona_id)
        freshness = await readings.freshness(persona.version)
        return contract.PersonaAnalytics(
            persona_id=asked.persona_id,
            period=str(period),
            engagement_metrics=await _engagement(readings, period) if "engagement" in asked.metrics else None,
            preference_evolution=await _evolution(readings, period) if "preferences" in asked.metrics else None,
            predictions=await _predictions(readings, as_of) if "predictions" in asked.metrics else None,
            as_of=as_of,
            data_up_to=freshness.data_up_to,
            current=freshness.current,
        )


async def _engagement(readings: Readings, period: Period) -> contract.EngagementMetrics:
    return engagement(
        await readings.interactions(period.since, period.until),
        await readings.match_scores(period.since, period.until),
        await readings.simulations(period.since, period.until),
    )


async def _evolution(readings: Readings, period: Period) -> contract.PreferenceEvolution:
    end = await readings.profile(period.until)
    start = await readings.profile(period.since) or (await readings.first_profile() if end else None)
    return evolution(start, end, await readings.evidence(period.since, period.until))


async def _predictions(readings: Readings, as_of: datetime) -> contract.Predictions:
    return predictions(
        Known(
            as_of=as_of,
            profile=await readings.profile(as_of) or Profile(),
            interactions=await readings.interactions(as_of - lookback(), as_of),
            listings=await readings.listings(as_of),
        )
    )
