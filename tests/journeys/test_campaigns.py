"""Campaigns, variants and viral content through the whole platform."""

import asyncio
from typing import Any

import httpx
import pytest

CAMPAIGN: dict[str, Any] = {
    "campaign": {
        "name": "Luxury Waterfront Campaign",
        "channels": ["email", "social_media", "direct_mail"],
        "messages": {
            "email": {
                "subject_lines": ["Exclusive: New Waterfront Estate", "Your Dream Home Awaits on the Water"],
                "body_template": "...",
                "cta": "Schedule Private Viewing",
            },
            "social_media": {
                "platforms": ["instagram", "linkedin"],
                "content_variants": ["lifestyle_focus", "investment_focus"],
            },
        },
        "timing": {"send_day": "tuesday|thursday", "send_time": "09:00|14:00|18:00"},
    },
    "success_metrics": ["open_rate", "click_rate", "inquiry_rate", "showing_request"],
}
PEOPLE = {"mode": "segment", "segments": ["finance_executives"], "generated_count": 30}
SNEAKERS: dict[str, Any] = {
    "name": "Gen Z sneaker drop",
    "description": "Limited edition sneaker launch targeting Gen Z via TikTok",
    "target_audience": "Gen Z, 18-24, sneaker culture, US urban",
    "platform": "tiktok",
    "campaign_type": "launch",
    "variants": [
        {
            "label": "A",
            "hook": "These sold out in 3 minutes last time",
            "content_description": "UGC-style unboxing with scarcity messaging",
        },
        {
            "label": "B",
            "hook": "The shoes your favorite creator is wearing",
            "content_description": "Creator endorsement with social proof",
        },
    ],
}
VIRAL: dict[str, Any] = {
    "platform": "tiktok",
    "content_description": "POV: You open the box and it's the wrong color but you love it more",
    "hook": "Wait for the reveal...",
    "target_audience": "Gen Z",
    "content_type": "short_video",
}
CAMPAIGNS = "/v1/simulations/marketing-campaign"
VARIANTS = "/api/predict/v1/marketing/predict/campaign"
SPREAD = "/api/predict/v1/marketing/predict/viral"


async def john(api: httpx.AsyncClient) -> str:
    profile = {
        "name": "John Smith",
        "demographics": {"age_range": "45-55", "occupation": "Hedge Fund Manager", "net_worth_range": "$50M-$100M"},
        "preferences": {"property_types": ["waterfront"], "must_have_features": ["pool"]},
        "behavioral_traits": {"decision_making": "analytical", "communication_style": "direct"},
    }
    created = await api.post("/v1/personas", json=profile)
    known: str = created.json()["id"]
    return known


async def frozen(api: httpx.AsyncClient, simulation: str) -> list[dict[str, Any]]:
    """The forecasts of a simulation, once the feed has them."""
    async with asyncio.timeout(20):
        while True:
            query = {"subject": simulation, "types": "forecast.frozen"}
            items = (await api.get("/v1/events", params=query)).json()["items"]
            if items:
                found: list[dict[str, Any]] = items[0]["data"]["forecasts"]
                return found
            await asyncio.sleep(0.05)


async def test_a_campaign_answers_with_its_best_configuration(api: httpx.AsyncClient) -> None:
    asked = CAMPAIGN | {"target_personas": [await john(api)], "persona_configuration": PEOPLE}
    answer = await api.post(CAMPAIGNS, json=asked)
    accepted = answer.json()
    assert (answer.status_code, accepted["status"]) == (202, "completed")
    best = accepted["predicted_results"]["best_configuration"]
    assert best["channel"] in CAMPAIGN["campaign"]["channels"]
    assert best["send_time"].partition("_")[0] in ("tuesday", "thursday")
    funnel = [best[f"predicted_{metric}"] for metric in CAMPAIGN["success_metrics"]]
    assert funnel == sorted(funnel, reverse=True)
    assert all(0 < rate < 1 for rate in funnel)
    assert 0 <= accepted["predicted_results"]["probability_best"] <= 1
    results = (await api.get(f"/v1/simulations/{accepted['simulation_id']}/results")).json()
    assert (results["type"], results["n_respondents"]) == ("marketing_campaign", 31)
    assert results["predicted_results"] == accepted["predicted_results"]
    assert len(results["detailed_results"]["configurations"]) == 2 * 3 * (2 + 2 * 2 + 1)
    assert results["detailed_results"]["diagnostics"]
    stated = await frozen(api, accepted["simulation_id"])
    assert all(0 <= forecast["estimate"]["value"] <= 1 and forecast["statement"] for forecast in stated)


async def test_observed_rates_calibrate_the_funnel(api: httpx.AsyncClient) -> None:
    observed = {"email": {"open_rate": 0.31, "inquiry_rate": 0.02, "sent": 1200}}
    only = CAMPAIGN["campaign"] | {
        "channels": ["email"],
        "messages": {"email": {"subject_lines": ["Exclusive: New Waterfront Estate"]}},
        "timing": {"send_day": ["tuesday"], "send_time": ["09:00"]},
    }
    asked = CAMPAIGN | {"campaign": only, "persona_configuration": PEOPLE, "observed_rates": observed}
    answer = await api.post(CAMPAIGNS, json=asked)
    assert answer.status_code == 202, answer.text
    predicted = answer.json()["predicted_results"]
    assert predicted["best_configuration"]["predicted_open_rate"] == pytest.approx(0.31, abs=1e-4)
    assert predicted["best_configuration"]["predicted_inquiry_rate"] == pytest.approx(0.02, abs=1e-4)
    assert predicted["estimates"]["predicted_open_rate"]["calibration"] == "calibrated"
    assert predicted["estimates"]["predicted_click_rate"]["calibration"] == "assumed"


