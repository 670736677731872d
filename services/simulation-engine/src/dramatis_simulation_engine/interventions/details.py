"""The detailed results of a follow-up test, as JSON. Pure."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from dramatis_simulation_engine.diagnostics import diagnostics_of
from dramatis_simulation_engine.fitting import fitting
from dramatis_simulation_engine.focus_group.report import DETAIL_BYTES
from dramatis_simulation_engine.interventions import phrases
from dramatis_simulation_engine.interventions.process import FORWARD, STATES, TRANSIENT, flows
from dramatis_simulation_engine.interventions.questions import ASKED_STATE
from dramatis_simulation_engine.interventions.report import UNREAD_SHOWN, Report, estimate_json
from dramatis_simulation_engine.interventions.selection import SIMULTANEOUS
from dramatis_simulation_engine.interventions.vocabulary import PEOPLE_DOMAIN
from dramatis_simulation_engine.population import describe_population, load_segments
from dramatis_simulation_engine.seeds import Floats

_SEQUENCES_SHOWN = 20
_APPROXIMATION = (
    "Sequences other than the planned one are composed of answers about single changes: changes add up in log-odds, "
    "and what earlier steps do to later ones changes by assumed sizes."
)


def details_of(report: Report) -> dict[str, Any]:
    """All sections, within the size that a result may have."""
    shown = [{"field": where, "text": text} for where, text in report.unread[:UNREAD_SHOWN]]
    details = {
        "conversion": {"definition": report.conversion, "horizon_days": report.design.horizon},
        "steps": [_step(report, place) for place in range(len(report.plan.steps))],
        "sequences": _sequences(report),
        "variations": _variations(report),
        "trajectory": {"as_planned": report.path(report.design.own), "optimal": _optimal_path(report)},
        "transitions": list(_transitions(report)),
        "diagnostics": _diagnostics(report),
        "stopping": _stopping(report),
        "consensus": report.consensus.as_json(),
        "population": describe_population(report.respondents.people, load_segments(PEOPLE_DOMAIN)),
        "unrecognized": {"texts": shown, "of": len(report.unread)},
        "approximation": None if report.respondents.kind == "statistical" else _APPROXIMATION,
    }
    responses = fitting(_responses(report), DETAIL_BYTES - len(json.dumps(details)) - 200)
    people = len(report.respondents.people)
    details["persona_responses"] = responses
    shown_of = {"shown": len(responses), "of": people, "truncated": len(responses) < people}
    details["persona_responses_shown"] = shown_of
    return details


def _step(report: Report, place: int) -> dict[str, Any]:
    planned = report.plan.steps[place]
    contact = planned.contact
    told = {"step": planned.step.step, "action": planned.step.action, "understood": contact is not None}
    if contact is None:
        return {**told, "adds": None}
    return {
        **told,
        "day": contact.day,
        "channel": contact.channel,
        "tone": contact.tone,
        "about": list(contact.contents),
        "fitting_channels": list(planned.fitting),
        "adds": estimate_json(report.effects[place]),
    }


def _sequences(report: Report) -> dict[str, Any]:
    """The sequences with the highest rates, the client's own and none at all among them."""
    compared, selection = report.compared, report.selection
    means = compared.rates.mean(axis=0)
    order = sorted(range(len(means)), key=lambda j: (-round(float(means[j]), 9), j))
    kept = sorted({*order[:_SEQUENCES_SHOWN], 0, compared.sequences.index(())}, key=order.index)
    return {
        "compared": len(order),
        "searched": compared.searched,
        "method": SIMULTANEOUS,
        "told_from_plan": selection.separated,
        "note": "the rate of the leading one is somewhat too high: it was chosen by these same people's answers",
        "best_first": [_sequence(report, j) for j in kept],
    }


def _sequence(report: Report, j: int) -> dict[str, Any]:
    bounds = report.selection.bounds
    return {
        "changes": phrases.changes(report.plan, report.compared.sequences[j], report.vocabulary),
        "conversion": estimate_json(report.estimates[j]),
        "against_plan": estimate_json(report.gains[j]),
        "simultaneous_bounds": None if bounds is None else [round(bound, 6) for bound in bounds[j]],
        "probability_best": report.selection.probability_best[j],
    }


def _variations(report: Report) -> list[dict[str, Any]]:
    made = []
    for variation, place in report.compared.alone.items():
        words = phrases.variation(report.plan, variation, report.compared.sequences[place], report.vocabulary)
        made.append({**words, "against_plan": estimate_json(report.gains[place])})
    return made


def _optimal_path(report: Report) -> list[dict[str, Any]] | None:
    return report.path(report.chosen) if report.selection.separated else None


def _transitions(report: Report) -> Iterator[dict[str, Any]]:
    """What was answered about the client's own steps, for people in each state."""
    own = {contact: contact.place + 1 for contact in report.design.own}
    for answers in report.answers:
        if answers.question.contact is None or answers.question.contact not in own:
            continue
        forward, withdraw = report.evidence.mean_estimates(answers.probabilities, low=0.0, high=1.0)
        yield {
            "step": own[answers.question.contact],
            "state": answers.question.state,
            "forward": estimate_json(forward),
            "withdraw": estimate_json(withdraw),
        }


def _diagnostics(report: Report) -> dict[str, Any]:
    """Of the answers about the first contact, and about each step of the client's own for who is engaged."""
    own = set(report.design.own)
    asked = [
        a
        for a in report.answers
        if a.question.about == "start" or (a.question.contact in own and a.question.state == ASKED_STATE)
    ]
    return diagnostics_of(asked, report.respondents, report.evidence, report.modelled, report.seed)


def _stopping(report: Report) -> dict[str, Any] | None:
    if not report.intervention.simulation_parameters.stop_early:
        return None
    n = len(report.respondents.people)
    return {"asked": n, "planned": n, "settled": None, "reason": "sequences are compared once everybody has answered"}


def _responses(report: Report) -> Iterator[dict[str, Any]]:
    """Each person's rates with an explanation, the invited personas before the drawn ones."""
    people = report.respondents.people
    moved = flows(report.followed, report.design.own)
    for i in sorted(range(len(people)), key=lambda i: people[i].origin != "specific"):
        rates = report.compared.rates[i]
        best = int(np.argmax(np.round(rates, 9)))
        yield {
            "persona_id": people[i].id,
            "origin": people[i].origin,
            "segment": people[i].segment,
            "version": people[i].version,
            "as_planned": round(float(rates[0]), 4),
            "optimal": round(float(rates[report.selection.chosen]), 4),
            "without": round(float(rates[report.compared.sequences.index(())]), 4),
            "best_for_this_person": {
                "changes": phrases.changes(report.plan, report.compared.sequences[best], report.vocabulary),
                "conversion": round(float(rates[best]), 4),
            },
            "strongest_transition": _strongest(report, i, moved[i]),
        }


def _strongest(report: Report, person: int, moved: Floats) -> dict[str, Any]:
    """The step and state from which this person most probably moves forward, and why."""
    at, state = np.unravel_index(int(np.argmax(moved)), moved.shape)
    contact = report.design.own[int(at)]
    asked = next(
        a.question
        for a in report.answers
        if a.question.contact == contact and a.question.state == TRANSIENT[int(state)]
    )
    return {
        "step": contact.place + 1,
        "from": TRANSIENT[int(state)],
        "to": STATES[FORWARD[int(state)]],
        "probability": round(float(moved[at, state]), 4),
        "explanation": report.respondents.explained(asked, person, 0),
    }
