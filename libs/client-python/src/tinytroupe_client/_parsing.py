"""From the body of an answer to a model."""

from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from tinytroupe_client._http import Answer
from tinytroupe_client.errors import APIResponseValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)


def parsed(model: type[ModelT], answer: Answer) -> ModelT:
    """Raises `APIResponseValidationError` when the body is not of the published form."""
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise APIResponseValidationError(f"the answer is not a {model.__name__}", answer) from error


def parsed_message(model: type[ModelT], message: str | bytes) -> ModelT:
    """The same for one message of a stream, which has come after a successful answer."""
    content = message if isinstance(message, bytes) else message.encode()
    return parsed(model, Answer(200, httpx2.Headers(), content))


def json_of(answer: Answer) -> Any:
    """Raises `APIResponseValidationError` when the body is no JSON."""
    try:
        return answer.json()
    except ValueError as error:
        raise APIResponseValidationError("the answer is not JSON", answer) from error
