"""Calls between services on a real nats-server."""

import asyncio
import time
from typing import Annotated, Any

import pytest
import structlog
from prometheus_client import REGISTRY
from pydantic import Field, ValidationError
from pymongo.errors import ServerSelectionTimeoutError

from dramatis_bus import Call, Fault
from dramatis_bus import headers as names
from dramatis_contracts.base import Request, Resource
from dramatis_contracts.rpc import Method
from dramatis_kit import Rejected, Unavailable


class Inner(Request):
    count: Annotated[int, Field(ge=0)] = 0


class Ask(Request):
    text: str = ""
    inner: Inner = Inner()


class Answer(Resource):
    text: str


def method(stage: Any, name: str = "ask", seconds: float = 5.0) -> Method[Ask, Answer]:
    return Method(stage.service, name, Ask, Answer, timeout_seconds=seconds)


async def test_a_call_reaches_its_handler_and_the_answer_its_caller(stage: Any) -> None:
    calls: list[Call[Ask]] = []

    async def answer(call: Call[Ask]) -> Answer:
        calls.append(call)
        return Answer(text=call.request.text.upper())

    async with stage.open() as bus, stage.open("caller") as caller:
        bus.serve(method(stage), answer)
        await bus.start()
        answered = await caller.call(
            method(stage), Ask(text="hé"), tenant="ten_1", command_id="cmd_1", correlation_id="cor_1"
        )
    assert answered == Answer(text="HÉ")
    [call] = calls
    assert (call.tenant, call.command_id, call.correlation_id) == ("ten_1", "cmd_1", "cor_1")
    assert 0 < call.deadline - time.monotonic() <= 5


async def test_a_rejection_is_the_same_at_the_caller(stage: Any) -> None:
    async def refuse(_call: Call[Ask]) -> Answer:
        raise Rejected("CONFLICT", "no", field="text", issue="taken")

    async with stage.open() as bus:
        bus.serve(method(stage), refuse)
        await bus.start()
        with pytest.raises(Rejected) as refusal:
            await bus.call(method(stage), Ask(), tenant="ten_1")
    no = refusal.value
    assert (no.code, no.message, no.field, no.issue) == ("CONFLICT", "no", "text", "taken")


async def test_an_invalid_request_is_rejected_with_the_path_of_its_field(stage: Any) -> None:
    loose: Method[Any, Answer] = Method(stage.service, "ask", Resource, Answer)

    class Negative(Resource):
        count: int = -1

    class Wrong(Resource):
        inner: Negative

    async with stage.open() as bus:
        bus.serve(method(stage), echo)
        await bus.start()
        with pytest.raises(Rejected) as refusal:
            await bus.call(loose, Wrong(inner=Negative()), tenant="ten_1")
    no = refusal.value
    assert (no.code, no.field) == ("VALIDATION_FAILED", "inner.count")
    assert no.issue == "Input should be greater than or equal to 0"


async def test_a_fault_is_logged_with_its_traceback_and_crosses_without_internals(stage: Any) -> None:
    async def fail(_call: Call[Ask]) -> Answer:
        raise RuntimeError("the password is swordfish")

    async with stage.open() as bus:
        bus.serve(method(stage), fail)
        await bus.start()
        with structlog.testing.capture_logs() as logs, pytest.raises(Fault) as fault:
            await bus.call(method(stage), Ask(), tenant="ten_1", correlation_id="cor_7")
    assert "swordfish" not in str(fault.value)
    assert "cor_7" in str(fault.value)
    [line] = [line for line in logs if line["event"] == "call failed"]
    assert line["correlation_id"] == "cor_7"
    assert line["exc_info"]


async def test_a_handlers_own_validation_error_is_a_fault_not_a_rejection(stage: Any) -> None:
    async def fail(_call: Call[Ask]) -> Answer:
        return Answer.model_validate({})

    async with stage.open() as bus:
        bus.serve(method(stage), fail)
        await bus.start()
        with pytest.raises(Fault):
            await bus.call(method(stage), Ask(), tenant="ten_1")
    with pytest.raises(ValidationError):
        Answer.model_validate({})


@pytest.mark.parametrize("outage", [Unavailable("the oracle", retry_after=9), ServerSelectionTimeoutError("no mongod")])
async def test_what_the_handler_needs_is_down_for_the_caller_too(stage: Any, outage: Exception) -> None:
    async def need(_call: Call[Ask]) -> Answer:
        raise outage

    async with stage.open() as bus:
        bus.serve(method(stage), need)
        await bus.start()
        with pytest.raises(Unavailable) as unavailable:
            await bus.call(method(stage), Ask(), tenant="ten_1")
    if isinstance(outage, Unavailable):
        assert (unavailable.value.what, unavailable.value.retry_after) == ("the oracle", 9)


async def test_a_service_that_nobody_runs_is_unavailable_at_once(stage: Any) -> None:
    async with stage.open() as bus:
        with pytest.raises(Unavailable):
            await bus.call(method(stage, seconds=3600), Ask(), tenant="ten_1")


