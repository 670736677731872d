"""What may happen to a campaign. Pure: the log and NATS belong to handlers.py."""

from dataclasses import dataclass, replace
from typing import assert_never

from pydantic import ValidationError

from dramatis_contracts.campaigns import v1
from dramatis_contracts.simulation_engine.marketing import Campaign
from dramatis_kit import Rejected
from dramatis_simulation_engine.marketing.configurations import faults_in

Command = v1.CreateCampaign | v1.UpdateCampaign | v1.DeleteCampaign


@dataclass(frozen=True, slots=True)
class CampaignState:
    """A campaign, or nothing yet; a deleted one keeps what it was."""

    campaign: Campaign | None = None
    deleted: bool = False


def decide(command: Command, state: CampaignState) -> list[v1.Event]:
    match command:
        case v1.CreateCampaign() if state.campaign is not None:
            raise Rejected("CONFLICT", "a campaign with this id exists already", field="id")
        case v1.CreateCampaign(campaign=campaign):
            _check(campaign)
            return [v1.CampaignCreated(campaign=campaign)]
        case v1.UpdateCampaign(changes=changes):
            return _update(changes, active(state, command.campaign_id))
        case v1.DeleteCampaign():
            active(state, command.campaign_id)
            return [v1.CampaignDeleted()]
    assert_never(command)


def evolve(state: CampaignState, event: v1.Event) -> CampaignState:
    match event:
        case v1.CampaignCreated(campaign=campaign) | v1.CampaignUpdated(campaign=campaign):
            return replace(state, campaign=campaign)
        case v1.CampaignDeleted():
            return replace(state, deleted=True)
    assert_never(event)


def active(state: CampaignState, campaign_id: str) -> Campaign:
    """The campaign. Raises `Rejected` with `NOT_FOUND`, also for a deleted one."""
    if state.campaign is None or state.deleted:
        raise Rejected("NOT_FOUND", f"no campaign {campaign_id}", field="campaign_id")
    return state.campaign


def _update(changes: v1.CampaignChanges, campaign: Campaign) -> list[v1.Event]:
    given = {name: getattr(changes, name) for name in changes.model_fields_set}
    updated = _merged(campaign, given)
    changed = tuple(sorted(name for name in given if getattr(updated, name) != getattr(campaign, name)))
    # A change to what is already so is not a new fact.
    if not changed:
        return []
    _check(updated)
    return [v1.CampaignUpdated(campaign=updated, changed=changed)]


def _merged(campaign: Campaign, given: dict[str, object]) -> Campaign:
    try:
        return Campaign.model_validate({**dict(campaign), **given})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise _invalid(field, first["msg"].removeprefix("Value error, ")) from error


def _check(campaign: Campaign) -> None:
    for field, issue in faults_in(campaign):
        raise _invalid(field, issue)


def _invalid(field: str | None, issue: str) -> Rejected:
    return Rejected("INVALID_CAMPAIGN", "The campaign data provided is invalid.", field=field or None, issue=issue)
