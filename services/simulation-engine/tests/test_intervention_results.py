"""What a client reads of a follow-up test: the published form, sentences with numbers, and nothing invented."""

import json
import re
from typing import Any

import numpy as np
import pytest
from intervention_scene import EXAMPLE, SEGMENTS, follow_up, plan_for, planned, random_people, step
from simulation_scene import john, person

from dramatis_contracts.simulation_engine import v1
from dramatis_simulation_engine import kinds
from dramatis_simulation_engine.focus_group.report import DETAIL_BYTES
from dramatis_simulation_engine.interventions.model import simulate
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.plan import ask
from dramatis_simulation_engine.respondents import RecordedRespondents, Reply

DRAWN: dict[str, Any] = {"test_personas": [], "persona_configuration": SEGMENTS}
FAST: dict[str, Any] = {"simulation_parameters": {"iterations": 16, "seed": 1}}


def outcome(seed: int = 1, **changes: Any) -> Outcome:
    return simulate(follow_up(**(DRAWN | FAST | changes)), (), seed)


def as_bytes(found: Outcome) -> bytes:
    parts = [found.detailed_results, found.predicted_results, found.unrecognized, found.model_version]
    models = [found.summary, *found.recommendations, *found.headlines]
    return json.dumps([*parts, *(m.model_dump(mode="json") for m in models)]).encode()


def details(found: Outcome) -> dict[str, Any]:
    assert found.detailed_results is not None
    return found.detailed_results


def predicted(found: Outcome) -> dict[str, Any]:
    assert found.predicted_results is not None
    return found.predicted_results


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not() -> None:
    assert as_bytes(outcome(1)) == as_bytes(outcome(1))
    assert as_bytes(outcome(1)) != as_bytes(outcome(2))


def test_another_seed_differs_within_the_stated_intervals() -> None:
    """300 repetitions: the interval of one seed holds what the mean of all of them says."""
    brief = {"iterations": 8, "detail_level": "summary"}
    ten = {"test_personas": [], "persona_configuration": SEGMENTS | {"generated_count": 10}}
    one = planned(step("day_3", "call"), variations_to_test=[], simulation_parameters=brief, **ten)
    values, bounds = [], []
    for seed in range(300):
        estimate = simulate(one, (), seed).headlines[0].estimate
        values.append(estimate.value or 0.0)
        bounds.append((estimate.low or 0.0, estimate.high or 1.0))
    middle = float(np.mean(values))
    assert np.mean([low <= middle <= high for low, high in bounds]) >= 0.93


def test_the_prediction_has_the_published_form() -> None:
    found = predicted(outcome())
    assert {"optimal_sequence", "predicted_conversion_rate", "key_insights"} <= set(found)
    optimal = found["optimal_sequence"]
    for made in optimal["steps"]:
        assert {"step", "timing", "day", "action", "channel", "tone", "adds", "changed"} <= set(made)
    assert found["predicted_conversion_rate"] == optimal["expected_conversion"]["value"]
    assert optimal["steps"][0]["action"] == EXAMPLE["scenario"]["interventions"][0]["action"]


def test_every_percentage_in_a_sentence_has_an_interval_and_n() -> None:
    for sentence in predicted(outcome())["key_insights"]:
        numbers = re.findall(r"[−+]?\d+ (?:%|points)", re.sub(r"\([^)]*\)", "", sentence))
        stated = re.findall(r"95 % interval", sentence)
        if "At least" not in sentence:
            assert len(numbers) == len(stated), sentence
            assert not numbers or "n = 20 people" in sentence


def test_what_is_a_probability_is_stated_in_words_and_named_once() -> None:
    headlines = outcome().headlines
    assert len({h.name for h in headlines}) == len(headlines)
    stated = [h for h in headlines if h.unit == "probability"]
    assert stated
    for headline in stated:
        assert headline.statement
        assert "within 90 days of the property viewing" in headline.statement
    assert all(h.statement is None for h in headlines if h.unit == "difference")


