"""What every contract model is made of."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Resource(BaseModel):
    """Something that crosses a wire as an answer. Readers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Request(BaseModel):
    """A command or a query. An unknown field is an error: a misspelt one must not be lost silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Viewer(Request):
    """Who asks inside a tenant: an agent, a team, or, when both are None, the brokerage, which sees everything."""

    agent_id: str | None = None
    team_id: str | None = None


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
