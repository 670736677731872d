"""What every model shares."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Immutable; unknown fields are kept."""

    model_config = ConfigDict(extra="allow", frozen=True)
