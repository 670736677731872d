"""From the body of an answer to a model."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from tinytroupe_client._http import Answer
from tinytroupe_client.errors import APIResponseValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)


def parsed(model: type[ModelT], answer: Answer) -> ModelT:
    """Raises `APIResponseValidationError` when the body is not of the published form."""
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise unexpected(model, answer) from error


def unexpected(model: type[BaseModel], answer: Answer) -> APIResponseValidationError:
    return APIResponseValidationError(f"the answer is not a {model.__name__}", answer)
