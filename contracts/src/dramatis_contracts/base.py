"""What every contract model is made of."""

from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
)


class Resource(BaseModel):
    """Something that crosses a wire as an answer. Readers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Request(BaseModel):
    """A command or a query. An unknown field is an error: a misspelt one must not be lost silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _without_null(schema: dict[str, Any], model: type["Changes"]) -> None:
    for name, field in schema["properties"].items():
        if name in model.nullable:
            continue
        field.pop("default", None)
        members = [member for member in field.pop("anyOf", ()) if member != {"type": "null"}]
        field.update(members[0] if len(members) == 1 else {"anyOf": members} if members else {})


class Changes(Request):
    """Part of a resource: what is absent stays, what is given replaces its whole top-level field.

    Every field defaults to None, which means absent: null is a value of the fields in `nullable` only.
    """

    model_config = ConfigDict(json_schema_extra=_without_null)

    nullable: ClassVar[frozenset[str]] = frozenset()

    # Not `before`: that hands JSON arrays on as lists, which a strict reader of tuples refuses.
    @field_validator("*", mode="after")
    @classmethod
    def _given_means_a_value(cls, value: object, info: ValidationInfo) -> object:
        if value is None and info.field_name not in cls.nullable:
            raise ValueError("null is not a value: leave the field out to keep it")
        return value

    @model_serializer(mode="wrap")
    def _only_what_is_given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, object]:
        # What is absent must stay absent on the wire, where null is refused or means something else.
        whole: dict[str, object] = serialize(self)
        return {name: value for name, value in whole.items() if name in self.model_fields_set}


class Viewer(Request):
    """Who asks inside a tenant: an agent, a team, or, when both are None, the brokerage, which sees everything."""

    agent_id: str | None = None
    team_id: str | None = None

    @property
    def is_brokerage(self) -> bool:
        return self.agent_id is None and self.team_id is None


class EventBody(BaseModel):
    """The data of one event: a fact, named in the past.

    `type` is the public name and version (`persona.created.v1`), `owner` the service that alone may produce it.
    Additive change keeps the version; anything else is a new version and an upcaster in `registry`. An event stands in
    the streams of the category that its type begins with, unless `category` names another.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    owner: ClassVar[str]
    category: ClassVar[str | None] = None
