"""From the results of the studies to what a client reads. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dramatis_contracts.simulation_engine.v1 import Summary
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.fitting import fitting
from dramatis_simulation_engine.focus_group.listing import Listing
from dramatis_simulation_engine.focus_group.questions import Answers, Question
from dramatis_simulation_engine.focus_group.studies.study import Study, StudyResult
from dramatis_simulation_engine.respondents import Respondents
from dramatis_simulation_engine.sequential import Stopped
from dramatis_simulation_engine.statistics import joint_consensus

DETAIL_BYTES = 800_000
"""The detailed results of any simulation stay below this many bytes of JSON: with all the rest, an event or a reply
stays under the 1 MiB that a NATS server carries by default."""
UNREAD_SHOWN = 500
"""Texts without a meaning that a result names one by one; beyond that it says how many there are."""
_SECTIONS = ("photo_preferences", "modification_impact", "pricing_sensitivity")

Unread = Sequence[tuple[str, str]]
"""(field, text) of what has no meaning in the taxonomy."""


def unread_in(studies: Sequence[Study], listing: Listing, respondents: Respondents[Question]) -> Unread:
    """Everything that was not understood, with its place in the request or in a persona, once."""
    found = dict.fromkeys(listing.unrecognized)
    found |= dict.fromkeys(entry for study in studies for entry in study.unrecognized)
    found |= dict.fromkeys(respondents.unrecognized)
    return tuple(found)


def summary_of(results: Sequence[StudyResult], unread: Unread, origin: str, stopped: Stopped | None) -> Summary:
    """Consensus over every scenario that has something to agree on, all findings in order, and what tastes rest on."""
    parts = [r.consensus for r in results if r.consensus is not None]
    reached, probability = joint_consensus(parts)
    return Summary(
        consensus_reached=reached,
        confidence_level=probability,
        key_findings=(*(f for r in results for f in r.findings), *_asked(stopped), origin, *_caveats(unread)),
    )


def _asked(stopped: Stopped | None) -> Iterator[str]:
    if stopped is not None:
        yield findings.stopped(stopped)


def _caveats(unread: Unread) -> Iterator[str]:
    if texts := list(dict.fromkeys(text for _, text in unread)):
        shown = findings.listed(texts[:10])
        more = f" and {len(texts) - 10} more" if len(texts) > 10 else ""
        yield f"Not understood and left out of account: {shown}{more}."


def details_of(
    studies: Sequence[Study],
    answers: Sequence[Sequence[Answers]],
    results: Sequence[StudyResult],
    respondents: Respondents[Question],
    sections: Mapping[str, Any],
    unread: Unread,
) -> dict[str, Any]:
    """All sections as JSON, `sections` among them. A study's section is null when nothing of its kind was asked."""
    details = {**_sections(studies, results), **sections}
    shown = [{"field": where, "text": text} for where, text in unread[:UNREAD_SHOWN]]
    details["unrecognized"] = {"texts": shown, "of": len(unread)}
    room = DETAIL_BYTES - len(json.dumps(details)) - 200
    responses = fitting(_responses(studies, answers, respondents), room)
    people = len(respondents.people)
    truncated = len(responses) < people
    details["persona_responses"] = responses
    details["persona_responses_shown"] = {"shown": len(responses), "of": people, "truncated": truncated}
    return details


def _sections(studies: Sequence[Study], results: Sequence[StudyResult]) -> dict[str, Any]:
    """The first scenario of a kind is the section; others of the same kind stand under `further`."""
    sections: dict[str, Any] = dict.fromkeys(_SECTIONS)
    for study, result in zip(studies, results, strict=True):
        if sections[study.section] is None:
            sections[study.section] = result.detail
        else:
            sections[study.section].setdefault("further", []).append(result.detail)
    return sections


def _responses(
    studies: Sequence[Study], answers: Sequence[Sequence[Answers]], respondents: Respondents[Question]
) -> Iterator[dict[str, Any]]:
    """Each person's answers with an explanation, the invited personas before the drawn ones."""
    order = sorted(range(len(respondents.people)), key=lambda i: respondents.people[i].origin != "specific")
    for i in order:
        person = respondents.people[i]
        yield {
            "persona_id": person.id,
            "origin": person.origin,
            "segment": person.segment,
            "version": person.version,
            "answers": [_answer(study, given, respondents, i) for study, given in zip(studies, answers, strict=True)],
        }


def _answer(
    study: Study, answers: Sequence[Answers], respondents: Respondents[Question], person: int
) -> dict[str, Any]:
    response = {"scenario": study.section, **study.response(answers, person)}
    if (explained := study.explained(answers, person)) is not None:
        question, alternative = explained
        if (why := respondents.explained(question, person, alternative)) is not None:
            response["explanation"] = {"of": question.alternatives[alternative].name, **why}
    return response