async def test_variants_are_forecast_in_the_form_of_the_predict_door(api: httpx.AsyncClient) -> None:
    answer = await api.post(VARIANTS, json=SNEAKERS)
    found = answer.json()
    assert answer.status_code == 200
    assert found["campaign_id"].startswith("sim_")
    assert [variant["label"] for variant in found["variants"]] == ["A", "B"]
    for variant in found["variants"]:
        assert 0 < variant["predicted_conversion"] < variant["predicted_engagement"] < 1
        factors = variant["scoring_factors"]
        assert factors["trend_alignment"] is None
        assert factors["historical_pattern"] is None
        assert 0 < factors["emotional_hook"] < 1
    if found["recommended_variant"] is None:
        assert found["reason_for_abstaining"]
    assert await frozen(api, found["campaign_id"])


async def test_variants_that_say_the_same_are_not_told_apart(api: httpx.AsyncClient) -> None:
    same = [SNEAKERS["variants"][0], SNEAKERS["variants"][0] | {"label": "B"}]
    found = (await api.post(VARIANTS, json=SNEAKERS | {"variants": same})).json()
    assert found["recommended_variant"] is None
    assert "separate" in found["reason_for_abstaining"]


async def test_a_persona_of_the_brokerage_judges_variants_too(api: httpx.AsyncClient) -> None:
    found = (await api.post(VARIANTS, json=SNEAKERS | {"persona_id": await john(api), "audience_size": 20})).json()
    assert found["audience"]["n"] == 21


async def test_content_has_a_probability_to_spread(api: httpx.AsyncClient) -> None:
    answer = await api.post(SPREAD, json=VIRAL)
    found = answer.json()
    assert answer.status_code == 200
    assert 0 < found["viral_probability"] < 1
    number = found["estimates"]["reproduction_number"]
    assert number["low"] < number["value"] < number["high"]
    assert found["scoring_factors"]["trend_alignment"] is None


async def test_segments_are_listed(api: httpx.AsyncClient) -> None:
    segments = (await api.get("/v1/segments")).json()["segments"]
    assert {"finance_executives", "tech_entrepreneurs"} <= {segment["name"] for segment in segments}
    assert all(segment["description"] and segment["calibration"] == "assumed" for segment in segments)


def changed(**campaign: Any) -> dict[str, Any]:
    return CAMPAIGN | {"campaign": CAMPAIGN["campaign"] | campaign, "persona_configuration": PEOPLE}


BAD: list[tuple[str, dict[str, Any], str, str]] = [
    (CAMPAIGNS, CAMPAIGN, "target_personas", "who is asked"),
    (CAMPAIGNS, CAMPAIGN | {"target_personas": ["pers_nobody"]}, "target_personas[0]", "pers_nobody"),
    (CAMPAIGNS, changed(channels=[], messages={}), "campaign.channels", ""),
    (CAMPAIGNS, changed(channels=["pigeon"], messages={}), "campaign.channels[0]", "email"),
    (CAMPAIGNS, changed(channels=["email", "e-mail"], messages={}), "campaign.channels[1]", "same channel"),
    (CAMPAIGNS, changed(timing={"send_day": "someday"}), "campaign.timing.send_day[0]", ""),
    (CAMPAIGNS, changed(timing={"send_time": "25:00"}), "campaign.timing.send_time[0]", ""),
    (
        CAMPAIGNS,
        changed() | {"observed_rates": {"email": {"open_rate": 0.1, "click_rate": 0.2}}},
        "observed_rates.email.click_rate",
        "",
    ),
    (
        CAMPAIGNS,
        changed() | {"simulation_parameters": {"iterations": 10_000_000}},
        "simulation_parameters.iterations",
        "",
    ),
    (VARIANTS, SNEAKERS | {"variants": []}, "variants", ""),
    (VARIANTS, SNEAKERS | {"variants": SNEAKERS["variants"][:1] * 2}, "variants", "differ"),
    (VARIANTS, SNEAKERS | {"platform": "telegraph"}, "platform", "tiktok"),
    (VARIANTS, SNEAKERS | {"persona_id": "pers_nobody"}, "persona_id", "pers_nobody"),
    (SPREAD, VIRAL | {"content_description": ""}, "content_description", ""),
    (SPREAD, VIRAL | {"audience_size": 1}, "audience_size", ""),
]


@pytest.mark.parametrize(
    ("path", "body", "field", "words"), BAD, ids=[f"{p.rsplit('/')[-1]}-{f}" for p, _, f, _ in BAD]
)
async def test_bad_input_names_its_field(
    api: httpx.AsyncClient, path: str, body: dict[str, Any], field: str, words: str
) -> None:
    refused = await api.post(path, json=body)
    details = refused.json()["error"]["details"]
    assert (refused.status_code, details["field"]) == (422, field)
    assert words in details["issue"]
