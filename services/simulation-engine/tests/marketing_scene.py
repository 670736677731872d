"""Messages at places and times, and who is reached by them, for the tests of marketing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from simulation_scene import person

from dramatis_contracts.simulation_engine.marketing import CampaignVariants, MarketingCampaign, ViralContent
from dramatis_simulation_engine.marketing.campaign import CampaignPlan
from dramatis_simulation_engine.marketing.channels import load_channels
from dramatis_simulation_engine.marketing.configurations import STAGES
from dramatis_simulation_engine.marketing.messages import load_reader
from dramatis_simulation_engine.marketing.questions import Exposure, stage_questions
from dramatis_simulation_engine.marketing.respondents import FunnelRespondents
from dramatis_simulation_engine.marketing.tastes import load_assumptions
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import carry_out

FIRST = "Exclusive: New Waterfront Estate"
SECOND = "Your Dream Home Awaits on the Water"
CAMPAIGN: dict[str, Any] = {
    "name": "Luxury Waterfront Campaign",
    "channels": ["email", "social_media", "direct_mail"],
    "messages": {
        "email": {"subject_lines": [FIRST, SECOND], "body_template": "...", "cta": "Schedule Private Viewing"},
        "social_media": {
            "platforms": ["instagram", "linkedin"],
            "content_variants": ["lifestyle_focus", "investment_focus"],
        },
    },
    "timing": {"send_day": "tuesday|thursday", "send_time": "09:00|14:00|18:00"},
}
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


def message(
    hook: str | None = None,
    *,
    body: str | None = None,
    cta: str | None = None,
    place: str = "email",
    day: str | None = None,
    part: str | None = None,
) -> Exposure:
    """One message; what is not said is average."""
    known, reader = load_channels(), load_reader()
    found = known.channel(place) or known.platform(place)
    assert found is not None, place
    texts = {"hook": hook, "body": body, "cta": cta}
    read = {name: None if text is None else reader.read(text, name) for name, text in texts.items()}
    return Exposure("message", found, hook=read["hook"], body=read["body"], cta=read["cta"], day=day, part=part)


def asked(*people: Respondent, temperature: float = 0.7, iterations: int = 64, seed: int = 1) -> FunnelRespondents:
    return FunnelRespondents(people, load_assumptions(), seed=seed, iterations=iterations, temperature=temperature)


def rates(
    sent: Exposure,
    *,
    stages: Sequence[str] = STAGES,
    temperature: float = 0.7,
    who: Respondent | None = None,
    **of: Any,
) -> dict[str, float]:
    """How probably somebody of whom only these fields are known comes to each stage; without personal deviations."""
    respondents = asked(who or person(**of), temperature=temperature)
    respondents.personal[:] = 0.0
    respondents.ready[:] = 0.0
    respondents.affinity(sent.place.name)[:] = 0.0
    questions = stage_questions(stages, dict.fromkeys(stages, "?"), [sent], "")
    steps = [float(respondents.answer(question, slice(None))[0, 0]) for question in questions]
    return dict(zip(stages, np.cumprod(steps).tolist(), strict=True))


def campaign(
    people: int = 0, segments: Sequence[str] = ("finance_executives",), parameters: Any = None, **changes: Any
) -> MarketingCampaign:
    """The published example with these people drawn, these parameters, and other top-level parts replaced."""
    who = {"mode": "segment", "segments": list(segments), "generated_count": people}
    drawn: dict[str, Any] = {"persona_configuration": who} if people else {}
    parameters = {"iterations": 32, "detail_level": "summary", **(parameters or {})}
    study = {"campaign": CAMPAIGN, "simulation_parameters": parameters, **drawn, **changes}
    return MarketingCampaign.model_validate(study)


def variants(parameters: Any = None, **changes: Any) -> CampaignVariants:
    parameters = {"iterations": 32, "detail_level": "summary", **(parameters or {})}
    return CampaignVariants.model_validate({**SNEAKERS, "simulation_parameters": parameters, **changes})


def content(parameters: Any = None, **changes: Any) -> ViralContent:
    parameters = {"iterations": 32, "detail_level": "summary", **(parameters or {})}
    return ViralContent.model_validate({**VIRAL, "simulation_parameters": parameters, **changes})


def outcome_of(study: MarketingCampaign, *people: Respondent, seed: int = 1) -> Outcome:
    return carry_out(CampaignPlan(study, people, seed))


def predicted(outcome: Outcome) -> dict[str, Any]:
    assert outcome.predicted_results is not None
    return outcome.predicted_results
