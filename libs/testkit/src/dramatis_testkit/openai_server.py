"""A scripted OpenAI-compatible server: real HTTP on loopback, any fault on demand, and a count of what would be paid.

In a test: `async with scripted_model() as server`. For services in other processes:
`python -m dramatis_testkit.openai_server --port 9100`, steered by `POST /admin/script`, read by `GET /admin/requests`.
Without an answer of its own it fills in the JSON Schema that the request carries, the same for the same request.
"""

import argparse
import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from aiohttp import web

Kind = Literal[
    "answer",
    "rate_limited",
    "unavailable",
    "error",
    "hang",
    "slow",
    "cut",
    "malformed",
    "truncated",
    "prose",
    "refusal",
    "page",
]
Answering = Callable[[Mapping[str, Any]], Any]
"""From the body of a request to what the model says: a string, or anything that JSON can carry."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next `times` requests; `containing` picks those whose messages contain a text."""

    kind: Kind
    times: int = 1
    retry_after: float | None = None
    status: int = 500
    seconds: float = 0.0
    text: str = ""
    containing: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived, and what became of it. `paid` once tokens were counted for it."""

    body: dict[str, Any]
    key: str
    outcome: str
    paid: bool
    tokens: int


@dataclass(slots=True)
class ScriptedModel:
    """`supports` are the response formats it knows, `rejects` the parameters it refuses."""

    url: str = ""
    answer: Answering | None = None
    faults: list[Fault] = field(default_factory=list)
    supports: set[str] = field(default_factory=lambda: {"json_schema", "json_object"})
    rejects: set[str] = field(default_factory=set)
    reports_usage: bool = True
    delay_seconds: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    _arrival: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def paid(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.paid]

    @property
    def tokens(self) -> int:
        return sum(asked.tokens for asked in self.asked)

    async def got(self, count: int, seconds: float = 15) -> list[Asked]:
        """Wait until `count` requests have been dealt with."""
        async with asyncio.timeout(seconds):
            while len(self.asked) < count:
                self._arrival.clear()
                await self._arrival.wait()
        return self.asked[:count]

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/chat/completions`."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            body = await request.json()
            if (issue := self._not_supported(body)) is not None:
                self._note(body, "not supported")
                return _error(400, issue, "invalid_request_error")
            return await self._acted(request, body, self._next_fault(body))
        finally:
            self.at_once -= 1

    def script(self, wanted: Mapping[str, Any]) -> None:
        """Change what comes next: any field that JSON can carry; `faults` are added, `reset` forgets what was."""
        if wanted.get("reset"):
            self.asked.clear()
            self.faults.clear()
        self.faults.extend(Fault(**fault) for fault in wanted.get("faults", ()))
        self.supports = set(wanted.get("supports", self.supports))
        self.rejects = set(wanted.get("rejects", self.rejects))
        self.reports_usage = bool(wanted.get("reports_usage", self.reports_usage))
        self.delay_seconds = float(wanted.get("delay_seconds", self.delay_seconds))

    def _not_supported(self, body: Mapping[str, Any]) -> str | None:
        form = (body.get("response_format") or {}).get("type", "text")
        if form not in {"text", *self.supports}:
            return f"'response_format' of type '{form}' is not supported with this model."
        if refused := sorted(self.rejects & body.keys()):
            instead = " Use 'max_completion_tokens' instead." if refused[0] == "max_tokens" else ""
            return f"Unsupported parameter: '{refused[0]}' is not supported with this model.{instead}"
        return None

    def _next_fault(self, body: Mapping[str, Any]) -> Fault:
        said = "\n".join(str(message.get("content")) for message in body["messages"])
        for place, fault in enumerate(self.faults):
            if fault.containing in said:
                left = fault.times - 1
                self.faults[place : place + 1] = [Fault(**{**asdict(fault), "times": left})] if left else []
                return fault
        return Fault("answer")

    async def _acted(self, request: web.Request, body: dict[str, Any], fault: Fault) -> web.StreamResponse:
        await asyncio.sleep(fault.seconds or self.delay_seconds)
        match fault.kind:
            case "rate_limited" | "unavailable" | "error":
                return self._failed(body, fault)
            case "hang":
                self._note(body, "hung")
                await asyncio.Event().wait()
            case "page":
                self._note(body, "page")
                return web.Response(text="<html>Sign in</html>", content_type="text/html")
            case "cut" | "slow":
                return await self._broken(request, body, fault)
            case _:
                pass
        text, finish = self._said(body, fault)
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if fault.kind == "refusal":
            message |= {"content": None, "refusal": text}
        completion = self._completion(body, message, finish)
        self._note(body, fault.kind, completion)
        return web.json_response(completion)

    def _failed(self, body: dict[str, Any], fault: Fault) -> web.Response:
        status = {"rate_limited": 429, "unavailable": 503}.get(fault.kind, fault.status)
        self._note(body, fault.kind)
        response = _error(status, fault.text or "The server had an error.", fault.kind)
        if fault.retry_after is not None:
            response.headers["Retry-After"] = f"{fault.retry_after:g}"
        return response

    async def _broken(self, request: web.Request, body: dict[str, Any], fault: Fault) -> web.StreamResponse:
        """Half of an answer; then the connection ends, or one byte comes every fifth of a second."""
        completion = self._completion(body, {"role": "assistant", "content": self._said(body, fault)[0]}, "stop")
        self._note(body, fault.kind, completion)
        payload = json.dumps(completion).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(payload))})
        await response.prepare(request)
        await response.write(payload[: len(payload) // 2])
        if fault.kind == "cut":
            assert request.transport is not None
            request.transport.abort()
            return response
        for place in range(len(payload) // 2, len(payload)):
            await asyncio.sleep(0.2)
            await response.write(payload[place : place + 1])
        return response

    def _said(self, body: Mapping[str, Any], fault: Fault) -> tuple[str, str]:
        answer = self.answer(body) if self.answer else filled_in(body)
        text = answer if isinstance(answer, str) else json.dumps(answer)
        match fault.kind:
            case "malformed":
                return fault.text or "I would rather go for the second one.", "stop"
            case "truncated":
                return text[: len(text) // 2], "length"
            case "prose":
                return f"Of course! Here it is:\n```json\n{text}\n```\nLet me know if I can help.", "stop"
            case "refusal":
                return fault.text or "I cannot take part in this.", "stop"
            case _:
                return text, "stop"

    def _completion(self, body: Mapping[str, Any], message: dict[str, Any], finish: str) -> dict[str, Any]:
        read = sum(len(str(m.get("content"))) for m in body["messages"]) // 4 + 1
        written = len(str(message.get("content") or message.get("refusal"))) // 4 + 1
        usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        return {
            "id": f"chatcmpl-{len(self.asked)}",
            "object": "chat.completion",
            "created": 1_767_323_045,
            "model": body.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
            "usage": usage if self.reports_usage else None,
        }

    def _note(self, body: dict[str, Any], outcome: str, completion: Mapping[str, Any] | None = None) -> None:
        tokens = ((completion or {}).get("usage") or {}).get("total_tokens", 0)
        self.asked.append(Asked(body, key_of(body), outcome, completion is not None, tokens))
        self._arrival.set()


def key_of(body: Mapping[str, Any]) -> str:
    """Names a question: the same messages and seed have the same key."""
    said = json.dumps([body.get("messages"), body.get("seed")], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def filled_in(body: Mapping[str, Any]) -> Any:
    """A value for the request's JSON Schema, drawn by the request itself. Several numbers in one object sum to 1."""
    schema = schema_of(body)
    return _value(schema, schema.get("$defs", {}), random.Random(key_of(body)))


