"""An interrogation by a language model over real HTTP: what the model says is checked before it counts."""

from collections.abc import Mapping
from typing import Any

import pytest

from dramatis_contracts.interrogation import v1
from dramatis_llm import LlmSettings, language_model
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.language.mind import language_mind
from dramatis_simulation_engine.interrogation.process import next_events
from dramatis_simulation_engine.settings import SimulationSettings
from dramatis_testkit.openai_server import ScriptedModel, schema_of, scripted_model

SAID = "I gave up at the third form because it asked for tax data."
REQUESTED = v1.InterrogationRequested(
    user_input="Trials do not become paying accounts.",
    stakeholder=v1.Stakeholder(title="Owner", profile=f"I run a small business. {SAID}"),
    max_interview_messages=2,
    mind="llm",
    seed=5,
)
HYPOTHESES = [
    {"title": "Setup asks too much", "description": "Too many questions.", "probability": 0.5},
    {"title": "The price comes early", "description": "Value is not felt yet.", "probability": 0.3},
]
EXPECTED = [
    {"hypothesis_id": "h-1", "supports": 0.8, "contradicts": 0.1},
    {"hypothesis_id": "h-2", "supports": 0.1, "contradicts": 0.6},
]
ANSWERS: dict[str, dict[str, Any]] = {
    "none_of_these": {"analysis": "It fell.", "hypotheses": HYPOTHESES, "none_of_these": 0.2},
    "questions": {
        "questions": [
            {
                "content": "What happened the last time you set it up?",
                "kind": "probe",
                "hypothesis_id": "h-1",
                "expectations": EXPECTED,
            }
        ]
    },
    "carried_by": {"answer": SAID, "knows": True, "carried_by": [SAID], "invented": []},
    "evidence": {
        "evidence": [
            {
                "hypothesis_id": "h-1",
                "type": "past_behaviour",
                "strength": 0.9,
                "quote": "gave up at the third form",
                "why": "It happened.",
            }
        ],
        "root_cause": "The form asks for tax data.",
    },
    "final_answer": {
        "final_answer": "It points to the setup.",
        "citations": [{"hypothesis_id": "h-1", "answer": 1, "quote": "asked for tax data"}],
        "uncertainty": "One simulated person.",
    },
}


def form_of(body: Mapping[str, Any]) -> str:
    return next(name for name in ANSWERS if name in schema_of(body)["properties"])


async def run(server: ScriptedModel, **changed: dict[str, Any]) -> list[Any]:
    """All events of a run in which the answers to these forms are others."""
    answers = ANSWERS | changed
    server.answer = lambda body: answers[form_of(body)]
    settings = LlmSettings(llm_base_url=server.url, llm_model="scripted")
    dossier = Dossier(REQUESTED)
    found: list[Any] = []
    async with language_model(settings) as model:
        mind = language_mind(model, "brk_1", "run-1", SimulationSettings())
        while not found or not isinstance(found[-1], v1.InterrogationCompleted):
            for event in await next_events(dossier, mind):
                found.append(event)
                dossier = dossier.after(event)
    return found


def the(events: list[Any], kind: type[Any]) -> Any:
    return next(event for event in events if isinstance(event, kind))


async def test_a_run_is_made_of_what_the_model_said() -> None:
    async with scripted_model() as server:
        events = await run(server)
    assert the(events, v1.QuestionAsked).expected_information_gain > 0.2
    (piece,) = the(events, v1.EvidenceWeighed).evidence
    assert (piece.hypothesis_id, piece.answer) == ("h-1", 1)
    assert piece.log_likelihood_ratio > 0
    beliefs = {belief.hypothesis_id: belief.probability for belief in events[-1].beliefs}
    assert beliefs["h-1"] > 0.5 > beliefs["h-2"]
    assert sum(beliefs.values()) == pytest.approx(1)
    assert events[-1].citations[0].quote == "asked for tax data"
    assert events[-1].usage.calls == 1


async def test_each_role_is_told_its_own_part_only() -> None:
    async with scripted_model() as server:
        await run(server)
    told = {form_of(asked.body): str(asked.body["messages"]) for asked in server.asked}
    investigator = "".join(told[form] for form in told if form != "carried_by")
    assert "I run a small business" not in investigator
    assert "Setup asks too much" not in told["carried_by"]


async def test_a_leading_question_is_refused_and_another_asked_for() -> None:
    bad = {"content": "Don't you agree that the setup is too long?", "kind": "probe", "hypothesis_id": "h-1"}
    first = {"questions": [{**bad, "expectations": EXPECTED}]}
    async with scripted_model() as server:
        answers = dict(ANSWERS)

        def answer(body: Mapping[str, Any]) -> Any:
            form = form_of(body)
            return (
                first if form == "questions" and "must not come again" not in str(body["messages"]) else answers[form]
            )

        server.answer = answer
        settings = LlmSettings(llm_base_url=server.url, llm_model="scripted")
        distilled = v1.HypothesesDistilled(
            analysis="It fell.",
            hypotheses=tuple(
                v1.Hypothesis(id=f"h-{n}", title=h["title"], description=h["description"], prior=h["probability"])
                for n, h in enumerate(HYPOTHESES, 1)
            ),
            residual=0.2,
        )
        async with language_model(settings) as model:
            mind = language_mind(model, "brk_1", "run-1", SimulationSettings())
            question = await mind.investigator.ask(Dossier(REQUESTED).after(distilled))
    assert question is not None
    assert question.content == ANSWERS["questions"]["questions"][0]["content"]
    assert [refused.rule for refused in question.rejected] == ["leading"]
    assert question.usage.calls == 2


async def test_a_quote_that_was_not_said_is_no_evidence() -> None:
    invented = {**ANSWERS["evidence"]["evidence"][0], "quote": "I hated every minute"}
    async with scripted_model() as server:
        events = await run(server, evidence={"evidence": [invented], "root_cause": ""})
    assert the(events, v1.EvidenceWeighed).evidence == ()


async def test_what_the_profile_does_not_carry_is_logged_and_counts_nothing() -> None:
    claim = {"answer": SAID, "knows": True, "carried_by": ["I never said this."], "invented": []}
    async with scripted_model() as server:
        events = await run(server, carried_by=claim)
    assert the(events, v1.AnswerGiven).unsupported == (SAID,)
    assert the(events, v1.EvidenceWeighed).evidence == ()


async def test_an_i_do_not_know_moves_nothing() -> None:
    silent = {"answer": "I don't know.", "knows": False, "carried_by": [], "invented": []}
    async with scripted_model() as server:
        events = await run(server, carried_by=silent)
    assert the(events, v1.EvidenceWeighed).evidence == ()
    assert the(events, v1.AnswerGiven).unsupported == ()


async def test_a_citation_of_a_line_that_nobody_said_is_left_out() -> None:
    made_up = {**ANSWERS["final_answer"], "citations": [{"hypothesis_id": "h-1", "answer": 1, "quote": "never"}]}
    async with scripted_model() as server:
        events = await run(server, final_answer=made_up)
    assert events[-1].citations == ()


async def test_a_model_that_is_sure_of_everything_is_not_believed() -> None:
    sure = {"analysis": "It fell.", "hypotheses": [{**HYPOTHESES[0], "probability": 1.0}], "none_of_these": 0.0}
    async with scripted_model() as server:
        events = await run(server, none_of_these=sure)
    assert the(events, v1.HypothesesDistilled).residual >= 0.05
