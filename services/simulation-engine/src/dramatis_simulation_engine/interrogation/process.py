"""What comes next in a run: distil → plan → question → answer → evidence, again, → conclusions → answer.

Each call makes one step from what happened so far, so a run goes on from wherever its events end.
"""

import asyncio
from collections.abc import Sequence

from dramatis_contracts.interrogation import v1
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.method import conclusions, final_conclusions, plan, stop_reason
from dramatis_simulation_engine.interrogation.minds import Mind

_EXCHANGES_AT_ONCE = 6
"""What is free is computed sooner than it is written."""

Events = Sequence[v1.Step | v1.InterrogationCompleted]


async def next_events(dossier: Dossier, mind: Mind) -> Events:
    """The events of the next commit: one step, or, where steps are free, several exchanges."""
    events: list[v1.Step | v1.InterrogationCompleted] = []
    while True:
        for event in await _next_step(dossier, mind):
            events.append(event)
            dossier = dossier.after(event)
        if not mind.free or _may_be_committed(events):
            return events
        # Whatever else this process has to answer comes first.
        await asyncio.sleep(0)


def _may_be_committed(events: Events) -> bool:
    moved = sum(isinstance(event, v1.EvidenceWeighed) for event in events)
    return moved >= _EXCHANGES_AT_ONCE or isinstance(events[-1], v1.InterrogationCompleted)


async def _next_step(dossier: Dossier, mind: Mind) -> Events:
    if dossier.distilled is None:
        return [await mind.investigator.distil(dossier)]
    if dossier.plan is None:
        return [plan(dossier)]
    if step := await _unfinished_exchange(dossier, mind):
        return step
    if dossier.open_hypotheses and stop_reason(dossier) is None:
        question = await mind.investigator.ask(dossier)
        return [question] if question else _concluded(dossier, final_conclusions(dossier, "exhausted"))
    stopped = stop_reason(dossier) or "exhausted"
    if dossier.open_hypotheses:
        return _concluded(dossier, final_conclusions(dossier, stopped))
    return [await mind.investigator.synthesise(dossier, stopped)]


async def _unfinished_exchange(dossier: Dossier, mind: Mind) -> Events:
    """What the last question still waits for: its answer, or what that means. Empty when it waits for nothing."""
    if not dossier.exchanges or dossier.exchanges[-1].weighed is not None:
        return ()
    question, answer = dossier.exchanges[-1].question, dossier.exchanges[-1].answer
    if answer is None:
        return [await mind.interviewee.answer(dossier, question)]
    weighed = await mind.investigator.weigh(dossier, question, answer)
    after = dossier.after(weighed)
    return [weighed, *_concluded(after, conclusions(after))]


def _concluded(dossier: Dossier, found: Sequence[v1.HypothesisConcluded]) -> Events:
    """Conclusions with the cause that an answer named, where the method itself found none to act on; empty for none."""
    weighed = [exchange.weighed for exchange in dossier.exchanges if exchange.weighed]
    named = {event.hypothesis_id: event.root_cause for event in weighed if event.root_cause}
    conclusions = tuple(
        conclusion.model_copy(update={"root_cause": named.get(conclusion.hypothesis_id, "")})
        if conclusion.status == "validated" and not conclusion.root_cause
        else conclusion
        for conclusion in found
    )
    return [v1.HypothesesConcluded(conclusions=conclusions)] if conclusions else []