def schema_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """From `response_format`, else the last JSON object with properties that the messages contain."""
    form = body.get("response_format") or {}
    if "json_schema" in form:
        schema: dict[str, Any] = form["json_schema"]["schema"]
        return schema
    found = [o for message in body["messages"] for o in _objects_in(str(message.get("content"))) if "properties" in o]
    return found[-1] if found else {"type": "object", "properties": {}}


def _objects_in(text: str) -> Iterator[dict[str, Any]]:
    decoder, place = json.JSONDecoder(), text.find("{")
    while place >= 0:
        try:
            found, end = decoder.raw_decode(text, place)
            yield found
        except ValueError:
            end = place + 1
        place = text.find("{", end)


def _value(schema: Mapping[str, Any], named: Mapping[str, Any], draw: random.Random) -> Any:
    if "$ref" in schema:
        return _value(named[schema["$ref"].rsplit("/", 1)[-1]], named, draw)
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], named, draw)
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else draw.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            return _normalised({name: _value(part, named, draw) for name, part in schema["properties"].items()})
        case "array":
            items = [_value(schema["items"], named, draw) for _ in range(schema.get("minItems", 2))]
            return _normalised_items(items)
        case "number":
            return round(draw.uniform(schema.get("minimum", 0.0), schema.get("maximum", 1.0)), 4)
        case "integer":
            return draw.randint(schema.get("minimum", 0), schema.get("maximum", 10))
        case "boolean":
            return draw.random() < 0.5
        case "null":
            return None
        case _:
            return "Because it suits me."


def _normalised(filled: dict[str, Any]) -> dict[str, Any]:
    """Several numbers in one object are a distribution."""
    total = sum(value for value in filled.values() if isinstance(value, float))
    if sum(isinstance(value, float) for value in filled.values()) < 2 or not total:
        return filled
    return {name: value / total if isinstance(value, float) else value for name, value in filled.items()}


def _normalised_items(items: list[Any]) -> list[Any]:
    if not items or not all(isinstance(i, dict) and isinstance(i.get("probability"), float) for i in items):
        return items
    total = sum(i["probability"] for i in items) or 1.0
    return [{**i, "probability": i["probability"] / total} for i in items]


def _error(status: int, message: str, kind: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": kind, "param": None, "code": None}}, status=status)


def application(model: ScriptedModel) -> web.Application:
    async def script(request: web.Request) -> web.Response:
        model.script(await request.json())
        return web.json_response({"ok": True})

    async def requests(_request: web.Request) -> web.Response:
        return web.json_response([asdict(asked) for asked in model.asked])

    served = web.Application()
    served.router.add_post("/v1/chat/completions", model.complete)
    served.router.add_post("/admin/script", script)
    served.router.add_get("/admin/requests", requests)
    return served


@asynccontextmanager
async def scripted_model(
    *, answer: Answering | None = None, port: int = 0, host: str = "127.0.0.1"
) -> AsyncIterator[ScriptedModel]:
    """A server on a free port; `url` is the base URL for a client, `http://127.0.0.1:<port>/v1`."""
    model = ScriptedModel(answer=answer)
    # A request that hangs must not outlive the test.
    runner = web.AppRunner(application(model), shutdown_timeout=0.05, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        model.url = f"http://{host}:{runner.addresses[0][1]}/v1"
        yield model
    finally:
        await runner.cleanup()


async def _serve(port: int) -> None:
    async with scripted_model(port=port) as model:
        print(model.url, flush=True)  # noqa: T201  # whoever started the process reads the port from here
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A scripted OpenAI-compatible server on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints its address")
    asyncio.run(_serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
