"""Taste sets on the real engines: fitted, elicited, looked up for a study."""

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from observed_choices import synthetic
from simulation_scene import JOHN

from dramatis_bus import Bus
from dramatis_contracts.base import Viewer
from dramatis_contracts.persona import v1 as persona
from dramatis_contracts.tastes import v1
from dramatis_eventlog import Snapshots
from dramatis_kit import Rejected, Settings, new_id
from dramatis_kit.service import connect, select
from dramatis_simulation_engine.app import service
from dramatis_simulation_engine.taste_sets.lookup import newest_tastes
from dramatis_testkit.hosting import hosted

TENANT = "brk_1"
NAMES = ("view", "swimming_pool", "mood", "log_price")


@pytest.fixture
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    async with hosted(settings, *select(["persona"]), service) as client:
        yield client


async def invite(bus: Bus, persona_id: str | None = None) -> str:
    profile = persona.PersonaProfile.model_validate({"name": "John Smith", **JOHN})
    command = persona.CreatePersona(persona_id=persona_id or new_id("pers"), profile=profile)
    return (await bus.call(persona.create_persona, command, tenant=TENANT)).id


def choices(people: int = 40) -> tuple[v1.ObservedChoice, ...]:
    generator = np.random.default_rng(1)
    normal = generator.normal(size=(people, 4))
    tastes = np.stack(
        [1.5 + 0.5 * normal[:, 0], 0.5 * normal[:, 1], 0.2 * normal[:, 2], -np.exp(0.7 + 0.3 * normal[:, 3])], axis=1
    )
    return tuple(synthetic(tastes, NAMES, choices=6))


def request(**changes: Any) -> v1.FitTastes:
    return v1.FitTastes(choices=choices(), model=v1.TasteModel(correlated=False), **changes)


async def fitted(bus: Bus, fit: v1.FitTastes, tastes_id: str | None = None, tenant: str = TENANT) -> v1.Tastes:
    command = v1.RequestFit(tastes_id=tastes_id or new_id("tst"), fit=fit)
    return await bus.call(v1.fit_tastes, command, tenant=tenant)


async def elicited(bus: Bus, into: str, **elicitation: Any) -> v1.Tastes:
    command = v1.RequestElicitation(tastes_id=into, elicitation=v1.ElicitTastes(**elicitation))
    return await bus.call(v1.elicit_tastes, command, tenant=TENANT)


async def test_tastes_of_a_persona_whom_an_agent_cannot_see_are_not_estimated(bus: Bus) -> None:
    profile = persona.PersonaProfile.model_validate({"name": "John Smith", "visibility": "private", **JOHN})
    hidden = persona.CreatePersona(persona_id="pers_hidden", profile=profile)
    await bus.call(persona.create_persona, hidden, tenant=TENANT)
    agent = Viewer(agent_id="agt_1", team_id="team_1")
    fit = request(applies_to=v1.AppliesTo(personas=("pers_hidden",)))
    command = v1.RequestFit(tastes_id="tst_1", fit=fit, viewer=agent)
    with pytest.raises(Rejected) as refusal:
        await bus.call(v1.fit_tastes, command, tenant=TENANT)
    assert refusal.value.field == "applies_to.personas[0]"
    asked = v1.ElicitTastes(persona_id="pers_hidden")
    question = v1.RequestElicitation(tastes_id="tst_1", elicitation=asked, viewer=agent)
    with pytest.raises(Rejected) as refusal:
        await bus.call(v1.elicit_tastes, question, tenant=TENANT)
    assert refusal.value.field == "persona_id"


async def test_fitted_tastes_are_kept_and_say_what_simulations_use_of_them(bus: Bus) -> None:
    made = await fitted(bus, request(name="Survey", applies_to=v1.AppliesTo(segments=("tech_entrepreneurs",))))
    assert await bus.call(v1.get_tastes, v1.GetTastes(tastes_id=made.id), tenant=TENANT) == made
    assert made.fitted is not None
    assert made.fitted.mixed is not None
    assert made.fitted.mixed.converged
    assert made.fitted.holdout is not None
    assert made.unrecognized == ("mood",)
    (used,) = made.used
    assert set(used.means) == {"view", "pool"}
    assert used.means["view"] == pytest.approx(1.5, abs=0.4)
    assert used.price == pytest.approx(np.exp(0.7), abs=0.6)
    assert used.segments == ("tech_entrepreneurs",)


async def test_a_persona_whose_own_choices_are_among_the_data_gets_tastes_of_its_own(bus: Bus) -> None:
    own, other = await invite(bus, "pers_0003"), await invite(bus)
    made = await fitted(bus, request(applies_to=v1.AppliesTo(personas=(own, other))))
    general, personal = made.used
    assert (general.personas, personal.personas) == ((other,), (own,))
    assert personal.deviations["view"] < general.deviations["view"]
    assert made.fitted is not None
    assert made.fitted.people[0].person == own


