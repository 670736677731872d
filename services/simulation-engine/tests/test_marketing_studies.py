"""Campaigns, variants and viral content as studies: what they say, how often it holds, and when they say nothing.

A right 95 % interval leaves the bounds for one number once in five hundred times (binomial); the mean over all numbers
has to stay within 93 and 97 %.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from intervention_scene import random_people
from marketing_scene import (
    FIRST,
    SECOND,
    SNEAKERS,
    campaign,
    content,
    outcome_of,
    predicted,
    variants,
)
from scipy.stats import beta, binom
from simulation_scene import john, person

from dramatis_contracts.simulation_engine.v1 import Estimate
from dramatis_simulation_engine import plan
from dramatis_simulation_engine.marketing.campaign import CampaignPlan
from dramatis_simulation_engine.marketing.configurations import STAGES
from dramatis_simulation_engine.marketing.forecasts import funnel_of
from dramatis_simulation_engine.marketing.funnel import Funnel, Observed
from dramatis_simulation_engine.marketing.tastes import load_assumptions
from dramatis_simulation_engine.marketing.variants import VariantsPlan
from dramatis_simulation_engine.marketing.viral import ViralPlan
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import Plan, ask, carry_out, concluded
from dramatis_simulation_engine.respondents import RecordedRespondents, Reply
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.statistics import Evidence

STUDIES = 300
SEGMENTS = ("finance_executives", "tech_entrepreneurs")
SMALL: dict[str, Any] = {
    "name": "small",
    "channels": ["email", "direct_mail"],
    "messages": {"email": {"subject_lines": [FIRST, SECOND]}},
}
ONE: dict[str, Any] = {
    "name": "one",
    "channels": ["email"],
    "messages": {"email": {"subject_lines": [FIRST]}},
}
UNKNOWN: dict[str, Any] = {
    "name": "unknown",
    "channels": ["email"],
    "messages": {"email": {"subject_lines": ["zorblax quux"]}},
}
DETAILED = {"detail_level": "detailed"}
Numbers = Mapping[str, Estimate]


def numbers_of(people: int, seed: int) -> Numbers:
    """Every rate of one small campaign, by name."""
    study = campaign(people, SEGMENTS, {"iterations": 8}, campaign=SMALL)
    return {h.name: h.estimate for h in outcome_of(study, seed=seed).headlines if h.name != "marketing_campaign.best"}


def value_of(estimate: Estimate) -> float:
    assert estimate.value is not None
    return estimate.value


def bounds_of(estimate: Estimate) -> tuple[float, float]:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


def contains(estimate: Estimate, truth: float) -> bool:
    low, high = bounds_of(estimate)
    return low <= truth <= high


def agree(one: Estimate, other: Estimate) -> bool:
    """Whether two independent studies differ by no more than the interval of their difference."""
    lower, upper = sorted((one, other), key=value_of)
    reach = np.hypot(bounds_of(lower)[1] - value_of(lower), value_of(upper) - bounds_of(upper)[0])
    return bool(value_of(upper) - value_of(lower) <= reach)


def expected_share() -> tuple[float, float]:
    """Bounds that a share of right 95 % intervals leaves once in five hundred times."""
    return float(binom.ppf(0.001, STUDIES, 0.95)) / STUDIES, float(binom.ppf(0.999, STUDIES, 0.95)) / STUDIES


# How often intervals hold


@pytest.fixture(scope="module")
def studies() -> list[Numbers]:
    """The same campaign for 60 drawn people under 300 seeds."""
    return [numbers_of(60, seed) for seed in range(1, STUDIES + 1)]


def test_intervals_of_rates_contain_the_rate_of_everybody_as_often_as_they_say(studies: list[Numbers]) -> None:
    crowds = [numbers_of(1000, 1000 + seed) for seed in range(4)]
    everybody = {name: float(np.mean([value_of(crowd[name]) for crowd in crowds])) for name in crowds[0]}
    covered = {
        name: float(np.mean([contains(study[name], truth) for study in studies])) for name, truth in everybody.items()
    }
    fewest, most = expected_share()
    assert len(covered) == 3 * len(STAGES)
    assert np.mean([fewest <= share <= most for share in covered.values()]) >= 0.75, covered
    # The deeper a stage, the more of it comes from few people, of whom sixty do not always include one.
    assert min(covered.values()) >= 0.88
    assert 0.93 <= np.mean(list(covered.values())) <= 0.97


def test_another_seed_differs_by_no_more_than_the_interval_of_a_difference(studies: list[Numbers]) -> None:
    pairs = zip(studies, [*studies[1:], studies[0]], strict=True)
    assert np.mean([agree(one[name], other[name]) for one, other in pairs for name in one]) >= 0.93


def test_more_people_make_narrower_intervals(studies: list[Numbers]) -> None:
    crowd = numbers_of(480, 1)
    for name, estimate in crowd.items():
        few = np.mean([np.diff(bounds_of(study[name])) for study in studies[:20]])
        assert np.diff(bounds_of(estimate))[0] < few / 2


def recorded(study: Plan[Any], people: tuple[Respondent, ...], answers: Floats) -> RecordedRespondents:
    """A reader who gives each person these probabilities (stages, people, alternatives)."""
    order = tuple(range(answers.shape[2]))
    replies = {
        (question.key, who.id): [Reply(tuple(map(float, answers[s, i])), order, "because I say so")]
        for s, question in enumerate(study.questions)
        for i, who in enumerate(people)
    }
    return RecordedRespondents(people, replies, "llm-test")


def test_variants_between_which_people_choose_by_chance_are_told_apart_in_a_twentieth_of_studies_at_most() -> None:
    invited = tuple(sorted(random_people(20, 1), key=lambda p: p.id))
    study = VariantsPlan(variants(audience_size=2), invited, 1)
    told_apart = 0
    for seed in range(STUDIES):
        answers = np.random.default_rng(seed).beta(1.0, 3.0, size=(2, len(invited), 2))
        respondents = recorded(study, invited, answers)
        funnel = funnel_of(ask(study, respondents, lambda *_: None), respondents, seed, 0.7)
        told_apart += funnel.separated("engagement").reached
    assert told_apart <= 0.05 * STUDIES


@pytest.mark.parametrize("seed", range(5))
def test_variants_and_messages_that_mean_the_same_are_never_told_apart(seed: int) -> None:
    same = [SNEAKERS["variants"][0], SNEAKERS["variants"][0] | {"label": "B"}]
    found = predicted(carry_out(VariantsPlan(variants(variants=same, audience_size=60), (), seed)))
    assert found["recommended_variant"] is None
    assert "separate" in found["reason_for_abstaining"]
    twice = ONE | {"messages": {"email": {"subject_lines": ["A new house", "The new house"]}}}
    outcome = outcome_of(campaign(60, SEGMENTS, campaign=twice), seed=seed)
    assert predicted(outcome)["separated"] is False
    assert not outcome.summary.consensus_reached


# Observed rates


def details(outcome: Outcome) -> dict[str, Any]:
    assert outcome.detailed_results is not None
    return outcome.detailed_results


OBSERVED = {"open_rate": 0.31, "click_rate": 0.05, "inquiry_rate": 0.02}


def calibrated(**observed: Any) -> Any:
    study = campaign(12, SEGMENTS, {"iterations": 8}, campaign=ONE, observed_rates={"email": observed})
    return predicted(outcome_of(study))


def test_observed_rates_are_met_exactly_and_said_to_be_calibrated() -> None:
    found = calibrated(**OBSERVED)
    for stage, rate in OBSERVED.items():
        assert found["best_configuration"][f"predicted_{stage}"] == pytest.approx(rate, rel=1e-5)
        assert found["estimates"][f"predicted_{stage}"]["calibration"] == "calibrated"
    deeper = found["estimates"]["predicted_showing_request"]
    assert deeper["calibration"] == "assumed"
    assert 0 < deeper["value"] < OBSERVED["inquiry_rate"]


def test_the_messages_of_a_channel_have_its_observed_rate_on_average_and_keep_their_order() -> None:
    study = campaign(30, SEGMENTS, DETAILED, campaign=SMALL, observed_rates={"email": {"open_rate": 0.4}})
    found, free = details(outcome_of(study)), details(outcome_of(study.model_copy(update={"observed_rates": {}})))
    rates, before = (
        [c["predicted_open_rate"] for c in o["configurations"] if c["channel"] == "email"] for o in (found, free)
    )
    assert np.mean(rates) == pytest.approx(0.4, rel=1e-5)
    assert np.argsort(rates).tolist() == np.argsort(before).tolist()
    letters = [
        next(c for c in o["configurations"] if c["channel"] == "direct_mail")["predicted_open_rate"]
        for o in (found, free)
    ]
    assert letters[0] == letters[1]


@pytest.mark.parametrize("sent", [50, 1200, 100_000])
def test_the_interval_of_an_observed_rate_is_that_of_the_messages_sent(sent: int) -> None:
    stated = calibrated(sent=sent, open_rate=0.3)["estimates"]["predicted_open_rate"]
    posterior = beta(0.3 * sent + 0.5, 0.7 * sent + 0.5)
    # 2,000 resamples leave some 0.06 standard deviations of chance in such a quantile.
    tolerance = 4 * 0.06 * posterior.std()
    assert stated["low"] == pytest.approx(posterior.ppf(0.025), abs=tolerance)
    assert stated["high"] == pytest.approx(posterior.ppf(0.975), abs=tolerance)
    assert f"{sent} messages sent" in stated["method"]


def test_intervals_of_calibrated_rates_contain_the_true_rate_as_often_as_they_say() -> None:
    generator, sent, truth = np.random.default_rng(1), 400, 0.3
    study = CampaignPlan(campaign(8, SEGMENTS, campaign=ONE), (), 1)
    respondents = study.statistical()
    answers = ask(study, respondents, lambda *_: None)
    covered = []
    for seed in range(STUDIES):
        opened = int(generator.binomial(sent, truth)) / sent
        measured = {"email": Observed({"open_rate": opened}, sent)}
        evidence = Evidence.of(respondents.people, seed=seed, model_version="test", calibration="assumed")
        funnel = Funnel.of(
            answers,
            evidence,
            load_assumptions(),
            temperature=0.7,
            seed=seed,
            modelled=True,
            groups=["email"],
            observed=measured,
        )
        covered.append(contains(funnel.rate("open_rate")[0], truth))
    fewest, most = expected_share()
    assert fewest <= np.mean(covered) <= most


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_rate_that_nobody_or_everybody_showed_is_never_certain(rate: float) -> None:
    found = calibrated(sent=200, open_rate=rate)["estimates"]["predicted_open_rate"]
    assert 0 < found["low"] < found["high"] < 1
    assert found["value"] == pytest.approx((rate * 200 + 0.5) / 201, rel=1e-4)


# The same request, the same bytes


def plans(*invited: Respondent, seed: int = 1) -> dict[str, Plan[Any]]:
    return {
        "campaign": CampaignPlan(campaign(20, SEGMENTS, DETAILED), invited, seed),
        "variants": VariantsPlan(variants(DETAILED, audience_size=40), invited, seed),
        "viral": ViralPlan(content(DETAILED, audience_size=40), invited, seed),
    }


@pytest.mark.parametrize("kind", ["campaign", "variants", "viral"])
def test_neither_threads_nor_the_cuts_of_the_work_change_a_byte(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def once(_: int = 0) -> str:
        return repr(carry_out(plans(john(), person("pers_2"))[kind]))

    alone = once()
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(once, range(3)))
    monkeypatch.setattr(plan, "_CELLS", 1500)
    assert {alone, once(), *together} == {alone}
    assert repr(carry_out(plans(john(), person("pers_2"), seed=2)[kind])) != alone


def test_the_order_of_channels_and_messages_decides_nothing() -> None:
    turned = {
        **SMALL,
        "channels": SMALL["channels"][::-1],
        "messages": {"email": {"subject_lines": [SECOND, FIRST]}},
    }
    one, other = (predicted(outcome_of(campaign(20, SEGMENTS, campaign=c))) for c in (SMALL, turned))
    assert one == other


def test_a_persona_is_the_same_person_in_every_study() -> None:
    one, other = (CampaignPlan(campaign(), (john(), person("pers_2")), seed).statistical() for seed in (1, 2))
    assert one.personal.tolist() == other.personal.tolist()
    assert one.affinity("email").tolist() == other.affinity("email").tolist()


# What results say


@pytest.fixture(scope="module")
def found() -> Outcome:
    return outcome_of(campaign(40, SEGMENTS, DETAILED))


def test_rates_fall_down_every_funnel_and_the_best_has_the_highest_of_the_deepest(found: Outcome) -> None:
    assert found.detailed_results is not None
    configurations = found.detailed_results["configurations"]
    assert len(configurations) == 6 * (2 + 2 * 2 + 1)
    for configuration in configurations:
        funnel = [configuration[f"predicted_{stage}"] for stage in STAGES]
        assert funnel == sorted(funnel, reverse=True)
        assert funnel[-1] > 0
    best = predicted(found)["best_configuration"]
    assert best["predicted_showing_request"] == max(c["predicted_showing_request"] for c in configurations)
    assert [c["rank"] for c in sorted(configurations, key=lambda c: c["rank"])] == list(range(1, 43))


def test_probabilities_of_being_best_sum_to_one(found: Outcome) -> None:
    assert found.detailed_results is not None
    best = [c["probability_best"] for c in found.detailed_results["configurations"]]
    assert sum(best) == pytest.approx(1.0, abs=0.01)
    assert predicted(found)["probability_best"] == max(best[i] for i in range(len(best)) if _is_first(found, i))


def _is_first(outcome: Outcome, i: int) -> bool:
    assert outcome.detailed_results is not None
    return bool(outcome.detailed_results["configurations"][i]["rank"] == 1)


def test_every_headline_is_a_probability_with_its_statement(found: Outcome) -> None:
    assert found.headlines
    for headline in found.headlines:
        assert 0 <= value_of(headline.estimate) <= 1
        assert headline.statement
        assert headline.estimate.n == found.n_respondents


def test_a_deeper_metric_leaves_earlier_rates_as_they_are() -> None:
    shallow = outcome_of(campaign(20, SEGMENTS, campaign=SMALL, success_metrics=["open_rate"]))
    deep = outcome_of(campaign(20, SEGMENTS, campaign=SMALL))
    rates = [{h.name: h.estimate.value for h in o.headlines if h.name.endswith("open_rate")} for o in (shallow, deep)]
    assert rates[0] == rates[1]
    assert predicted(shallow)["optimised_for"] == "open_rate"


@pytest.mark.parametrize("kind", ["campaign", "variants", "viral"])
def test_a_summary_leaves_out_all_details_and_keeps_the_numbers(kind: str) -> None:
    detailed = plans()[kind]
    brief: Any = detailed
    parameters = brief.study.simulation_parameters.model_copy(update={"detail_level": "summary"})
    brief = replace(brief, study=brief.study.model_copy(update={"simulation_parameters": parameters}))
    long, short = carry_out(detailed), carry_out(brief)
    assert short.detailed_results is None
    assert long.detailed_results is not None
    assert {"diagnostics", "persona_responses", "population", "unrecognized"} <= set(long.detailed_results)
    assert short.headlines == long.headlines
    assert short.predicted_results == long.predicted_results
    assert len(json.dumps(long.detailed_results)) < 1_000_000


def test_one_person_alone_has_no_interval_and_shows_no_difference() -> None:
    outcome = outcome_of(campaign(campaign=SMALL), john())
    found = predicted(outcome)
    assert found["estimates"]["predicted_open_rate"]["low"] is None
    assert found["probability_best"] is None
    assert not found["separated"]
    assert not outcome.summary.consensus_reached


def test_a_higher_threshold_makes_consensus_less_probable() -> None:
    def sure(threshold: float) -> float:
        study = campaign(30, SEGMENTS, {"consensus_threshold": threshold}, campaign=SMALL)
        confidence = outcome_of(study).summary.confidence_level
        assert confidence is not None
        return confidence

    assert sure(0.2) >= sure(0.6) >= sure(0.95)
    assert sure(0.2) > sure(0.95)


def test_a_hotter_study_has_variants_that_are_more_alike() -> None:
    def apart(temperature: float) -> float:
        outcome = carry_out(VariantsPlan(variants({"temperature": temperature}, audience_size=40), (), 1))
        rates = [v["predicted_engagement"] for v in predicted(outcome)["variants"]]
        return float(max(rates) / min(rates))

    assert apart(0.3) > apart(0.7) > apart(5.0) >= 1


# Abstaining


PAIRS = [
    ("A hilarious authentic meme", "STOP SCROLLING NOW!! BUY NOW!! A vague opportunity"),
    ("A new shoe", "Limited edition shoe"),
    ("These sold out in 3 minutes last time", "The shoes your favorite creator is wearing"),
    ("A hilarious meme", "A funny joke about a story"),
]


@pytest.mark.parametrize("hooks", PAIRS)
def test_a_variant_is_recommended_only_from_the_stated_probability_on(hooks: tuple[str, str]) -> None:
    two = [{"label": label, "hook": hook} for label, hook in zip("AB", hooks, strict=True)]
    found = predicted(carry_out(VariantsPlan(variants(variants=two, audience_size=100), (), 1)))
    best = max(found["variants"], key=lambda v: v["predicted_engagement"])
    if found["recommended_variant"] is None:
        assert found["reason_for_abstaining"]
        assert "No variant is recommended" in found["prediction_explanation"]
    else:
        assert best["probability_best"] >= load_assumptions().choice["recommend_from"]
        assert found["recommended_variant"] == best["label"]
        assert found["reason_for_abstaining"] is None
    if best["probability_best"] < load_assumptions().choice["recommend_from"]:
        assert found["recommended_variant"] is None


def test_what_is_plainly_better_is_recommended() -> None:
    two = [{"label": label, "hook": hook} for label, hook in zip("AB", PAIRS[0], strict=True)]
    outcome = carry_out(VariantsPlan(variants(variants=two), (), 1))
    assert predicted(outcome)["recommended_variant"] == "A"
    assert [r.action for r in outcome.recommendations] == ["Use variant 'A'"]


def test_one_variant_alone_is_not_recommended_but_predicted() -> None:
    found = predicted(carry_out(VariantsPlan(variants(variants=SNEAKERS["variants"][:1], audience_size=40), (), 1)))
    assert found["recommended_variant"] is None
    assert 0 < found["variants"][0]["predicted_engagement"] < 1


@pytest.mark.parametrize("kind", ["variants", "viral"])
def test_trends_and_history_are_null_with_a_reason(kind: str) -> None:
    found = predicted(carry_out(plans()[kind]))
    scores = found["scoring_factors"] if kind == "viral" else found["variants"][0]["scoring_factors"]
    assert scores["trend_alignment"] is None
    assert scores["historical_pattern"] is None
    assert 0 < scores["emotional_hook"] < 1
    assert set(found["unknown"]) == {"trend_alignment", "historical_pattern"}


# Nothing understood


def numbers_in(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [n for part in value.values() for n in numbers_in(part)]
    if isinstance(value, list):
        return [n for part in value for n in numbers_in(part)]
    return [value] if isinstance(value, float) else []


def test_a_campaign_of_which_nothing_is_understood_has_no_numbers() -> None:
    outcome = outcome_of(campaign(10, SEGMENTS, DETAILED, campaign=UNKNOWN))
    assert predicted(outcome)["best_configuration"] is None
    assert (outcome.headlines, outcome.recommendations, outcome.detailed_results) == ((), (), None)
    assert numbers_in(predicted(outcome)) == []
    assert outcome.unrecognized == ("zorblax quux",)
    assert "nothing can be predicted" in outcome.summary.key_findings[0]


def test_variants_and_content_of_which_nothing_is_understood_have_no_numbers() -> None:
    strange = [{"label": label, "hook": f"zorblax {label}uux"} for label in "AB"]
    two = carry_out(VariantsPlan(variants(DETAILED, name="zz", description=None, variants=strange), (), 1))
    assert predicted(two)["recommended_variant"] is None
    assert predicted(two)["reason_for_abstaining"]
    assert numbers_in(predicted(two)["variants"]) == []
    one = carry_out(ViralPlan(content(DETAILED, content_description="zorblax", hook=None, content_type=None), (), 1))
    assert predicted(one)["viral_probability"] is None
    assert predicted(one)["predicted_engagement"] is None
    assert (one.headlines, two.headlines, one.detailed_results, two.detailed_results) == ((), (), None, None)


def test_a_variant_that_is_not_understood_has_no_numbers_beside_one_that_is() -> None:
    mixed = [SNEAKERS["variants"][0], {"label": "B", "hook": "zorblax"}]
    found = predicted(carry_out(VariantsPlan(variants(variants=mixed, audience_size=40), (), 1)))
    assert found["variants"][1]["predicted_engagement"] is None
    assert found["variants"][0]["predicted_engagement"] > 0
    assert found["recommended_variant"] is None


# Spreading


def test_content_spreads_by_what_is_shared_and_how_far_a_share_reaches() -> None:
    found = predicted(carry_out(plans()["viral"]))
    number, reach = found["estimates"]["reproduction_number"], found["reference"]["reach_per_share"]
    assert number["value"] == pytest.approx(found["predicted_share_rate"] * reach["median"], rel=1e-3)
    assert number["low"] < number["value"] < number["high"]
    assert found["predicted_share_rate"] < found["predicted_engagement"]
    if number["value"] < 1:
        assert found["views_per_seed_view"] == pytest.approx(1 / (1 - number["value"]), rel=1e-3)


def test_content_that_is_shared_more_spreads_more_probably() -> None:
    def spreads(hook: str) -> float:
        found = predicted(carry_out(ViralPlan(content(hook=hook, content_description="A story"), (), 1)))
        return float(found["viral_probability"])

    assert spreads("A hilarious, authentic, surprising challenge") > spreads("STOP SCROLLING NOW!! A vague opportunity")


# Language models answer the same questions


@pytest.mark.parametrize("kind", ["campaign", "variants", "viral"])
def test_recorded_answers_give_results_in_the_same_form(kind: str) -> None:
    invited = tuple(sorted(random_people(12, 3), key=lambda p: p.id))
    study: Any = plans(*invited)[kind]
    statistical = study.statistical()
    everyone = tuple(statistical.people)
    asked = ask(study, statistical, lambda *_: None)
    respondents = recorded(study, everyone, np.stack([a.probabilities for a in asked]))
    read = concluded(study, ask(study, respondents, lambda *_: None), respondents)
    exact = carry_out(study)
    assert read.model_version == "llm-test"
    assert set(predicted(read)) == set(predicted(exact))
    assert [h.estimate.value for h in read.headlines if h.name.endswith((".engagement", "_rate"))] == [
        h.estimate.value for h in exact.headlines if h.name.endswith((".engagement", "_rate"))
    ]
    assert any("language model" in sentence for sentence in read.summary.key_findings)
    assert read.detailed_results is not None
    said = read.detailed_results["persona_responses"][0]["explanation"]
    assert said["narration"] == ["because I say so"]


def test_a_reader_who_prefers_another_message_has_another_best_configuration() -> None:
    invited = tuple(sorted(random_people(15, 4), key=lambda p: p.id))
    study = CampaignPlan(campaign(campaign=SMALL), invited, 1)
    for favourite in range(3):
        answers = np.full((len(STAGES), len(invited), 3), 0.2)
        answers[:, :, favourite] = 0.6
        respondents = recorded(study, invited, answers)
        found = predicted(concluded(study, ask(study, respondents, lambda *_: None), respondents))
        best = found["best_configuration"]
        expected = study.configurations[favourite].as_json()
        assert {key: best[key] for key in expected} == expected
        assert found["separated"]
        assert best["predicted_showing_request"] == pytest.approx(0.6**4, rel=1e-3)


def test_the_published_campaign_asks_of_each_stage_once() -> None:
    study = CampaignPlan(campaign(4), (), 1)
    assert [question.stages[-1] for question in study.questions] == list(STAGES)
    assert len({question.key for question in study.questions}) == len(STAGES)
    assert all(exposure.description for exposure in study.exposures)
