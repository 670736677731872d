"""The focus group of the TinyTroupe example, from its POST to its completion, against the model alone."""

import time
from collections.abc import Sequence

import orjson

from bench.measure import Pair, Row, Size, Target, ours_of, quantile, ratio_of, reference_of
from bench.platform import Api, Seen, platform
from dramatis_contracts.persona.v1 import Persona
from dramatis_contracts.simulation_engine.v1 import FocusGroup
from dramatis_engines.example import PERSONAS, focus_group
from dramatis_simulation_engine.focus_group.model import simulate
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.runner import respondent_of

_MOST = 300.0


async def measure(size: Size) -> list[Row]:
    async with platform() as api, api.seen("simulation.completed") as seen:
        created = [(await api.post("/v1/personas", orjson.dumps(persona)))[0] for persona in PERSONAS]
        ids = [persona["id"] for persona in created]
        invited = [respondent_of(Persona.model_validate(await api.get(f"/v1/personas/{known}"))) for known in ids]
        asked = focus_group(ids)
        for _ in range(3):
            await _pair(api, seen, asked, invited)
        pairs = [await _pair(api, seen, asked, invited) for _ in range(size.of(25, 100))]
    return [_row(pairs)]


def _row(pairs: Sequence[Pair]) -> Row:
    ours = ours_of(pairs)
    return Row(
        name="focus-group",
        what="focus group, 22 people × 100: POST → completed",
        n=f"{len(pairs)} pairs",
        unit="ms",
        ours=ours,
        reference=reference_of(pairs),
        reference_is="the model alone, in this process",
        ratio=ratio_of(pairs),
        p95=quantile([pair.ours for pair in pairs], 0.95),
        target=Target(f"< {_MOST:g} ms", ours.median < _MOST),
    )


async def _pair(api: Api, seen: Seen, asked: dict[str, object], invited: Sequence[Respondent]) -> Pair:
    return Pair(await _through_the_platform(api, seen, asked), _alone(FocusGroup.model_validate(asked), invited))


async def _through_the_platform(api: Api, seen: Seen, asked: dict[str, object]) -> float:
    """Milliseconds from the sent request to the line of `simulation.completed`."""
    body = orjson.dumps(asked)
    sent = time.perf_counter()
    accepted, _ = await api.post("/v1/simulations/focus-group", body)
    return 1000 * (await seen.of(accepted["simulation_id"]) - sent)


def _alone(asked: FocusGroup, invited: Sequence[Respondent]) -> float:
    started = time.perf_counter()
    simulate(asked, invited, seed=1)
    return 1000 * (time.perf_counter() - started)
