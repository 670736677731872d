"""Follow-up sequences after a contact: what a client asks for."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from dramatis_contracts.base import Request
from dramatis_contracts.simulation_engine.common import Distinct, PersonaConfiguration, SimulationParameters, Word

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]
Variation = Literal["timing_variations", "message_tone", "channel_mix"]


class Step(Request):
    """One intervention. `timing`: `same_day`, `day_3`, `week_2`, …; `action`: `thank_you_email`, `follow_up_call`, …"""

    step: Annotated[int, Field(ge=1, le=20)]
    timing: Word
    action: Word
    content: Text | None = None
    script_points: Annotated[tuple[Word, ...], Field(max_length=20), Distinct] = ()
    includes: Annotated[tuple[Word, ...], Field(max_length=20), Distinct] = ()


def _in_order(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if [s.step for s in steps] != list(range(1, len(steps) + 1)):
        raise ValueError("the steps must be numbered 1, 2, 3, … in their order")
    return steps


class FollowUp(Request):
    """A process after a first contact, and what is done about it."""

    type: Literal["follow_up_sequence"]
    initial_interaction: Word
    interventions: Annotated[tuple[Step, ...], Field(min_length=1, max_length=10), AfterValidator(_in_order)]


class Intervention(Request):
    """A test of a follow-up sequence as its client asks for it.

    Who is asked: `test_personas`, a `persona_configuration` for people drawn from segments, or both; the engine refuses
    a test of nobody.
    """

    scenario: FollowUp
    test_personas: Annotated[tuple[Word, ...], Field(max_length=1000), Distinct] = ()
    persona_configuration: PersonaConfiguration | None = None
    variations_to_test: Annotated[tuple[Variation, ...], Distinct] = ()
    simulation_parameters: SimulationParameters = SimulationParameters()
