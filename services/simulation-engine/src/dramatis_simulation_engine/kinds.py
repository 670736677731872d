"""The kinds of simulation: what each is called, who takes part, how large it is, and its plan. Pure."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, assert_never

from dramatis_contracts.base import Viewer
from dramatis_contracts.simulation_engine import v1
from dramatis_simulation_engine.data_files import model_version
from dramatis_simulation_engine.focus_group.model import DOMAIN, FocusGroupPlan
from dramatis_simulation_engine.interventions import model as interventions
from dramatis_simulation_engine.interventions.model import InterventionPlan, sequences_at_most
from dramatis_simulation_engine.marketing import respondents as marketing
from dramatis_simulation_engine.marketing.campaign import CampaignPlan
from dramatis_simulation_engine.marketing.configurations import check_campaign, count_of
from dramatis_simulation_engine.marketing.forecasts import check_platform
from dramatis_simulation_engine.marketing.variants import VariantsPlan
from dramatis_simulation_engine.marketing.viral import ViralPlan
from dramatis_simulation_engine.people import Respondent
from dramatis_simulation_engine.plan import Plan

Study = v1.FocusGroup | v1.MarketingCampaign | v1.Intervention | v1.CampaignVariants | v1.ViralContent

_BROKERAGE = Viewer()


def kind_of(study: Study) -> v1.Kind:
    match study:
        case v1.FocusGroup():
            return "focus_group"
        case v1.MarketingCampaign():
            return "marketing_campaign"
        case v1.Intervention():
            return "intervention"
        case v1.CampaignVariants():
            return "campaign_variants"
        case v1.ViralContent():
            return "viral_potential"
    assert_never(study)


def name_of(study: Study) -> str:
    match study:
        case v1.FocusGroup() | v1.CampaignVariants():
            return study.name
        case v1.MarketingCampaign():
            return study.campaign.name
        case v1.Intervention():
            return f"Follow-up after {study.scenario.initial_interaction}"
        case v1.ViralContent():
            return (study.hook or study.content_description)[:200]
    assert_never(study)


def invited_to(study: Study) -> tuple[str, ...]:
    """The ids of the personas that take part, in the order in which they are named."""
    match study:
        case v1.FocusGroup():
            return study.persona_configuration.specific_personas
        case v1.MarketingCampaign():
            return _invited_or_configured(study.target_personas, study.persona_configuration)
        case v1.Intervention():
            return _invited_or_configured(study.test_personas, study.persona_configuration)
        case v1.CampaignVariants():
            return (study.persona_id,) if study.persona_id else ()
        case v1.ViralContent():
            return ()
    assert_never(study)


def _invited_or_configured(named: tuple[str, ...], configured: v1.PersonaConfiguration | None) -> tuple[str, ...]:
    """The personas of both lists, each once."""
    return tuple(dict.fromkeys((*named, *(configured.specific_personas if configured else ()))))


def field_of_invited(study: Study, index: int) -> str:
    """The field of the request in which the persona at this place of `invited_to` stands."""
    match study:
        case v1.FocusGroup():
            return f"persona_configuration.specific_personas[{index}]"
        case v1.MarketingCampaign():
            return _named_field("target_personas", study.target_personas, study, index)
        case v1.Intervention():
            return _named_field("test_personas", study.test_personas, study, index)
        case v1.CampaignVariants() | v1.ViralContent():
            return "persona_id"
    assert_never(study)


def _named_field(field: str, named: tuple[str, ...], study: v1.MarketingCampaign | v1.Intervention, index: int) -> str:
    if index < len(named) or study.persona_configuration is None:
        return f"{field}[{index}]"
    place = study.persona_configuration.specific_personas.index(invited_to(study)[index])
    return f"persona_configuration.specific_personas[{place}]"


def drawn_for(study: Study) -> v1.PersonaConfiguration | None:
    """From which segments people are drawn; None where the study does not say."""
    match study:
        case v1.FocusGroup() | v1.MarketingCampaign() | v1.Intervention():
            return study.persona_configuration
        case v1.CampaignVariants() | v1.ViralContent():
            return None
    assert_never(study)


def answers_to(study: Study) -> int:
    """How many choices a study asks for: people × what is compared × iterations."""
    people = len(invited_to(study)) + _drawn(study)
    return people * _compared(study) * study.simulation_parameters.iterations


def _drawn(study: Study) -> int:
    if isinstance(study, v1.CampaignVariants | v1.ViralContent):
        return study.audience_size
    drawn = drawn_for(study)
    return drawn.generated_count if drawn else 0


def _compared(study: Study) -> int:
    match study:
        case v1.FocusGroup():
            return len(study.test_scenarios)
        case v1.Intervention():
            return sequences_at_most(study)
        case v1.MarketingCampaign():
            return count_of(study.campaign)
        case v1.CampaignVariants():
            return len(study.variants)
        case v1.ViralContent():
            return 1
    assert_never(study)


def check(study: Study) -> None:
    """Raises `Rejected`, naming the field, for a study of which nothing can be said."""
    match study:
        case v1.FocusGroup():
            pass
        case v1.Intervention():
            interventions.check(study)
        case v1.MarketingCampaign():
            check_campaign(study)
        case v1.CampaignVariants() | v1.ViralContent():
            check_platform(study.platform)
        case _:
            assert_never(study)


def requested(
    study: Study,
    participants: tuple[v1.Participant, ...],
    seed: int,
    respondents: v1.RespondentKind,
    tastes: tuple[v1.TasteSet, ...],
    derived: tuple[str, ...] = (),
    requested_by: Viewer = _BROKERAGE,
) -> v1.Requested:
    """The event that begins a study."""
    common: dict[str, Any] = {
        "participants": participants,
        "seed": seed,
        "respondents": respondents,
        "tastes": tastes,
        "requested_by": requested_by,
    }
    match study:
        case v1.FocusGroup():
            return v1.FocusGroupRequested(focus_group=study, derived=derived, **common)
        case v1.MarketingCampaign():
            return v1.CampaignRequested(campaign=study, derived=derived, **common)
        case v1.Intervention():
            return v1.InterventionRequested(intervention=study, **common)
        case v1.CampaignVariants():
            return v1.VariantsRequested(variants=study, **common)
        case v1.ViralContent():
            return v1.ViralRequested(content=study, **common)
    assert_never(study)


def study_of(event: v1.Requested) -> Study:
    """What was asked for."""
    match event:
        case v1.FocusGroupRequested():
            return event.focus_group
        case v1.CampaignRequested():
            return event.campaign
        case v1.InterventionRequested():
            return event.intervention
        case v1.VariantsRequested():
            return event.variants
        case v1.ViralRequested():
            return event.content
    assert_never(event)


def derived_of(event: v1.Requested) -> tuple[str, ...]:
    """What was added to a request in short, in words."""
    return event.derived if isinstance(event, v1.FocusGroupRequested | v1.CampaignRequested) else ()


def inputs_hash(event: v1.Requested) -> str:
    """SHA-256 of all that was asked, of whom and with which seed, as hexadecimal digits."""
    inputs = {"type": event.type, **event.model_dump(mode="json", exclude={"derived", "requested_by"})}
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def plan_of(event: v1.Requested, invited: Sequence[Respondent]) -> Plan[Any]:
    """The study as a plan for these people."""
    match event:
        case v1.FocusGroupRequested():
            return FocusGroupPlan(event.focus_group, tuple(invited), event.seed, event.tastes)
        case v1.InterventionRequested():
            return InterventionPlan(event.intervention, tuple(invited), event.seed)
        case v1.CampaignRequested():
            return CampaignPlan(event.campaign, tuple(invited), event.seed)
        case v1.VariantsRequested():
            return VariantsPlan(event.variants, tuple(invited), event.seed)
        case v1.ViralRequested():
            return ViralPlan(event.content, tuple(invited), event.seed)
    assert_never(event)


def model_version_of(study: Study) -> str:
    """The statistical model that carries a study out."""
    match study:
        case v1.FocusGroup():
            return model_version(DOMAIN)
        case v1.Intervention():
            return interventions.model_version()
        case v1.MarketingCampaign() | v1.CampaignVariants() | v1.ViralContent():
            return marketing.version()
    assert_never(study)