@pytest.mark.parametrize("days", [30, 180])
def test_conversion_is_counted_within_the_horizon(days: int) -> None:
    found = outcome(simulation_parameters={"iterations": 16, "horizon_days": days})
    assert f"within {days} days" in (found.headlines[0].statement or "")
    assert details(found)["trajectory"]["as_planned"][-1]["day"] == days


def test_more_time_means_more_conversions() -> None:
    values = [
        outcome(simulation_parameters={"iterations": 16, "horizon_days": d}).headlines[0].estimate.value
        for d in (14, 60, 365)
    ]
    assert values == sorted(values, key=lambda v: v or 0.0)


def test_a_step_that_harms_is_left_out() -> None:
    """The last of a hail of calls on reserved people costs conversion, and the recommendation says so."""
    reserved = [person(f"p{i}", behavioral_traits={"communication_style": "reserved"}) for i in range(12)]
    steps = [
        step("day_1", "thank_you_email"),
        *(step("day_2", "call", content="Act now! Last chance!") for _ in range(2)),
    ]
    found = simulate(planned(*steps, variations_to_test=[], **FAST), reserved, 1)
    optimal = predicted(found)["optimal_sequence"]
    assert set(optimal["left_out"]) & {2, 3}
    assert "without step" in found.recommendations[0].action
    assert any("costs conversion" in sentence for sentence in found.summary.key_findings)
    assert optimal["against_plan"]["low"] > 0


def test_two_people_do_not_tell_sequences_apart() -> None:
    found = simulate(follow_up(**FAST), [john("pers_789"), person("pers_012")], 1)
    assert predicted(found)["optimal_sequence"]["as_planned"]
    assert found.recommendations[0].action == "Keep the sequence as it is planned"
    assert any("no other can be told from the planned one" in s for s in found.summary.key_findings)


def test_one_person_alone_gets_no_interval() -> None:
    found = simulate(follow_up(test_personas=["pers_789"], **FAST), [john("pers_789")], 1)
    assert found.headlines[0].estimate.low is None
    assert any("no interval can be given, n = 1 person" in sentence for sentence in found.summary.key_findings)
    assert (found.summary.consensus_reached, found.summary.confidence_level) == (False, None)


def test_the_detail_level_acts() -> None:
    brief = outcome(simulation_parameters={"iterations": 16, "detail_level": "summary"})
    assert brief.detailed_results is None
    assert predicted(brief) == predicted(outcome())


def test_the_consensus_threshold_acts() -> None:
    levels = [outcome(simulation_parameters={"iterations": 16, "consensus_threshold": t}).summary for t in (0.1, 0.999)]
    assert (levels[0].confidence_level or 0) >= (levels[1].confidence_level or 0)


def test_the_details_hold_everything_and_fit_into_an_event() -> None:
    many = DRAWN["persona_configuration"] | {"generated_count": 1000}
    found = details(outcome(persona_configuration=many))
    assert len(json.dumps(found)) < DETAIL_BYTES
    assert found["persona_responses_shown"]["truncated"]
    assert found["persona_responses_shown"]["shown"] > 300
    assert set(found) >= {"steps", "sequences", "variations", "trajectory", "transitions", "population", "unrecognized"}


def test_the_details_say_how_steady_the_answers_are_and_that_everybody_was_asked() -> None:
    found = details(outcome(simulation_parameters={"iterations": 16, "stop_early": True}))
    assert found["diagnostics"]["test_retest"]["correlation"]["value"] > 0.3
    assert abs(found["diagnostics"]["position_bias"]["excess_of_first"]["value"]) < 0.2
    assert found["stopping"]["asked"] == found["stopping"]["planned"] == 20
    assert details(outcome())["stopping"] is None


def test_the_strongest_transition_of_a_person_is_explained_by_terms_that_sum() -> None:
    found = details(simulate(follow_up(**FAST), [john("pers_789"), person("pers_012")], 1))
    for response in found["persona_responses"]:
        strongest = response["strongest_transition"]
        assert 0 < strongest["probability"] < 1
        terms = strongest["explanation"]["terms"]
        assert round(sum(t["value"] for t in terms), 4) == strongest["explanation"]["utility"]
    johns = next(r for r in found["persona_responses"] if r["persona_id"] == "pers_789")
    reasons = {t["because"] for t in johns["strongest_transition"]["explanation"]["terms"]}
    assert "buying urgency: low" in reasons


