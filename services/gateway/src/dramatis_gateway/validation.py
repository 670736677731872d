"""Reading a request strictly: JSON types as they are, no unknown field, and errors that name the field.

pydantic reads the JSON in strict mode, so that `"5"` is not a number; its error locations are translated into paths of
the request, without the tags that it inserts for unions.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import orjson
from pydantic import BaseModel, Tag, ValidationError
from starlette.requests import Request

from dramatis_gateway.problems import Problem

ModelT = TypeVar("ModelT", bound=BaseModel)
Location = Sequence[int | str]

_JSON = re.compile(r"application/(json|[\w.+-]+\+json)\s*(;.*)?", re.IGNORECASE | re.DOTALL)


def json_body(model: type[ModelT], code: str) -> Callable[[Request], Awaitable[ModelT]]:
    """A dependency that reads the body as `model`, or raises a `Problem`: 415, 400, or 422 with `code`."""

    async def read(request: Request) -> ModelT:
        told = request.headers.get("content-type", "")
        if not _JSON.fullmatch(told):
            issue = f"its Content-Type is {told[:100] or 'missing'}: it must be application/json"
            raise Problem("UNSUPPORTED_MEDIA_TYPE", issue=issue, headers={"Accept": "application/json"})
        if (coding := request.headers.get("content-encoding", "identity")) != "identity":
            issue = f"its Content-Encoding is {coding[:100]}: send it uncompressed"
            raise Problem("UNSUPPORTED_MEDIA_TYPE", issue=issue, headers={"Accept-Encoding": "identity"})
        return parse_json(model, await request.body(), code)

    return read


def parse_json(model: type[ModelT], body: bytes, code: str) -> ModelT:
    try:
        # pydantic's own parser lets NaN and lone surrogates through; orjson reads only what is JSON.
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem("INVALID_REQUEST", "The body is not valid JSON.", issue=_unreadable(body, error)) from None
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        if not any(one["type"] == "int_type" and _whole(one["input"]) for one in error.errors(include_url=False)):
            raise invalid(model, error.errors(include_url=False, include_input=False), code) from None
    return parse_json(model, orjson.dumps(_with_integers(orjson.loads(body))), code)


def _unreadable(body: bytes, error: orjson.JSONDecodeError) -> str:
    if not body.strip():
        return "the body is empty"
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return f"the body is not UTF-8 at byte {wrong.start}"
    return f"{error.msg} at line {error.lineno} column {error.colno}"


def _whole(value: object) -> bool:
    """Whether it is written as `5.0`, which to JSON Schema is the integer 5. Beyond 2⁵³ floats leave integers out."""
    return isinstance(value, float) and value.is_integer() and abs(value) <= 2**53


def _with_integers(value: Any) -> Any:
    """The same JSON with every whole number written as an integer."""
    if _whole(value):
        return int(value)
    if isinstance(value, list):
        return [_with_integers(item) for item in value]
    if isinstance(value, dict):
        return {name: _with_integers(item) for name, item in value.items()}
    return value


def invalid(model: type[BaseModel], errors: Sequence[Any], code: str) -> Problem:
    """The `Problem` that names the first of pydantic's errors."""
    first = errors[0]
    if first["type"] in ("json_invalid", "recursion_loop"):
        return Problem("INVALID_REQUEST", "The body is not valid JSON.", issue=first["msg"])
    location = list(first["loc"])
    path = dotted(list(steps(model, location)))
    if first["type"].startswith("union_tag"):
        path += "." + str(first["ctx"]["discriminator"]).strip("'")
    return Problem(code, field=path or None, issue=_issue(first))


def _issue(error: Any) -> str:
    """What is wrong, in the words of JSON."""
    context = error.get("ctx", {})
    match error["type"]:
        case "string_pattern_mismatch":
            return f"Invalid format: it must match {context['pattern']}"
        case "union_tag_invalid":
            return f"Input should be one of {context['expected_tags']}"
        case "too_short":
            return (
                f"{_many(context)} has {context['actual_length']} entries, at least {context['min_length']} are needed"
            )
        case "too_long":
            return (
                f"{_many(context)} has {context['actual_length']} entries, at most {context['max_length']} are allowed"
            )
        case _:
            return str(error["msg"]).removeprefix("Value error, ")


def _many(context: Any) -> str:
    return "Object" if context["field_type"] == "Dictionary" else "Array"


def dotted(location: Location) -> str:
    """`("test_scenarios", 1, "options")` → `test_scenarios[1].options`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).removeprefix(".")


def steps(kind: Any, location: Location) -> Iterator[int | str]:
    """The steps of a pydantic location that a client can find in its request."""
    if not location:
        return
    head, rest = location[0], location[1:]
    if get_origin(kind) is Annotated:
        inner, *metadata = get_args(kind)
        if any(getattr(note, "discriminator", None) for note in metadata):
            yield from steps(_tagged(inner, head), rest)
        else:
            yield from steps(inner, location)
    elif get_origin(kind) in (Union, UnionType):
        members = [member for member in get_args(kind) if member is not type(None)]
        # Without a discriminator pydantic names the member that it tried.
        yield from steps(members[0], location) if len(members) == 1 else ()
    elif get_origin(kind) in (tuple, list, set, frozenset):
        yield head
        yield from steps(get_args(kind)[0], rest)
    elif get_origin(kind) is dict:
        yield head
        yield from steps(get_args(kind)[1], rest)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield head
        yield from steps(_field(kind, head), rest)


def _field(model: type[BaseModel], name: int | str) -> Any:
    for key, field in model.model_fields.items():
        if name in (key, field.alias, field.validation_alias):
            return Annotated[field.annotation, field] if field.discriminator else field.annotation
    return None


def _tagged(union: Any, tag: int | str) -> Any:
    """The member of a discriminated union that a tag chooses, by a field of its own or by the tag it was given."""
    for member in get_args(union):
        if get_origin(member) is Annotated:
            if any(isinstance(note, Tag) and note.tag == tag for note in get_args(member)[1:]):
                return member
            continue
        for field in member.model_fields.values():
            if get_origin(field.annotation) is Literal and tag in get_args(field.annotation):
                return member
    return None