async def test_a_call_ends_at_its_deadline_and_so_does_its_handler(stage: Any) -> None:
    ended = asyncio.Event()

    async def hang(_call: Call[Ask]) -> Answer:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()
        raise AssertionError

    async with stage.open() as bus:
        bus.serve(method(stage), hang)
        await bus.start()
        with pytest.raises(Unavailable):
            await bus.call(method(stage), Ask(), tenant="ten_1", timeout=0.1)
        await asyncio.wait_for(ended.wait(), 20)


async def test_a_call_whose_budget_is_spent_is_dropped(stage: Any) -> None:
    handled: list[str] = []

    async def note(call: Call[Ask]) -> Answer:
        handled.append(call.request.text)
        return Answer(text="")

    async with stage.open() as bus:
        bus.serve(method(stage), note)
        await bus.start()
        headers = {names.TENANT: "t", names.COMMAND: "c", names.CORRELATION: "c", names.BUDGET_MS: "0"}
        await bus.connection.publish(method(stage).subject, b'{"text":"late"}', headers=headers)
        await bus.call(method(stage), Ask(text="in time"), tenant="ten_1")
    assert handled == ["in time"]
    assert sample(stage, "ask", "too_late") == 1


async def test_a_call_that_waited_in_the_servers_queue_past_its_deadline_is_dropped(
    stage: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dramatis_bus.server.WORKERS", 2)
    handled: list[str] = []
    gate = asyncio.Event()

    async def wait(call: Call[Ask]) -> Answer:
        handled.append(call.request.text)
        await gate.wait()
        return Answer(text="")

    async with stage.open() as bus:
        bus.serve(method(stage), wait)
        await bus.start()
        blocking = [asyncio.create_task(bus.call(method(stage), Ask(text="slow"), tenant="t")) for _ in range(2)]
        await until(lambda: handled == ["slow", "slow"])
        with pytest.raises(Unavailable):
            await bus.call(method(stage), Ask(text="late"), tenant="t", timeout=0.1)
        gate.set()
        await asyncio.gather(*blocking)
        await until(lambda: sample(stage, "ask", "too_late") == 1)
    assert handled == ["slow", "slow"]


async def test_the_deadline_of_a_call_bounds_the_calls_that_it_causes(stage: Any) -> None:
    inner, outer = method(stage, "inner", seconds=60), method(stage, "outer")
    remaining: list[float] = []
    correlations: set[str] = set()

    async with stage.open() as bus:

        async def deep(call: Call[Ask]) -> Answer:
            remaining.append(call.remaining())
            correlations.add(call.correlation_id)
            return Answer(text="deep")

        async def ask_on(call: Call[Ask]) -> Answer:
            correlations.add(call.correlation_id)
            answer: Answer = await bus.call(inner, Ask(), tenant=call.tenant)
            return answer

        bus.serve(inner, deep)
        bus.serve(outer, ask_on)
        await bus.start()
        assert (await bus.call(outer, Ask(), tenant="ten_1", timeout=2)).text == "deep"
    assert 0 < remaining[0] <= 2
    assert len(correlations) == 1


async def test_fifty_slow_calls_are_answered_together(stage: Any) -> None:
    together = asyncio.Barrier(50)

    async def meet(_call: Call[Ask]) -> Answer:
        await together.wait()
        return Answer(text="met")

    async with stage.open() as bus:
        bus.serve(method(stage, seconds=20), meet)
        await bus.start()
        calls = (bus.call(method(stage, seconds=20), Ask(), tenant="ten_1") for _ in range(50))
        assert {answer.text for answer in await asyncio.gather(*calls)} == {"met"}


async def test_a_stopping_service_answers_what_it_took_and_another_replica_takes_the_rest(
    stage: Any, until: Any
) -> None:
    taken: list[str] = []
    gate = asyncio.Event()

    def answering(replica: str) -> Any:
        async def answer(_call: Call[Ask]) -> Answer:
            taken.append(replica)
            await gate.wait()
            return Answer(text=replica)

        return answer

    async with stage.open() as second, stage.open("caller") as caller:
        async with stage.open() as first:
            first.serve(method(stage), answering("first"))
            await first.start()
            early = [asyncio.create_task(caller.call(method(stage), Ask(), tenant="t")) for _ in range(20)]
            await until(lambda: len(taken) == 20)
            second.serve(method(stage), answering("second"))
            await second.start()
            asyncio.get_running_loop().call_later(0.2, gate.set)
        late = [asyncio.create_task(caller.call(method(stage), Ask(), tenant="t")) for _ in range(20)]
        assert [answer.text for answer in await asyncio.gather(*early)] == ["first"] * 20
        assert [answer.text for answer in await asyncio.gather(*late)] == ["second"] * 20


async def test_calls_made_while_a_replica_stops_are_all_answered(stage: Any) -> None:
    async with stage.open("caller") as caller, stage.open() as staying:
        staying.serve(method(stage), echo)
        await staying.start()

        async def ask_many() -> int:
            return sum([(await caller.call(method(stage), Ask(text="x"), tenant="t")).text == "x" for _ in range(100)])

        asking = [asyncio.create_task(ask_many()) for _ in range(4)]
        for _ in range(5):
            async with stage.open() as leaving:
                leaving.serve(method(stage), echo)
                await leaving.start()
                await asyncio.sleep(0.02)
        assert await asyncio.gather(*asking) == [100] * 4


async def test_methods_that_are_not_built_say_so_and_the_others_answer(stage: Any) -> None:
    async with stage.open() as bus:
        bus.serve(method(stage), echo)
        bus.not_implemented(stage.service)
        bus.health(stage.service)
        await bus.start()
        for _ in range(20):
            assert (await bus.call(method(stage), Ask(text="x"), tenant="t")).text == "x"
            with pytest.raises(Rejected) as refusal:
                await bus.call(method(stage, "forecast"), Ask(), tenant="t")
            assert refusal.value.code == "NOT_IMPLEMENTED"
        assert (await bus.health_of(stage.service)).status == "ok"


async def test_health_names_the_check_that_fails(stage: Any) -> None:
    async def checks() -> dict[str, str]:
        return {"mongo": "no answer"}

    async with stage.open() as bus:
        bus.health(stage.service, checks)
        await bus.start()
        health = await bus.health_of(stage.service)
    assert health.status == "unhealthy"
    assert health.checks == {"nats": "ok", "mongo": "no answer"}


async def test_a_check_that_fails_or_hangs_makes_the_service_unhealthy_not_silent(stage: Any) -> None:
    async def failing() -> dict[str, str]:
        raise ServerSelectionTimeoutError("no mongod")

    async def hanging() -> dict[str, str]:
        await asyncio.sleep(3600)
        return {}

    async with stage.open() as bus:
        bus.health(stage.service, failing)
        bus.health(f"{stage.service}-2", hanging)
        await bus.start()
        assert "no mongod" in (await bus.health_of(stage.service)).checks["checks"]
        assert (await bus.health_of(f"{stage.service}-2")).checks["checks"] == "no answer in time"


async def test_a_request_larger_than_nats_carries_is_rejected_as_too_large(stage: Any) -> None:
    async with stage.open() as bus:
        bus.serve(method(stage), echo)
        await bus.start()
        limit = bus.connection.max_payload
        for size in (limit + 1, limit - 40):  # the second fits only without its headers
            with pytest.raises(Rejected) as refusal:
                await bus.call(method(stage), Ask(text="x" * size), tenant="t")
            assert refusal.value.code == "PAYLOAD_TOO_LARGE"
            assert refusal.value.issue == f"at most {limit} bytes"
        assert (await bus.call(method(stage), Ask(text="small"), tenant="t")).text == "small"


async def test_an_answer_larger_than_nats_carries_is_a_logged_fault(stage: Any) -> None:
    async with stage.open() as bus:
        limit = bus.connection.max_payload

        async def too_much(_call: Call[Ask]) -> Answer:
            return Answer(text="x" * limit)

        bus.serve(method(stage), too_much)
        await bus.start()
        with structlog.testing.capture_logs() as logs, pytest.raises(Fault):
            await bus.call(method(stage), Ask(), tenant="t")
    assert "answer too large" in {line["event"] for line in logs}


async def test_a_call_without_its_headers_is_rejected(stage: Any) -> None:
    async with stage.open() as bus:
        bus.serve(method(stage), echo)
        await bus.start()
        reply = await bus.connection.request(method(stage).subject, b"{}", timeout=20)
    assert reply.headers is not None
    assert reply.headers[names.STATUS] == names.REJECTED


async def test_fan_out_survives_a_callback_that_fails(stage: Any, until: Any) -> None:
    seen: list[bytes] = []

    async def note(message: Any) -> None:
        if message.data == b"bad":
            raise RuntimeError("bad")
        seen.append(message.data)

    async with stage.open() as bus:
        unsubscribe = await bus.subscribe(f"news.{stage.service}", note)
        for data in (b"1", b"bad", b"2"):
            await bus.connection.publish(f"news.{stage.service}", data)
        await until(lambda: seen == [b"1", b"2"])
        await unsubscribe()


async def test_metrics_name_methods_and_never_tenants(stage: Any) -> None:
    async with stage.open() as bus:
        bus.serve(method(stage), echo)
        await bus.start()
        await bus.call(method(stage), Ask(), tenant="ten_secret")
    assert sample(stage, "ask", "ok") == 1
    labels = [str(s.labels) for family in REGISTRY.collect() if "dramatis" in family.name for s in family.samples]
    assert not [text for text in labels if "ten_secret" in text or "rpc." in text]


async def echo(call: Call[Ask]) -> Answer:
    return Answer(text=call.request.text)


def sample(stage: Any, name: str, outcome: str) -> float:
    labels = {"service": stage.service, "method": name, "outcome": outcome}
    return REGISTRY.get_sample_value("dramatis_rpc_seconds_count", labels) or 0