async def test_a_repeated_fit_makes_no_second_one(bus: Bus) -> None:
    command = v1.RequestFit(tastes_id=new_id("tst"), fit=request())
    first = await bus.call(v1.fit_tastes, command, tenant=TENANT, command_id="cmd_1")
    assert await bus.call(v1.fit_tastes, command, tenant=TENANT, command_id="cmd_1") == first
    with pytest.raises(Rejected) as refused:
        await bus.call(v1.fit_tastes, command, tenant=TENANT, command_id="cmd_2")
    assert refused.value.code == "CONFLICT"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"applies_to": v1.AppliesTo(segments=("nobody",))}, "applies_to.segments[0]"),
        ({"applies_to": v1.AppliesTo(personas=("pers_none",))}, "applies_to.personas[0]"),
        ({"model": v1.TasteModel(log=("view",))}, "choices[0].options[1].attributes.view"),
        ({"model": v1.TasteModel(distributions={"height": "normal"})}, "model.distributions.height"),
    ],
)
async def test_a_fit_that_cannot_be_is_refused_with_the_field(bus: Bus, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refused:
        await fitted(bus, request().model_copy(update=changes))
    assert (refused.value.code, refused.value.field) == ("INVALID_TASTES", field)


async def test_another_tenants_tastes_are_not_found(bus: Bus) -> None:
    made = await fitted(bus, request())
    with pytest.raises(Rejected) as refused:
        await bus.call(v1.get_tastes, v1.GetTastes(tastes_id=made.id), tenant="brk_2")
    assert refused.value.code == "NOT_FOUND"


async def test_answers_narrow_what_is_known_and_each_brings_a_new_question(bus: Bus) -> None:
    tastes_id, persona_id = new_id("tst"), await invite(bus)
    now = await elicited(bus, tastes_id, persona_id=persona_id, attributes=("view", "swimming pool"))
    assert now.used == ()
    assert now.elicited is not None
    assert [taste.attribute for taste in now.elicited.tastes] == ["view", "pool", "price"]
    before = {taste.attribute: taste.deviation for taste in now.elicited.tastes}
    for number in range(1, 7):
        assert now.elicited is not None
        question = now.elicited.question
        assert question.number == number
        assert question.expected_information > 0
        best = max(question.options, key=lambda option: option.attributes.get("view", 0.0))
        answer = v1.Answer(question=number, chosen=best.name)
        now = await elicited(bus, tastes_id, tastes_id=tastes_id, answer=answer)
    assert now.elicited is not None
    known = {taste.attribute: taste for taste in now.elicited.tastes}
    assert known["view"].deviation < before["view"]
    assert known["view"].mean > known["view"].prior_mean
    assert now.used[0].personas == (persona_id,)
    assert now.calibration == "elicited"
    assert "nats" in now.elicited.stop.statement


async def test_an_answer_counts_once_and_only_for_the_open_question(bus: Bus) -> None:
    tastes_id = new_id("tst")
    await elicited(bus, tastes_id, persona_id=await invite(bus))
    answer = v1.Answer(question=1, chosen="A")
    first = await elicited(bus, tastes_id, tastes_id=tastes_id, answer=answer)
    assert await elicited(bus, tastes_id, tastes_id=tastes_id, answer=answer) == first
    assert await elicited(bus, tastes_id, tastes_id=tastes_id) == first
    for wrong, code, field in (
        (v1.Answer(question=1, chosen="B"), "CONFLICT", "answer.question"),
        (v1.Answer(question=2, chosen="Z"), "INVALID_TASTES", "answer.chosen"),
    ):
        with pytest.raises(Rejected) as refused:
            await elicited(bus, tastes_id, tastes_id=tastes_id, answer=wrong)
        assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        (("view", "mood"), "attributes[1]"),
        (("price", "mood"), "attributes[1]"),
        (("highway_noise",), "attributes[0]"),
        (("price",), "attributes"),
    ],
)
async def test_only_what_the_taxonomy_knows_and_the_persona_would_weigh_is_asked_about(
    bus: Bus, attributes: tuple[str, ...], field: str
) -> None:
    with pytest.raises(Rejected) as refused:
        await elicited(bus, new_id("tst"), persona_id=await invite(bus), attributes=attributes)
    assert (refused.value.code, refused.value.field) == ("INVALID_TASTES", field)


async def test_an_unknown_persona_cannot_be_asked(bus: Bus) -> None:
    with pytest.raises(Rejected) as refused:
        await elicited(bus, new_id("tst"), persona_id="pers_none")
    assert (refused.value.code, refused.value.field) == ("INVALID_TASTES", "persona_id")


async def test_a_study_finds_the_newest_tastes_of_each_of_its_people(bus: Bus, settings: Settings) -> None:
    both = v1.AppliesTo(segments=("tech_entrepreneurs", "finance_executives"))
    old = await fitted(bus, request(applies_to=both))
    new = await fitted(bus, request(applies_to=v1.AppliesTo(segments=("finance_executives",))))
    async with connect(settings) as mongo:
        snapshots = Snapshots(mongo[settings.mongo_database], "tastes")
        found = await newest_tastes(snapshots, TENANT, (), ("finance_executives", "tech_entrepreneurs"))
        assert {one.id: one.segments for one in found} == {
            old.id: ("tech_entrepreneurs",),
            new.id: ("finance_executives",),
        }
        assert await newest_tastes(snapshots, "brk_2", (), ("finance_executives",)) == ()
        assert await newest_tastes(snapshots, TENANT, ("pers_1",), ()) == ()