def test_states_after_each_step_sum_to_one_and_end_in_the_conversion() -> None:
    found = outcome()
    path = details(found)["trajectory"]["as_planned"]
    assert [moment["after"] for moment in path] == ["first contact", "step 1", "step 2", "step 3", "end"]
    for moment in path:
        assert sum(e["value"] for e in moment["states"].values()) == pytest.approx(1.0, abs=1e-4)
    assert path[-1]["states"]["converted"]["value"] == pytest.approx(found.headlines[0].estimate.value, abs=1e-5)


def test_people_may_be_invited_and_drawn_at_once() -> None:
    both = simulate(follow_up(persona_configuration=SEGMENTS, **FAST), [john("pers_789"), person("pers_012")], 1)
    assert both.n_respondents == 22
    first = details(both)["persona_responses"][:2]
    assert {response["origin"] for response in first} == {"specific"}


def test_who_is_invited_is_known_by_field() -> None:
    configured = SEGMENTS | {"specific_personas": ["pers_3", "pers_789"]}
    study = v1.Intervention.model_validate(EXAMPLE | {"persona_configuration": configured})
    assert kinds.invited_to(study) == ("pers_789", "pers_012", "pers_3")
    assert kinds.field_of_invited(study, 1) == "test_personas[1]"
    assert kinds.field_of_invited(study, 2) == "persona_configuration.specific_personas[0]"
    assert kinds.answers_to(study) >= (3 + 20) * 100 * len(_sequences(study))


def _sequences(study: v1.Intervention) -> list[Any]:
    found = simulate(study.model_copy(update={"persona_configuration": None}), [john("pers_789")], 1)
    return [None] * details(found)["sequences"]["compared"]


# Language models answer the same questions


def recorded(plan: Any, people: Any) -> RecordedRespondents:
    """A reader whose answers are those of the statistical respondents."""
    statistical = plan.statistical()
    replies = {}
    for answers in ask(plan, statistical, lambda *_: None):
        order = tuple(range(len(answers.question.alternatives)))
        for person_, row in zip(people, answers.probabilities, strict=True):
            replies[answers.question.key, person_.id] = [Reply(tuple(row), order, "because I say so")]
    return RecordedRespondents(people, replies, "llm-test")


def test_recorded_answers_give_results_in_the_same_form() -> None:
    people = sorted(random_people(12, 3), key=lambda p: p.id)
    plan = plan_for(follow_up(**FAST), *people)
    respondents = recorded(plan, people)
    answers = ask(plan, respondents, lambda *_: None)
    found, exact = plan.conclude(answers, respondents), simulate(follow_up(**FAST), people, 1)
    assert found.model_version == "llm-test"
    assert set(predicted(found)) == set(predicted(exact))
    assert details(found)["approximation"]
    assert details(exact)["approximation"] is None
    said = details(found)["persona_responses"][0]["strongest_transition"]["explanation"]
    assert said == {"narration": ["because I say so"]}
    # One mean answer stands for a person here, a person with its spread there: close, not equal.
    values = [o.headlines[0].estimate.value or 0.0 for o in (found, exact)]
    assert values[0] == pytest.approx(values[1], abs=0.05)


def test_recorded_answers_decide_the_recommendation() -> None:
    """A reader who is annoyed by every call makes the call worth leaving out."""
    people = sorted(random_people(10, 4), key=lambda p: p.id)
    plan = plan_for(follow_up(variations_to_test=[], **FAST), *people)
    base = recorded(plan, people)
    replies = dict(base.replies)
    for question in plan.questions:
        if question.contact is not None and question.contact.channel == "call":
            for i, who in enumerate(people):
                replies[question.key, who.id] = [Reply((0.02 + 0.001 * i, 0.7), (0, 1), "stop calling me")]
    angry = RecordedRespondents(people, replies, "llm-test")
    found = plan.conclude(ask(plan, angry, lambda *_: None), angry)
    assert predicted(found)["optimal_sequence"]["left_out"] == [2]
