from typing import Any

import pytest

from dramatis_contracts.persona import v1
from dramatis_kit import Rejected
from dramatis_persona.commands import Create
from dramatis_persona.decider import PersonaState, decide, evolve

JOHN = v1.PersonaProfile(name="John Smith", demographics=v1.Demographics(age_range="45-55"))


def given(*events: v1.Event) -> PersonaState:
    persona = PersonaState()
    for event in events:
        persona = evolve(persona, event)
    return persona


def test_creating_a_persona_is_a_fact() -> None:
    assert decide(Create(JOHN, v1.Owner()), given()) == [v1.PersonaCreated(profile=JOHN)]


def test_an_id_is_given_once() -> None:
    with pytest.raises(Rejected, match="CONFLICT"):
        decide(Create(JOHN, v1.Owner()), given(v1.PersonaCreated(profile=JOHN)))


def test_an_update_replaces_the_named_fields_and_keeps_the_others() -> None:
    command = v1.UpdatePersona(persona_id="pers_1", changes=v1.PersonaChanges(visibility="team"))
    (event,) = decide(command, given(v1.PersonaCreated(profile=JOHN)))
    assert isinstance(event, v1.PersonaUpdated)
    assert event.changed == ("visibility",)
    assert event.profile == JOHN.model_copy(update={"visibility": "team"})


def test_an_update_to_what_is_already_so_changes_nothing() -> None:
    command = v1.UpdatePersona(persona_id="pers_1", changes=v1.PersonaChanges(name="John Smith"))
    assert decide(command, given(v1.PersonaCreated(profile=JOHN))) == []


@pytest.mark.parametrize("history", [(), (v1.PersonaCreated(profile=JOHN), v1.PersonaDeleted())])
@pytest.mark.parametrize(
    "command",
    [
        v1.UpdatePersona(persona_id="pers_1", changes=v1.PersonaChanges(name="Jane")),
        v1.DeletePersona(persona_id="pers_1"),
    ],
)
def test_who_is_not_there_cannot_change(command: v1.UpdatePersona | v1.DeletePersona, history: tuple[v1.Event]) -> None:
    with pytest.raises(Rejected, match="NOT_FOUND"):
        decide(command, given(*history))


def test_a_deleted_persona_keeps_its_profile_for_older_simulations() -> None:
    persona = given(v1.PersonaCreated(profile=JOHN), v1.PersonaDeleted())
    assert persona.deleted
    assert persona.profile == JOHN


@pytest.mark.parametrize(
    ("preferences", "field"),
    [
        ({"must_have_features": ["pool"], "deal_breakers": ["stairs", "Pool"]}, "preferences.deal_breakers[1]"),
        ({"must_have_features": ["home office"], "deal_breakers": ["home_office"]}, "preferences.deal_breakers[0]"),
        ({"must_have_features": ["no_pool"], "deal_breakers": ["no pool"]}, "preferences.deal_breakers[0]"),
        ({"must_have_features": ["pool", "garden", "no pool"]}, "preferences.must_have_features[2]"),
        ({"deal_breakers": ["without elevator", "elevator"]}, "preferences.deal_breakers[1]"),
    ],
)
def test_a_persona_that_contradicts_itself_is_refused_with_its_field(preferences: dict[str, Any], field: str) -> None:
    contradictory = v1.Preferences.model_validate(preferences)
    create = Create(JOHN.model_copy(update={"preferences": contradictory}), v1.Owner())
    update = v1.UpdatePersona(persona_id="pers_1", changes=v1.PersonaChanges(preferences=contradictory))
    for command, history in ((create, given()), (update, given(v1.PersonaCreated(profile=JOHN)))):
        with pytest.raises(Rejected) as refused:
            decide(command, history)
        assert (refused.value.code, refused.value.field) == ("INVALID_PERSONA", field)


@pytest.mark.parametrize(
    "preferences",
    [
        {"must_have_features": ["pool", "pool"], "deal_breakers": ["no pool"]},
        {"must_have_features": ["privacy"], "deal_breakers": ["no_privacy", "noise"]},
        {"must_have_features": ["no"], "deal_breakers": ["!"]},
    ],
)
def test_what_is_said_twice_or_from_both_sides_is_no_contradiction(preferences: dict[str, Any]) -> None:
    profile = JOHN.model_copy(update={"preferences": v1.Preferences.model_validate(preferences)})
    assert decide(Create(profile, v1.Owner()), given())


def test_a_persona_from_before_this_rule_can_still_be_changed_otherwise() -> None:
    odd = JOHN.model_copy(update={"preferences": v1.Preferences(must_have_features=("pool",), deal_breakers=("pool",))})
    command = v1.UpdatePersona(persona_id="pers_1", changes=v1.PersonaChanges(visibility="team"))
    assert decide(command, given(v1.PersonaCreated(profile=odd)))
