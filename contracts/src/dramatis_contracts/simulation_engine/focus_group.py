"""Focus groups: what a client asks for, whole or in short."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, StringConstraints, Tag
from typing_extensions import TypeAliasType

from dramatis_contracts.base import Request
from dramatis_contracts.simulation_engine.common import (
    Distinct,
    Dollars,
    Name,
    PersonaConfiguration,
    Rising,
    SimulationParameters,
    Unit,
    Word,
)


class Photo(Request):
    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    caption: Annotated[str, StringConstraints(max_length=500)] | None = None
    room: Word | None = None


class Property(Request):
    """What the respondents look at. Money in US dollars, area in square feet."""

    id: Word | None = None
    address: Annotated[str, StringConstraints(max_length=500)] | None = None
    price: Dollars
    type: Word | None = None
    bedrooms: Annotated[float, Field(ge=0, le=200)] | None = None
    bathrooms: Annotated[float, Field(ge=0, le=200)] | None = None
    sqft: Annotated[float, Field(gt=0, le=1e7)] | None = None
    description: Annotated[str, StringConstraints(max_length=10_000)] | None = None
    features: Annotated[tuple[Word, ...], Field(max_length=200)] = ()
    photos: Annotated[tuple[Photo, ...], Field(max_length=100)] = ()


PriceMethod = Literal["van_westendorp", "newton_miller_smith"]
HypotheticalBias = Annotated[float, Field(ge=1, le=10, allow_inf_nan=False)]
"""Stated divided by real willingness to pay; every willingness to pay is divided by it."""


class PhotoSelection(Request):
    """Which photograph should lead?"""

    type: Literal["photo_selection"]
    options: Annotated[tuple[Word, ...], Field(min_length=2, max_length=20), Distinct]


class ModificationTesting(Request):
    """What would each change to the property be worth? With `interactions`, also each pair of changes together."""

    type: Literal["modification_testing"]
    modifications: Annotated[tuple[Word, ...], Field(min_length=1, max_length=20), Distinct]
    interactions: bool = False
    hypothetical_bias: HypotheticalBias | None = None


class PricingStrategy(Request):
    """How does demand fall with the price? Gabor and Granger's method always, the others when asked.

    `purchase_intent` is for Newton, Miller and Smith: how probable a purchase is after each answer of a scale of five,
    from "definitely" to "definitely not".
    """

    type: Literal["pricing_strategy"]
    price_points: Annotated[tuple[Dollars, ...], Field(min_length=2, max_length=20), Rising]
    methods: Annotated[tuple[PriceMethod, ...], Field(max_length=2), Distinct] = ()
    purchase_intent: tuple[Unit, Unit, Unit, Unit, Unit] | None = None
    hypothetical_bias: HypotheticalBias | None = None


Scenario = Annotated[PhotoSelection | ModificationTesting | PricingStrategy, Field(discriminator="type")]


class FocusGroup(Request):
    """A focus group as its client asks for it."""

    name: Name
    property: Property
    test_scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1, max_length=20)]
    persona_configuration: PersonaConfiguration
    simulation_parameters: SimulationParameters = SimulationParameters()


ScenarioWord = TypeAliasType(
    "ScenarioWord", Literal["photo_selection", "pricing", "pricing_strategy", "modification_testing"]
)
"""A scenario that follows from the property. An alias with a name, so that generated clients have one for it."""


def _form_of(item: Any) -> str:
    return "word" if isinstance(item, str) else "object"


ScenarioOrWord = Annotated[
    Annotated[Scenario, Tag("object")] | Annotated[ScenarioWord, Tag("word")], Discriminator(_form_of)
]


class FocusGroupRequest(Request):
    """A focus group as its client asks for it: whole, or in short by `property_id`, `persona_segments` and words.

    Needed: `property` or `property_id`, one of them; `persona_configuration` or `persona_segments`, one of them. The
    rest may be left out. What is asked in short is resolved when the request is accepted, and `derived` of the
    simulation says how.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "property_id": "prop_123",
                    "persona_segments": ["finance_executives"],
                    "test_scenarios": ["photo_selection", "pricing"],
                }
            ]
        }
    )

    name: Name | None = Field(default=None, description="Absent: made from the property.")
    property: Property | None = Field(default=None, description="The property itself. Not together with property_id.")
    property_id: Word | None = Field(
        default=None, description="A property under /v1/properties, as it is now.", examples=["prop_123"]
    )
    test_scenarios: Annotated[tuple[ScenarioOrWord, ...], Field(min_length=1, max_length=20)] | None = Field(
        default=None,
        description="Whole scenarios, or words: `photo_selection` compares the property's photographs, `pricing` (also"
        " `pricing_strategy`) asks prices of 90, 95, 100, 105 and 110 % of its price; `modification_testing` has to be"
        " given whole, because a listing does not say what could be changed. Absent: each word that the property"
        " allows.",
    )
    persona_configuration: PersonaConfiguration | None = Field(
        default=None, description="Who takes part. Not together with persona_segments."
    )
    persona_segments: Annotated[tuple[Word, ...], Field(min_length=1, max_length=20), Distinct] | None = Field(
        default=None,
        description="Segments from which people are drawn. Not together with persona_configuration.",
        examples=[["finance_executives"]],
    )
    generated_count: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="How many people are drawn from persona_segments; absent: 20."
    )
    simulation_parameters: SimulationParameters = SimulationParameters()
